"""What a chart shows comes out as a table, whatever kind of trace drew it."""

import io

import pandas as pd
import plotly.graph_objects as go

from coach.views.chart_table import chart_csv, chart_table


def test_lines_and_dots_give_a_row_per_point_with_axis_titles_as_columns() -> None:
    figure = go.Figure([go.Scatter(x=[1, 2], y=[3.0, 4.0], name="Session"), go.Scatter(x=[5], y=[6.0], name="Attempt")])
    figure.update_xaxes(title="Months of age").update_yaxes(title="points")
    table = chart_table(figure)
    assert list(table.columns) == ["series", "Months of age", "points"]
    assert table.values.tolist() == [["Session", 1, 3.0], ["Session", 2, 4.0], ["Attempt", 5, 6.0]]


def test_intervals_and_details_come_along() -> None:
    dots = go.Scatter(
        x=[0.5], y=["overall"], error_x={"array": [0.2], "arrayminus": [0.1]}, customdata=[["why", 3]], name="b"
    )
    row = chart_table(go.Figure(dots)).to_dict("records")[0]
    assert row == {
        "series": "b", "x": 0.5, "y": "overall", "x plus": 0.2, "x minus": 0.1, "detail 1": "why", "detail 2": 3
    }  # fmt: skip


def test_a_grid_gives_a_row_per_cell_and_leaves_empty_ones_out() -> None:
    grid = go.Heatmap(x=["a", "b"], y=[1, 2], z=[[0.1, None], [0.3, 0.4]])
    assert chart_table(go.Figure(grid))[["x", "y", "value"]].values.tolist() == [
        ["a", 1, 0.1], ["a", 2, 0.3], ["b", 2, 0.4]
    ]  # fmt: skip


def test_an_empty_figure_is_an_empty_table() -> None:
    assert chart_table(go.Figure()).empty
    assert chart_csv(go.Figure(go.Scatter(x=[], y=[]))).strip() in ("", '""')


def test_what_a_spreadsheet_would_compute_is_marked_as_text() -> None:
    figure = go.Figure(go.Scatter(x=[-1.5], y=[2], text=['=HYPERLINK("http://127.0.0.1")']))
    back = pd.read_csv(io.StringIO(chart_csv(figure)))
    assert back["text"][0].startswith("'=") and back["x"][0] == -1.5
