"""How well scores agree with people, and how they drift."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import scipy

from coach.lab.statistics.agreement import Agreement, agreement
from coach.views.palette import FOX, INK_SOFT, LINE
from coach.views.progress import style
from coach.views.review import ENOUGH

ALPHA = 0.05
LEAST = 5
"""Answers of a week from which it may raise the alarm: fewer say next to nothing of their spread."""


def calibration_frame(stored: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Stored answers that people scored: `attempt, question_type, human, machine, bundle, created_at`, overall 0-10."""
    rows = [
        (r["id"], r["question_type"], r["review"]["overall"], r["overall_score"], r["prompt_version"], r["created_at"])  # type: ignore[index]
        for r in stored
        if r["review"] and r["overall_score"] is not None
    ]
    frame = pd.DataFrame(rows, columns=["attempt", "question_type", "human", "machine", "bundle", "created_at"])
    return frame.dropna(subset=["human", "machine"]).reset_index(drop=True)


def agreement_frame(calibration: pd.DataFrame) -> pd.DataFrame:
    """Agreement in all and by question type: `group, n, mae, bias, spearman, qwk`; the last two from `ENOUGH` on."""
    groups = [("all", calibration), *calibration.groupby("question_type")] if len(calibration) else []
    rows = [(str(name), _agree(part)) for name, part in groups]
    few = {"spearman": None, "qwk": None}
    return pd.DataFrame([{"group": n, **found.as_dict(), **(few if found.n < ENOUGH else {})} for n, found in rows])


def _agree(part: pd.DataFrame) -> Agreement:
    return agreement(part["human"].to_numpy(float), part["machine"].to_numpy(float))


def calibration_scatter(calibration: pd.DataFrame) -> go.Figure:
    """Human against machine overall, by question type, with the line of perfect agreement."""
    figure = go.Figure(
        go.Scatter(x=[0, 10], y=[0, 10], mode="lines", line={"color": LINE, "width": 2}, hoverinfo="skip", name="equal")
    )
    for kind, part in calibration.groupby("question_type"):
        figure.add_trace(
            go.Scatter(
                x=part["human"],
                y=part["machine"],
                mode="markers",
                name=str(kind),
                marker={"size": 9, "opacity": 0.75},
                hovertemplate="human %{x:.1f}, machine %{y:.1f}<extra></extra>",
            )
        )
    figure.update_xaxes(title="human", range=[0, 10.3], constrain="domain")
    figure.update_yaxes(title="machine", range=[0, 10.3], scaleanchor="x", constrain="domain")
    return style(figure, height=420)


def drift(calibration: pd.DataFrame) -> go.Figure:
    """Machine minus human by week, with the 95 % interval of the mean; a drift away from zero is the alarm."""
    weekly = drift_frame(calibration)
    figure = go.Figure(
        go.Scatter(
            x=weekly["week"],
            y=weekly["bias"],
            mode="lines+markers",
            line={"color": FOX, "width": 3},
            error_y={"type": "data", "array": weekly["half"], "color": INK_SOFT, "width": 0},
            hovertemplate="%{x|%d %b}: %{y:+.2f}<extra></extra>",
        )
    )
    figure.add_hline(y=0, line={"color": INK_SOFT, "width": 1, "dash": "dot"})
    figure.update_yaxes(title="machine minus human, points")
    return style(figure, height=300)


def drift_frame(calibration: pd.DataFrame) -> pd.DataFrame:
    """`week, bias, half, n, alarm`: mean difference by week with half of its 95 % t interval.

    The alarm asks for more than the interval: all weeks of `LEAST` answers and more are one family (Bonferroni), so
    that of twenty years without any drift one raises a false alarm.
    """
    frame = calibration.assign(
        difference=calibration["machine"] - calibration["human"],
        week=pd.to_datetime(calibration["created_at"], utc=True).dt.tz_localize(None).dt.to_period("W").dt.start_time,
    )
    weekly = frame.groupby("week")["difference"].agg(["mean", "std", "count"]).reset_index()
    weekly = weekly.rename(columns={"mean": "bias", "count": "n"})
    enough = weekly["n"] >= LEAST
    weekly["half"] = _half(weekly, ALPHA)
    weekly["alarm"] = enough & (weekly["bias"].abs() > _half(weekly, ALPHA / max(1, int(enough.sum()))))
    return weekly[["week", "bias", "half", "n", "alarm"]]


def _half(weekly: pd.DataFrame, alpha: float) -> pd.Series:
    """Half of the two-sided t interval of every week's mean; missing where one answer says nothing of its spread."""
    degrees = (weekly["n"] - 1).where(weekly["n"] > 1)
    return scipy.stats.t.ppf(1 - alpha / 2, degrees) * weekly["std"] / np.sqrt(weekly["n"])
