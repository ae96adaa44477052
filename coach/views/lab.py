"""Figures and tables of the prompt lab; plotly and pandas, no Streamlit, the same on the page and in the notebooks."""

import difflib
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from coach.brain.prompts.bundle import PromptBundle
from coach.lab.live import ArmDifference
from coach.lab.planner import RunPlan
from coach.lab.report import ComparisonReport
from coach.views.palette import FOX, GOOD, INK_SOFT, LINE, LOW
from coach.views.progress import style

FEW = 5
ARMS = {
    "retry_gain": ("Gain of a first retry, points", 1.0),
    "completed": ("Completed, % of interviews", 100.0),
    "retried": ("Retried, % of interviews", 100.0),
    "saved": ("Saved, % of interviews", 100.0),
    "cost_usd": ("Cost of an interview, USD", 1.0),
    "first_scores_ms": ("Finish to scores, s", 0.001),
    "fallback": ("Feedback delayed, % of answers", 100.0),
}
"""What a live experiment looks at, in words, and what its numbers are multiplied by to stand in that unit."""


def forest_frame(report: ComparisonReport) -> pd.DataFrame:
    """One row per scorer; `effect`, `low`, `high` are in standard deviations of the item differences, better = right.

    Scorers without any spread have no such unit and are left out of the plot (they stay in the table).
    """
    rows = []
    for c in report.comparisons:
        if c.sd == 0:
            continue
        sign = 1.0 if report.better[c.scorer] else -1.0
        ends = sorted((sign * c.low / c.sd, sign * c.high / c.sd))
        rows.append((c.scorer, sign * c.estimate / c.sd, *ends, c.p_adjusted, c.scorer == report.primary))
    return pd.DataFrame(rows, columns=["scorer", "effect", "low", "high", "p_adjusted", "primary"])


def forest(report: ComparisonReport) -> go.Figure:
    """Every scorer's paired effect with its interval; right of zero means B is better."""
    frame = forest_frame(report).iloc[::-1]
    colours = [_colour(low, high) for low, high in zip(frame["low"], frame["high"], strict=True)]
    figure = go.Figure(
        go.Scatter(
            x=frame["effect"],
            y=[f"<b>{n}</b>" if p else n for n, p in zip(frame["scorer"], frame["primary"], strict=True)],
            mode="markers",
            marker={"size": 11, "color": colours, "symbol": "square"},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": frame["high"] - frame["effect"],
                "arrayminus": frame["effect"] - frame["low"],
                "color": INK_SOFT,
                "thickness": 2,
                "width": 0,
            },
            hovertemplate="%{y}: %{x:+.2f} SD<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": INK_SOFT, "width": 1, "dash": "dot"})
    figure.update_xaxes(title="←  worse · standard deviations · better  →")
    return style(figure, height=90 + 30 * max(1, len(frame)))


def slice_forest(report: ComparisonReport) -> go.Figure:
    """The primary scorer's difference in every slice with its interval, in its own unit; no bar where too few."""
    frame = report.slice_frame().iloc[::-1]
    sign = 1.0 if report.better.get(report.primary, True) else -1.0
    tints = {"better": GOOD, "worse": LOW}
    figure = go.Figure(
        go.Scatter(
            x=sign * frame["estimate"],
            y=frame["dimension"] + ": " + frame["slice"].astype(str),
            mode="markers",
            marker={"size": 10, "symbol": "square", "color": [tints.get(word, INK_SOFT) for word in frame["leaning"]]},
            error_x={
                "type": "data",
                "array": (frame["high"] - frame["low"]).astype(float) / 2,
                "color": INK_SOFT,
                "thickness": 2,
                "width": 0,
            },
            customdata=frame[["n_items", "n_clusters", "leaning"]],
            hovertemplate="%{y}: %{x:+.2f}, %{customdata[0]} answers of %{customdata[1]} people, "
            "%{customdata[2]}<extra></extra>",
        )
    )
    figure.add_vline(x=0, line={"color": INK_SOFT, "width": 1, "dash": "dot"})
    figure.update_xaxes(title=f"←  worse · {report.primary} · better  →")
    return style(figure, height=90 + 28 * max(1, len(frame)))


