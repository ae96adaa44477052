"""What a chart shows, as a table: a row per point, the same for every kind of trace."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from coach.views.csv_text import as_csv

_ALONG = ("x", "y", "base", "measure", "text")
"""What a trace may say of each of its points; `z` is a grid and `error_*` stand in objects of their own."""


def chart_table(figure: go.Figure) -> pd.DataFrame:
    """One row per point: `series`, then `x`, `y` and what else a trace says; columns nobody fills are left out.

    Axes with a title give their columns that name.
    """
    rows = [row for trace in figure.data for row in _points(trace)]
    named = {axis: _title(figure, axis) or axis for axis in ("x", "y")}
    if named["x"] == named["y"]:
        named = {axis: f"{axis}: {title}" for axis, title in named.items()}
    table = pd.DataFrame(rows).rename(columns=named)
    return table.dropna(axis="columns", how="all") if len(table) else table


def chart_csv(figure: go.Figure) -> str:
    """`chart_table` as CSV; text that a spreadsheet would compute is marked as text."""
    return as_csv(chart_table(figure))


def _title(figure: go.Figure, axis: str) -> str:
    title = figure.layout[f"{axis}axis"].title.text
    return str(title).strip() if title else ""


def _points(trace: Any) -> Iterator[dict[str, Any]]:
    series = trace.name or ""
    if getattr(trace, "z", None) is not None:
        yield from _cells(trace, series)
        return
    along: dict[str, list[object]] = {name: values for name in _ALONG if (values := _many(getattr(trace, name, None)))}
    for axis in ("x", "y"):
        error = getattr(trace, f"error_{axis}", None)
        for side, name in (("plus", "array"), ("minus", "arrayminus")):
            if found := _many(getattr(error, name, None)):
                along[f"{axis} {side}"] = found
    along |= _details(trace)
    for at in range(max(map(len, along.values()), default=0)):
        yield {"series": series} | {name: values[at] for name, values in along.items() if at < len(values)}


def _cells(trace: Any, series: str) -> Iterator[dict[str, Any]]:
    """A grid of cells, row by row; cells without a value are left out."""
    for row, values in enumerate(trace.z):
        for column, value in enumerate(values):
            if value is not None and value == value:
                x = trace.x[column] if trace.x is not None else column
                y = trace.y[row] if trace.y is not None else row
                yield {"series": series, "x": x, "y": y, "value": value}


def _details(trace: object) -> dict[str, list[object]]:
    """What is told when one points at a point."""
    told = [_many(row) or [row] for row in _many(getattr(trace, "customdata", None))]
    width = max(map(len, told), default=0)
    return {f"detail {n + 1}": [row[n] if n < len(row) else None for row in told] for n in range(width)}


def _many(values: Any) -> list[Any]:
    """The values where there are several of them; a word or a number is none."""
    return list(values) if hasattr(values, "__len__") and not isinstance(values, str) else []
