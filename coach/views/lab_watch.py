"""Figures of bundles in use by day; plotly and pandas, no Streamlit."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import plotly.graph_objects as go

from coach.lab.watch.desk import RaisedAlarm
from coach.lab.watch.figures import DayFigure
from coach.views.palette import SERIES
from coach.views.progress import style

TITLES = {
    "overall": "Overall score",
    "guards": "Answers a guard changed",
    "delayed": "Feedback delayed",
    "first_scores_s": "Finish to scores, s",
    "cost_usd": "Cost of an answer, USD",
}
SHARES = ("guards", "delayed")
COLUMNS = ["day", "bundle", "metric", "value", "low", "high", "answers", "people"]


def watch_frame(found: Sequence[DayFigure]) -> pd.DataFrame:
    """One row per day, bundle and metric, newest day first; `low` and `high` are the 95 % interval of `value`."""
    frame = pd.DataFrame([asdict(figure) for figure in found], columns=COLUMNS)
    return frame.sort_values(["day", "bundle", "metric"], ascending=[False, True, True]).reset_index(drop=True)


def alarm_frame(raised: Sequence[RaisedAlarm]) -> pd.DataFrame:
    """Alarms on record, newest first: when, what, and whether somebody was told."""
    rows = [
        (each.raised_at, each.alarm.sentence, each.told_at, each.error if each.told_at is None else "")
        for each in raised
    ]
    return pd.DataFrame(rows, columns=["raised", "what", "told", "why not"])


def watch_chart(frame: pd.DataFrame, metric: str, alarms: Sequence[RaisedAlarm] = ()) -> go.Figure:
    """One metric by day, a line per bundle with its 95 % interval; a cross marks a day that was raised."""
    figure = go.Figure()
    part = frame[frame["metric"] == metric].sort_values("day")
    for number, (bundle, rows) in enumerate(part.groupby("bundle")):
        colour = SERIES[number % len(SERIES)]
        figure.add_scatter(
            x=rows["day"],
            y=rows["value"],
            name=str(bundle).split("#", 1)[0],
            mode="lines+markers",
            line={"color": colour, "width": 2},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": rows["high"] - rows["value"],
                "arrayminus": rows["value"] - rows["low"],
                "width": 0,
                "thickness": 1,
                "color": colour,
            },
            customdata=rows[["answers", "people"]],
            hovertemplate="%{x|%-d %b}: %{y:.4g}, %{customdata[0]} answers of %{customdata[1]} people<extra></extra>",
        )
    raised = [each.alarm for each in alarms if each.alarm.metric == metric]
    if raised:
        figure.add_scatter(
            x=[alarm.day for alarm in raised],
            y=[alarm.value for alarm in raised],
            mode="markers",
            name="raised",
            marker={"symbol": "x", "size": 12, "color": "#d8574b"},
            hoverinfo="skip",
        )
    days = part["day"].nunique()
    figure.update_xaxes(type="date", tickformat="%-d %b", dtick=86_400_000 if days < 8 else None)
    figure.update_yaxes(tickformat=".0%" if metric in SHARES else None, rangemode="normal")
    return style(figure, height=260)
