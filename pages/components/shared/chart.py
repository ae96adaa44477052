"""A chart with its figures as CSV and itself as PNG. Every chart of every page is drawn here.

The picture is made by the browser from what it shows (`static/picture.js`): no second drawing, no browser on the
server, nothing from elsewhere.
"""

import re
from functools import cache, partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from coach.views.chart_table import chart_csv

STATIC = Path(__file__).parent / "static"
CONFIG = {"displayModeBar": False}
_HTML = """
<button type="button"><svg aria-hidden="true" viewBox="0 0 16 16" width="16" height="16" fill="none"
  stroke="currentColor" stroke-width="1.4"><rect x="2" y="3" width="12" height="10" rx="1.6"/><circle cx="5.6" cy="6.4"
  r="1.1"/><path d="M2.5 12l4-3.6 2.4 2 2.2-1.8 2.6 2.6"/></svg> PNG</button><span role="status"></span>
"""
_CSS = """
button { display: inline-flex; align-items: center; gap: .35rem; min-height: 2.5rem; padding: .25rem .2rem; border: 0;
  background: none; color: var(--st-text-color); font: 400 .875rem/1.6 var(--st-font); cursor: pointer; }
button:hover { color: var(--st-primary-color); }
button:disabled { opacity: .6; cursor: wait; }
button:focus-visible { outline: 3px solid light-dark(#2f6fd6, #8ab4ff); outline-offset: 2px; border-radius: 6px; }
"""


@cache
def _script() -> str:
    """Both files as one module: an inline component cannot import."""
    tools, own = ((STATIC / name).read_text(encoding="utf-8") for name in ("picture.js", "chart.js"))
    return re.sub(r"^export (?=async function|function)", "", tools, flags=re.MULTILINE) + re.sub(
        r"^import .*$", "", own, flags=re.MULTILINE
    )


@cache
def _png() -> Any:
    return st.components.v2.component("jobfoxy_chart_png", html=_HTML, css=_CSS, js=_script())


def chart(figure: go.Figure, *, name: str, title: str) -> None:
    """Draws a figure, and below it the two ways to take it away.

    Args:
        figure: of plotly, in the house style.
        name: of lower-case words joined by hyphens, once on a page; the files are called so.
        title: what it shows; stands on the picture and in the names of the buttons.
    """
    with st.container(key=f"chart-{name}", gap=None):
        st.plotly_chart(figure, config=CONFIG, key=f"plot-{name}")
        with st.container(key=f"chart-files-{name}", horizontal=True, horizontal_alignment="right", gap="medium"):
            st.download_button(
                "CSV",
                partial(chart_csv, figure),
                f"{name}.csv",
                "text/csv",
                icon=":material/download:",
                type="tertiary",
                key=f"chart-csv-{name}",
                on_click="ignore",
                help=f"The figures of “{title}”",
            )
            _png()(
                data={"holder": f"chart-{name}", "name": name, "title": title}, key=f"chart-png-{name}", width="content"
            )
