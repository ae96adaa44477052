"""Figures of who comes back, and for how long."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from coach.views.palette import FOX, GOOD
from coach.views.progress import style


def retention_grid(cells: pd.DataFrame) -> go.Figure:
    """Share of each cohort that was active at each age in months; `cells` of `economics.retention`."""
    shares = cells.pivot(index="cohort", columns="age", values="share")
    counts = cells.pivot(index="cohort", columns="age", values="active")
    figure = go.Figure(
        go.Heatmap(
            z=shares.to_numpy(),
            x=[f"{age}" for age in shares.columns],
            y=list(shares.index),
            customdata=counts.to_numpy(),
            text=[["" if np.isnan(cell) else f"{cell:.0%}" for cell in row] for row in shares.to_numpy()],
            texttemplate="%{text}",
            colorscale=[[0.0, "#f7efe2"], [1.0, GOOD]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            hovertemplate="%{y}, month %{x}: %{customdata} active<extra></extra>",
        )
    )
    figure.update_xaxes(title="Months of age", type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    return style(figure, height=300)


def lifetime_curve(points: pd.DataFrame) -> go.Figure:
    """Mean margin a customer has brought by each age, with its interval."""
    figure = go.Figure()
    for name, fill in (("high_usd", None), ("low_usd", "tonexty")):
        figure.add_trace(
            go.Scatter(
                x=points["age"],
                y=points[name],
                line={"width": 0},
                fill=fill,
                fillcolor="rgba(224,122,63,0.18)",
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=points["age"],
            y=points["margin_usd"],
            mode="lines+markers",
            line={"color": FOX, "width": 3},
            customdata=points["customers"],
            hovertemplate="Month %{x}: $%{y:.2f} of %{customdata} customers<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_xaxes(title="Months of age", dtick=1)
    figure.update_yaxes(tickformat="$.0f")
    return style(figure, height=300)
