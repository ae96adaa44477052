"""Figures of the Margins page; plotly, no Streamlit, the same in the notebook."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from coach.economics.model.simulation import Months
from coach.views.palette import FOX, GOOD, INK, INK_SOFT, LINE, LOW, MIDDLE
from coach.views.progress import style

PART_COLOURS = {"speech": "#3d7c83", "model": "#7a5ea8", "voice": MIDDLE, "avatar": FOX}
PART_NAMES = {"speech": "Speech", "model": "Model", "voice": "Voice", "avatar": "Avatar"}
NANO = 1e-9
BARS = 12
LOSSES = [[0.0, LOW], [0.5, "#f7efe2"], [1.0, GOOD]]


def waterfall(parts: pd.DataFrame, case: str = "expected") -> go.Figure:
    """Cost of a session, part by part, to its total. `parts` of `report.part_records`."""
    rows = parts[parts["case"] == case]
    names = [PART_NAMES.get(part, "Total") for part in rows["part"]]
    total = rows["part"] == "total"
    figure = go.Figure(
        go.Waterfall(
            x=names,
            y=rows["cost_usd"],
            measure=["total" if last else "relative" for last in total],
            text=[f"${cost:.3f}" for cost in rows["cost_usd"]],
            textposition="outside",
            cliponaxis=False,
            connector={"line": {"color": LINE, "width": 1}},
            increasing={"marker": {"color": FOX}},
            totals={"marker": {"color": INK}},
            customdata=rows["share"],
            hovertemplate="%{x}: $%{y:.4f} · %{customdata:.0%}<extra></extra>",
        )
    )
    figure.update_yaxes(tickformat="$.2f", range=[0, float(rows["cost_usd"].max()) * 1.18])
    return style(figure, height=340)


def tiers(table: pd.DataFrame) -> go.Figure:
    """Margin of revenue per paid plan: the span from worst to best and the expected value."""
    sold = table[table["price_usd"] > 0].iloc[::-1]
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            y=sold["name"],
            x=sold["best"] - sold["worst"],
            base=sold["worst"],
            orientation="h",
            marker={"color": "#ecd9c9", "cornerradius": 8},
            width=0.36,
            name="Worst to best",
            customdata=sold[["worst", "best"]],
            hovertemplate="%{y}: worst %{customdata[0]:.0%}, best %{customdata[1]:.0%}<extra></extra>",
        )
    )
    for name, colour, size in (("worst", LOW, 11), ("expected", INK, 15), ("best", GOOD, 11)):
        figure.add_trace(_dots(sold, name, colour, size))
    low = min(0.0, float(sold["worst"].min()))
    figure.update_xaxes(tickformat=".0%", range=[low - 0.03, 1.04])
    figure.add_vline(x=0, line={"color": INK_SOFT, "width": 1})
    return style(figure, height=90 + 52 * len(sold))


def _dots(sold: pd.DataFrame, name: str, colour: str, size: int) -> go.Scatter:
    return go.Scatter(
        y=sold["name"],
        x=sold[name],
        mode="markers+text" if name == "expected" else "markers",
        name=name.capitalize(),
        text=[f"{value:.0%}" for value in sold[name]] if name == "expected" else None,
        textposition="top center",
        marker={"color": colour, "size": size, "line": {"color": "white", "width": 2}},
        hovertemplate=f"%{{y}}, {name}: %{{x:.0%}}<extra></extra>",
    )


def tornado(bars: pd.DataFrame, labels: dict[str, str]) -> go.Figure:
    """Expected monthly margin when one input moves to either of its bounds, the widest on top."""
    rows = bars.head(BARS).iloc[::-1]
    base = float(rows["base_usd"].iloc[0]) if len(rows) else 0.0
    names = [labels.get(name, name) for name in rows["input"]]
    figure = go.Figure()
    for side, colour, name in (("low", "#3d7c83", "at the low end"), ("high", FOX, "at the high end")):
        figure.add_trace(
            go.Bar(
                y=names,
                x=rows[f"margin_{side}_usd"] - base,
                base=base,
                orientation="h",
                name=name.capitalize(),
                marker={"color": colour},
                customdata=np.stack([rows[side], rows[f"margin_{side}_usd"]], axis=-1),
                hovertemplate="%{y} at %{customdata[0]}<br>margin $%{customdata[1]:.2f}<extra></extra>",
            )
        )
    figure.add_vline(x=base, line={"color": INK, "width": 1.5})
    figure.update_layout(barmode="overlay", bargap=0.34)
    figure.update_xaxes(tickprefix="$", nticks=6)
    return style(figure, height=84 + 30 * len(rows))


def heat_map(cells: pd.DataFrame, limit: int) -> go.Figure:
    """Monthly margin by retries per interview and answer length; the dashed line is the plan's own limit."""
    grid = cells.pivot(index="retries", columns="answer_s", values="margin_usd")
    bound = float(np.abs(grid.to_numpy()).max())
    mixed = float(grid.to_numpy().min()) < 0
    figure = go.Figure(
        go.Heatmap(
            z=grid.to_numpy(),
            x=grid.columns,
            y=grid.index,
            colorscale=LOSSES if mixed else [[0, "#f7e3d6"], [1, "#3d7c83"]],
            zmin=-bound if mixed else None,
            zmax=bound if mixed else None,
            xgap=2,
            ygap=2,
            colorbar={"tickprefix": "$", "thickness": 10, "outlinewidth": 0, "len": 0.9},
            hovertemplate="%{y} retries, %{x} s answers<br>margin $%{z:.2f}<extra></extra>",
        )
    )
    figure.add_hline(y=limit + 0.5, line={"color": INK, "dash": "dash", "width": 1.5})
    figure.update_xaxes(title="Answer length (s)", tickvals=list(grid.columns[::2]), showgrid=False)
    figure.update_yaxes(title="Retries per interview", dtick=2, showgrid=False)
    return style(figure, height=380)


def distribution(months: Months) -> go.Figure:
    """Simulated margins of one plan, with p5, p50 and p95, and what is a loss."""
    margin = months.margin * NANO
    low, high = np.percentile(margin, [0.1, 99.9])
    counts, edges = np.histogram(margin, bins=60, range=(float(low), float(high) + 1e-9))
    centres = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=centres,
            y=counts / len(margin),
            marker={"color": [LOW if centre < 0 else "#3d7c83" for centre in centres]},
            width=np.diff(edges),
            hovertemplate="$%{x:.2f}: %{y:.1%}<extra></extra>",
            showlegend=False,
        )
    )
    for share, colour in ((5, MIDDLE), (50, INK), (95, MIDDLE)):
        value = float(np.percentile(margin, share))
        text = f"p{share} ${value:.2f}"
        figure.add_vline(x=value, line={"color": colour, "width": 1.5, "dash": "dot"})
        figure.add_annotation(
            x=value, y=1.0, yref="paper", yanchor="bottom", text=text, showarrow=False, font={"size": 12}
        )
    figure.update_xaxes(tickprefix="$", nticks=8)
    figure.update_yaxes(tickformat=".1%", nticks=5)
    return style(figure, height=340).update_layout(margin={"t": 36})
