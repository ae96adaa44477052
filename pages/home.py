"""The frame around every screen: navigation and look. Streamlit runs this file first, whatever page is asked for."""

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from pages.components.look import dress  # noqa: E402

SCREENS = (
    ("practice", "Practice", ":material/mic:"),
    ("jobs", "Jobs & resumes", ":material/work:"),
    ("progress", "Progress", ":material/trending_up:"),
    ("library", "Library", ":material/bookmarks:"),
    ("review", "Review", ":material/rate_review:"),
    ("prompt_lab", "Prompt lab", ":material/science:"),
    ("margins", "Margins", ":material/payments:"),
    ("operations", "Operations", ":material/monitor_heart:"),
)


def screens() -> list[st.Page]:
    """Every screen whose file is there, Practice first."""
    return [
        st.Page(HERE / f"{name}.py", title=title, icon=icon, url_path=name, default=name == "practice")
        for name, title, icon in SCREENS
        if (HERE / f"{name}.py").exists()
    ]


st.set_page_config(page_title="Job Foxy", page_icon=str(HERE / "static" / "fox.svg"), layout="wide")
dress()
st.logo(str(HERE / "static" / "wordmark.svg"), size="large")
st.navigation(screens(), position="top").run()
