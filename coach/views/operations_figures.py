"""Figures of the Operations page: where an answer's time goes, and how that changes."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from coach.interview import latency as waterfall
from coach.views.operations import QUANTILES, machine_and_person, plain

COLOURS = {"vendor": "#378a90", "ours": "#cc6330", "person": "#8a8272", "beside": "#7d6fa8"}
"""As in `palette`: each stands out on the light and on the dark page."""


def waterfall_figure(timeline: dict[str, float]) -> go.Figure:
    """The waterfall of one answer; what ran beside the main line is drawn in its own colour."""
    return _bars([(s.name, s.start_ms, s.ms, s.kind) for s in machine_and_person(timeline) if s.kind != "person"])


def review_ms(timeline: Mapping[str, float]) -> float:
    """How long the person looked over the transcript of one answer; 0 where nobody did."""
    return sum(stage.ms for stage in waterfall.review(timeline))


def median_waterfall(percentiles: pd.DataFrame) -> go.Figure:
    """The median answer, stage after stage."""
    bars, at = [], 0.0
    for row in percentiles[percentiles["kind"] != "person"].to_dict("records"):
        beside, ms = row["kind"] == "beside", float(row["p50"])
        bars.append((str(row["stage"]), 0.0 if beside else at, ms, str(row["kind"])))
        at += 0.0 if beside else ms
    return _bars(bars)


def _bars(bars: Sequence[tuple[str, float, float, str]]) -> go.Figure:
    figure = go.Figure()
    for kind, label in (("vendor", "vendor"), ("ours", "ours"), ("person", "person"), ("beside", "avatar, beside")):
        part = [bar for bar in bars if bar[3] == kind]
        if part:
            figure.add_bar(
                y=[name for name, *_ in part],
                x=[ms for _, _, ms, _ in part],
                base=[start for _, start, *_ in part],
                orientation="h",
                name=label,
                marker_color=COLOURS[kind],
                hovertemplate="%{y}: %{x:.1f} ms<extra></extra>",
            )
    order = list(dict.fromkeys(name for name, *_ in bars))
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1], title=None)
    figure.update_xaxes(title="milliseconds since Finish", rangemode="tozero")
    return plain(figure, height=max(220, 60 + 34 * len(order)))


def over_time(answers: pd.DataFrame) -> go.Figure:
    """Finish to scores by day: median and 95th percentile, the time a person looked over a transcript left out."""
    figure, days = go.Figure(), 0
    timed = answers.dropna(subset=["scores_ms"])
    if not timed.empty:
        daily = timed.groupby(pd.to_datetime(timed["created_at"], utc=True).dt.floor("D"))["scores_ms"]
        days = daily.ngroups
        for name, colour in (("p95", COLOURS["ours"]), ("p50", COLOURS["vendor"])):
            line = daily.quantile(QUANTILES[name])
            figure.add_scatter(x=line.index, y=line.values, name=name, mode="lines+markers", line_color=colour)
    figure.update_yaxes(title="ms", rangemode="tozero")
    figure.update_xaxes(type="date", tickformat="%d %b", dtick=86_400_000 if days < 8 else None)
    return plain(figure, height=280)
