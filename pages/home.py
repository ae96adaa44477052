"""The frame around every screen: navigation. Streamlit runs this file first, whatever page is asked for."""

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from coach.bootstrap import services  # noqa: E402
from coach.settings import settings  # noqa: E402
from pages.components.shared.undo import undo_bar  # noqa: E402

SCREENS = {
    "practice": "Practice",
    "jobs": "Jobs & resumes",
    "progress": "Progress",
    "library": "Library",
    "review": "Review",
    "prompt_lab": "Prompt lab",
    "margins": "Margins",
    "operations": "Operations",
}


def screens() -> list[st.Page]:
    """Every screen whose file is there, and the bare address, which leads to Practice."""
    there = {name: title for name, title in SCREENS.items() if (HERE / f"{name}.py").exists()}
    pages = [st.Page(HERE / f"{name}.py", title=title, url_path=name) for name, title in there.items()]

    def start() -> None:
        st.switch_page(pages[0])

    return [st.Page(start, title="Job Foxy", default=True, visibility="hidden"), *pages]


def warn_if_open() -> None:
    """On every page, as long as anybody may come in."""
    if settings().open_to_all:
        st.warning(
            "This server is open to everybody who can reach it, without sign-in (COACH_OPEN).",
            icon=":material/lock_open:",
        )
    elif settings().coach_open:
        st.info(
            "COACH_OPEN has no effect while a vendor key is set: people from outside sign in.", icon=":material/lock:"
        )


st.set_page_config(page_title="Job Foxy", page_icon=str(HERE / "static" / "fox.svg"), layout="wide")
st.logo(str(HERE / "static" / "wordmark.svg"), size="large")
page = st.navigation(screens(), position="top")
warn_if_open()
undo_bar(services())
page.run()
