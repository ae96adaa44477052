"""How far practice goes and what a retry brings, by group, and two groups side by side. No Streamlit."""

import math
from collections.abc import Collection

import pandas as pd
import plotly.graph_objects as go

from coach.interview.rollup import UNMEASURED_NOISE_SD
from coach.lab.statistics.cohorts import FEWEST_PEOPLE, FEWEST_UNITS, GroupDifference, compare_groups, mean_interval
from coach.store import SqlStore
from coach.store.repositories import cohorts
from coach.store.repositories.cohorts import DIMENSIONS, Dimension
from coach.views.palette import FOX
from coach.views.progress import style

__all__ = [
    "DIMENSIONS",
    "Dimension",
    "cohort_frame",
    "compare",
    "differences_table",
    "funnel",
    "gain_in_words",
    "groups_table",
    "steps",
]

STEPS = {"started": "Started", "completed": "Completed", "retried": "Retried", "saved": "Saved"}
NAMES = {"completed": "Completed", "retried": "and retried", "saved": "and saved", "gain": "Gain of a retry"}
NOTHING = {"job": "General practice", "competency": "No competency", "bundle": "No bundle"}
FEW_SESSIONS = 10
"""Below it the axis of the funnel has a mark for every session; a half one there is none."""
_COUNTS = ("started", "completed", "retried", "saved", "gains")
_SUMS = ("gain_sum", "gain_squares", "noise_sum")


def cohort_frame(
    store: SqlStore, dimension: Dimension, *, of_samples: bool = False, hidden: Collection[str] = ()
) -> pd.DataFrame:
    """One row per group and person, see `coach.store.repositories.cohorts`; `hidden` sessions are left out."""
    noise = UNMEASURED_NOISE_SD
    rows = store.run(cohorts.group_rows, dimension, unmeasured_sd=noise, of_samples=of_samples, hidden=list(hidden))
    frame = pd.DataFrame(rows, columns=list(cohorts.COLUMNS))
    frame = frame.astype(dict.fromkeys(_COUNTS, "int64") | dict.fromkeys(_SUMS, "float64"))
    frame["key"] = frame["key"].fillna("").astype(str)
    frame["label"] = frame["label"].fillna("").astype(str).where(frame["key"] != "", NOTHING.get(dimension, "–"))
    return frame


def steps(frame: pd.DataFrame) -> dict[str, int]:
    """Sessions that came so far, all groups together; by person, job, bundle or week each session counts once."""
    return {name: int(frame[name].sum()) for name in STEPS}


def groups_table(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per group, those with most sessions first.

    Columns: `key, group, people, started, completed, retried, saved` (sessions), `completed_share, …` (of those
    started), `gains` (questions with two scores), `gain` (points), `gain_low, gain_high` (95 %, missing with few
    people) and `noise`, within which the mean gain would lie in 19 of 20 cases if no retry changed anything.
    """
    rows = [_group_row(str(key), part) for key, part in frame.groupby("key", sort=True)]
    shares = [f"{name}_share" for name in ("completed", "retried", "saved")]
    columns = ["key", "group", "people", *STEPS, *shares, "gains", "gain", "gain_low", "gain_high", "noise"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["started", "group", "key"], ascending=[False, True, True]).reset_index(drop=True)


def _group_row(key: str, part: pd.DataFrame) -> dict[str, object]:
    sums = {name: part[name].to_numpy(float).sum() for name in (*_COUNTS, *_SUMS)}
    started, gains = float(sums["started"]), float(sums["gains"])
    low, high = mean_interval(part) or (None, None)
    return {
        "key": key,
        "group": str(part["label"].iloc[0]),
        "people": int(part["user_id"].nunique()),
        **{name: int(sums[name]) for name in (*STEPS, "gains")},
        **{f"{name}_share": float(sums[name]) / started for name in ("completed", "retried", "saved")},
        "gain": float(sums["gain_sum"]) / gains if gains else None,
        "gain_low": low,
        "gain_high": high,
        "noise": 1.96 * math.sqrt(float(sums["noise_sum"])) / gains if gains else None,
    }


def gain_in_words(frame: pd.DataFrame) -> str:
    """One sentence on what a retry brings to everybody in `frame`, with what is uncertain about it."""
    row = _group_row("", frame)
    if row["gain"] is None:
        return "Nobody has answered a question twice yet."
    sure = f" (95 % interval {row['gain_low']:+.2f} to {row['gain_high']:+.2f})" if row["gain_low"] is not None else ""
    return (
        f"A retry brings {row['gain']:+.2f} points{sure}: the second answer to a question against the first, "
        f"{row['gains']} questions. If no retry changed anything, scoring noise alone would leave this mean within "
        f"±{row['noise']:.2f}."
    )


def compare(frame: pd.DataFrame, a: str, b: str) -> list[GroupDifference]:
    """Group `a` minus group `b`, by key."""
    return compare_groups(frame[frame["key"] == a], frame[frame["key"] == b])


def differences_table(found: list[GroupDifference]) -> pd.DataFrame:
    """One row per measure: `measure, a, b, difference, low, high, people, what it says`; shares in percent."""
    rows = []
    for each in found:
        by = 1.0 if each.measure == "gain" else 100.0
        numbers = [None if v is None else v * by for v in (each.a, each.b, each.estimate, each.low, each.high)]
        unit = "points" if each.measure == "gain" else "% of sessions"
        rows.append((f"{NAMES[each.measure]}, {unit}", *numbers, f"{each.people_a} and {each.people_b}", verdict(each)))
    columns = ["measure", "a", "b", "difference", "low", "high", "people", "what it says"]
    return pd.DataFrame(rows, columns=columns)


def verdict(found: GroupDifference) -> str:
    """What a difference says, in words; nothing from few."""
    if found.estimate is None:
        return "nothing to compare"
    if found.low is None:
        few = f"{FEWEST_PEOPLE} people in each"
        if found.people_a == found.people_b == 1:
            few = f"{FEWEST_UNITS} {'questions' if found.measure == 'gain' else 'sessions'} of each"
        return f"too few to tell; from {few} on"
    if not found.told:
        return "no difference to be seen"
    return "more in the first" if found.estimate > 0 else "less in the first"


def funnel(counts: dict[str, int]) -> go.Figure:
    """Sessions by how far they came."""
    most = max(counts["started"], 1)
    names, values = [STEPS[name] for name in counts], list(counts.values())
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker={"color": FOX},
            text=[f"{value} · {value / most:.0%}" for value in values],
            textposition="auto",
            hovertemplate="%{y}: %{x} sessions<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="sessions", rangemode="tozero", dtick=1 if most < FEW_SESSIONS else None)
    return style(figure, height=240)
