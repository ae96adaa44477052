"""Figures on how somebody gets better; plotly, no Streamlit, the same on the page and in the notebook."""

import pandas as pd
import plotly.graph_objects as go

from coach.contracts.delivery import PACE_BAND_WPM
from coach.views.attempts import competency_frame, improvement_frame
from coach.views.palette import BAND_COLOURS, BLUE, FOX, GOOD, HIGH_FROM, INK, LINE, LOW_BELOW, SERIES, band

RETRIES_SHOWN = 12
_FONT = "Figtree, Source Sans, system-ui, sans-serif"


def style(figure: go.Figure, *, height: int = 320) -> go.Figure:
    """The house style: no background, one font, no toolbar space; ink and grid are the theme's, light or dark."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 12, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        colorway=SERIES,
        font={"family": _FONT, "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left", "title": None},
        hoverlabel={"font": {"family": _FONT, "size": 13}},
    )
    figure.update_xaxes(zeroline=False, automargin=True)
    figure.update_yaxes(zeroline=False, automargin=True)
    return figure


def score_over_time(attempts: pd.DataFrame) -> go.Figure:
    """Every attempt as a dot in its band's colour, best attempts ringed, and the line of session scores.

    Args:
        attempts: of `coach.views.attempts.attempts_frame`.
    """
    scored = attempts[attempts["overall_score"].notna()].sort_values("created_at")
    figure = go.Figure()
    figure.add_hrect(y0=HIGH_FROM, y1=10, fillcolor=BAND_COLOURS["high"], opacity=0.07, line_width=0)
    figure.add_hrect(y0=0, y1=LOW_BELOW, fillcolor=BAND_COLOURS["low"], opacity=0.05, line_width=0)
    line = _session_line(scored)
    figure.add_trace(
        go.Scatter(
            x=line["at"],
            y=line["score"],
            mode="lines",
            name="Session",
            line={"color": FOX, "width": 3, "shape": "spline", "smoothing": 0.6},
            hovertemplate="Session %{y:.1f}<extra></extra>",
        )
    )
    for best, name, size in ((False, "Attempt", 9), (True, "Best attempt", 14)):
        figure.add_trace(_dots(scored[scored["best"] == best], name, size, ringed=best))
    figure.update_yaxes(range=[0, 10.3], dtick=2, title=None)
    return style(figure, height=340)


def _session_line(scored: pd.DataFrame) -> pd.DataFrame:
    best = scored[scored["best"] & scored["follow_up_of"].isna()]
    grouped = best.groupby("interview_id").agg(at=("created_at", "mean"), score=("overall_score", "mean"))
    return grouped.sort_values("at")


def _dots(rows: pd.DataFrame, name: str, size: int, *, ringed: bool) -> go.Scatter:
    return go.Scatter(
        x=rows["created_at"],
        y=rows["overall_score"],
        mode="markers",
        name=name,
        customdata=rows[["question", "attempt_number"]],
        hovertemplate="<b>%{y:.1f}</b> · attempt %{customdata[1]}<br>%{customdata[0]}<extra></extra>",
        marker={
            "size": size,
            "color": [BAND_COLOURS[value] for value in rows["band"]],
            "opacity": 1 if ringed else 0.7,
            "line": {"width": 2 if ringed else 0, "color": INK},
        },
    )


def delivery_over_time(attempts: pd.DataFrame) -> go.Figure:
    """Words per minute of every attempt against the band of full score."""
    spoken = attempts[attempts["wpm"].notna()].sort_values("created_at")
    figure = go.Figure()
    low, high = PACE_BAND_WPM
    figure.add_hrect(y0=low, y1=high, fillcolor=GOOD, opacity=0.14, line_width=0)
    figure.add_trace(
        go.Scatter(
            x=spoken["created_at"],
            y=spoken["wpm"],
            mode="markers+lines",
            name="Words per minute",
            line={"color": BLUE, "width": 2},
            marker={"size": 8, "color": BLUE},
            customdata=spoken[["question"]],
            hovertemplate="<b>%{y:.0f} words per minute</b><br>%{customdata[0]}<extra></extra>",
        )
    )
    top = max([high + 30, *(spoken["wpm"] + 15)])
    figure.update_yaxes(range=[min([low - 40, *(spoken["wpm"] - 15)]), top])
    return style(figure, height=260)


def fillers_over_time(attempts: pd.DataFrame) -> go.Figure:
    """Fillers per minute of every attempt whose transcriber keeps them; others are left out, not shown as none."""
    heard = attempts[attempts["fillers_per_minute"].notna()].sort_values("created_at")
    figure = go.Figure(
        go.Bar(
            x=heard["created_at"].dt.strftime("%d %b %H:%M"),
            y=heard["fillers_per_minute"].astype(float).round(1),
            marker={"color": FOX, "opacity": 0.85, "cornerradius": 4},
            customdata=heard[["question", "filler_count"]],
            hovertemplate="<b>%{y:.1f} per minute</b> (%{customdata[1]} in all)<br>%{customdata[0]}<extra></extra>",
        )
    )
    figure.update_xaxes(type="category", showticklabels=False)
    figure.update_yaxes(rangemode="tozero")
    return style(figure, height=260)


def retries(attempts: pd.DataFrame) -> go.Figure:
    """First and best score of the newest questions that were tried more than once, at most `RETRIES_SHOWN`."""
    table = improvement_frame(attempts).sort_values("interview_created_at").tail(RETRIES_SHOWN)
    figure = go.Figure()
    for row in table.itertuples():
        figure.add_annotation(
            x=0, y=row.exchange_id, text=row.question, showarrow=False, xanchor="left", yanchor="bottom", yshift=9
        )
    figure.add_trace(
        go.Scatter(
            x=[x for row in table.itertuples() for x in (row.first, row.best, None)],
            y=[y for row in table.itertuples() for y in (row.exchange_id, row.exchange_id, None)],
            mode="lines",
            line={"color": LINE, "width": 6},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    for name, column, symbol in (("First attempt", "first", "circle-open"), ("Best attempt", "best", "circle")):
        colours = [BAND_COLOURS[band(score)] for score in table[column]]
        figure.add_trace(
            go.Scatter(
                x=table[column],
                y=table["exchange_id"],
                mode="markers",
                name=name,
                marker={"size": 13, "symbol": symbol, "color": colours, "line": {"width": 2, "color": colours}},
                hovertemplate=f"{name} %{{x:.1f}}<extra></extra>",
            )
        )
    figure.update_xaxes(range=[0, 10.2], dtick=2)
    figure.update_yaxes(showticklabels=False, range=[-0.5, len(table) - 0.2])
    return style(figure, height=max(170, 70 + 54 * len(table)))


def competencies(attempts: pd.DataFrame) -> go.Figure:
    """Mean of the best attempts by competency."""
    table = competency_frame(attempts)
    figure = go.Figure(
        go.Bar(
            x=table["score"],
            y=table["competency"].str.capitalize(),
            orientation="h",
            text=[f"{score:.1f}" for score in table["score"]],
            textposition="outside",
            marker={"color": [BAND_COLOURS[band(score)] for score in table["score"]], "cornerradius": 6},
            hovertemplate="%{y}: %{x:.1f}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[0, 10.8], dtick=2)
    return style(figure, height=max(150, 60 + 38 * len(table)))