def arms_frame(found: Sequence[ArmDifference], control: str, treatment: str) -> pd.DataFrame:
    """One row per measure of a live split, in its unit, with what the interval of the difference says."""
    rows = []
    for each in found:
        title, by = ARMS[each.metric]
        numbers = [by * value for value in (each.control, each.treatment, each.estimate, each.low, each.high)]
        rows.append((title, *numbers, each.p_value, each.n, _leaning(each)))
    sides = [control, treatment] if control != treatment else ["control", "treatment"]
    names = ["measure", *sides, "difference", "low", "high", "p", "interviews", "what it says"]
    return pd.DataFrame(rows, columns=names)


def _leaning(found: ArmDifference) -> str:
    if found.low <= 0 <= found.high:
        return "no difference to be seen"
    return "better" if (found.estimate > 0) == found.higher_is_better else "worse"


def _colour(low: float, high: float) -> str:
    return GOOD if low > 0 else LOW if high < 0 else INK_SOFT


def plan_curve(plan: RunPlan) -> go.Figure:
    """How small a difference runs of other sizes would find, with this size and the smallest useful one marked."""
    sizes, found = zip(*plan.curve, strict=True)
    figure = go.Figure(
        go.Scatter(
            x=sizes,
            y=found,
            mode="lines+markers",
            line={"color": FOX, "width": 3},
            hovertemplate="%{x} answers find %{y:.2f} or more<extra></extra>",
        )
    )
    figure.add_hline(y=plan.effect, line={"color": GOOD, "width": 2, "dash": "dot"})
    figure.add_vline(x=plan.items, line={"color": INK_SOFT, "width": 1, "dash": "dot"})
    figure.update_xaxes(title="answers", type="log")
    figure.update_yaxes(title=f"found in 4 of 5 runs, {plan.unit}", rangemode="tozero")
    return style(figure, height=260)


def item_frame(report: ComparisonReport) -> pd.DataFrame:
    """One row per item on the primary scorer: `item, cluster, a, b, gain` (better is positive), biggest win first."""
    table = report.items.copy()
    sign = 1.0 if report.better.get(report.primary, True) else -1.0
    table["gain"] = sign * (table["b"] - table["a"])
    return table.sort_values(["gain", "item"], ascending=[False, True]).reset_index(drop=True)


def item_scatter(items: pd.DataFrame, report: ComparisonReport) -> go.Figure:
    """A against B item by item on the primary scorer, with the line of equality."""
    low, high = float(items[["a", "b"]].min().min()), float(items[["a", "b"]].max().max())
    figure = go.Figure(
        go.Scatter(x=[low, high], y=[low, high], mode="lines", line={"color": LINE, "width": 2}, hoverinfo="skip")
    )
    figure.add_trace(
        go.Scatter(
            x=items["a"],
            y=items["b"],
            mode="markers",
            marker={"size": 9, "color": [_colour(g, g) for g in items["gain"]], "opacity": 0.75},
            text=items["item"],
            hovertemplate="%{text}<br>%{x:.2f} → %{y:.2f}<extra></extra>",
        )
    )
    figure.update_layout(showlegend=False)
    figure.update_xaxes(title=f"{report.primary}, {report.a}", constrain="domain")
    figure.update_yaxes(title=report.b, scaleanchor="x", constrain="domain")
    return style(figure, height=420)


def extremes(items: pd.DataFrame, count: int = FEW) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Biggest wins and biggest losses; items without difference are neither."""
    wins, losses = items[items["gain"] > 0].head(count), items[items["gain"] < 0].tail(count).iloc[::-1]
    return wins, losses


def bundle_diff(a: PromptBundle, b: PromptBundle) -> str:
    """Unified diff of all files of two bundles; empty when they are the same."""
    lines: list[str] = []
    for name in sorted({*a.files, *b.files}):
        old, new = a.files.get(name, "").splitlines(), b.files.get(name, "").splitlines()
        lines += difflib.unified_diff(old, new, f"{a.name}/{name}", f"{b.name}/{name}", lineterm="", n=2)
    return "\n".join(lines)
