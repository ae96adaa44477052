"""What people gave their answers before they saw any score, beside the machine's and coaches' scores. No Streamlit."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import scipy

from coach.lab.statistics.agreement import agreement
from coach.views.palette import FOX, GOOD, LINE
from coach.views.progress import style
from coach.views.review import ENOUGH

JUDGES = {"own": "the person", "machine": "the machine", "coach": "a coach"}


def own_view_frame(stored: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Answers whose people rated themselves first: `attempt, question_type, own, machine, coach`, overall 0-10.

    Args:
        stored: of `coach.store.repositories.lab.stored_answers`; `coach` is missing where nobody judged the answer.
    """
    rows = [
        (r["id"], r["question_type"], rated["overall"], r["overall_score"], (r["review"] or {}).get("overall"))
        for r in stored
        if (rated := (r["extra"] or {}).get("self_rating"))
    ]
    frame = pd.DataFrame(rows, columns=["attempt", "question_type", *JUDGES])
    return frame.astype(dict.fromkeys(JUDGES, "float64"))


def judges_table(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of judges on the answers both judged: `first, second, answers, difference, first higher by, …`.

    `kappa` (quadratic weighted, half points) is missing below `ENOUGH` answers.
    """
    rows = []
    for first, second in combinations(JUDGES, 2):
        both = frame[[first, second]].dropna()
        if len(both):
            found = agreement(both[second].to_numpy(float), both[first].to_numpy(float))
            kappa = found.qwk if found.n >= ENOUGH and found.qwk is not None else np.nan
            rows.append((JUDGES[first], JUDGES[second], found.n, found.mae, found.bias, kappa))
    return pd.DataFrame(rows, columns=["first", "second", "answers", "difference", "first higher by", "kappa"])


def own_view_in_words(frame: pd.DataFrame) -> str:
    """One sentence on how people see themselves."""
    both = frame[["own", "machine"]].dropna()
    if len(both) < ENOUGH:
        rated = "1 answer was" if len(both) == 1 else f"{len(both)} answers were"
        return f"{rated} rated by their people first; how they see themselves is told from {ENOUGH} on."
    gap = (both["own"] - both["machine"]).to_numpy(float)
    half = float(scipy.stats.t.ppf(0.975, len(gap) - 1)) * float(gap.std(ddof=1)) / len(gap) ** 0.5
    mean = float(gap.mean())
    if abs(mean) <= half:
        return f"People rate themselves as the machine does, within {half:.1f} points, on {len(both)} answers."
    way = "higher" if mean > 0 else "lower"
    return (
        f"People rate themselves {abs(mean):.1f} points {way} than the machine (±{half:.1f}), on {len(both)} answers."
    )


def own_view_scatter(frame: pd.DataFrame) -> go.Figure:
    """Own overall against the machine's and a coach's, with the line of perfect agreement."""
    figure = go.Figure(
        go.Scatter(x=[0, 10], y=[0, 10], mode="lines", line={"color": LINE, "width": 2}, hoverinfo="skip", name="equal")
    )
    for judge, colour in (("machine", FOX), ("coach", GOOD)):
        both = frame[["own", judge]].dropna()
        figure.add_trace(
            go.Scatter(
                x=both["own"],
                y=both[judge],
                mode="markers",
                name=JUDGES[judge],
                marker={"size": 9, "opacity": 0.75, "color": colour},
                hovertemplate="own %{x:.1f}, " + judge + " %{y:.1f}<extra></extra>",
            )
        )
    figure.update_xaxes(title="own view", range=[0, 10.3], constrain="domain")
    figure.update_yaxes(title="judged", range=[0, 10.3], scaleanchor="x", constrain="domain")
    return style(figure, height=420)
