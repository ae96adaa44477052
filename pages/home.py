"""The frame around every screen: navigation. Streamlit runs this file first, whatever page is asked for."""

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from coach.bootstrap import services  # noqa: E402
from coach.settings import settings  # noqa: E402
from pages.components.shared import member, navigation, signed_in  # noqa: E402
from pages.components.shared.tour import tour  # noqa: E402
from pages.components.shared.undo import undo_bar  # noqa: E402

# By group: the file of a screen and its title.
SCREENS: navigation.Groups = {
    "Practise": {
        "practice": "Practice",
        "jobs": "Jobs & resumes",
        "progress": "Progress",
        "library": "Library",
    },
    "Coach": {"review": "Review", "cohorts": "Cohorts"},
    "Tune": {"prompt_lab": "Prompt lab"},
    "Cost": {"margins": "Margins"},
    "Operate": {"operations": "Operations"},
}


def start() -> None:
    """The bare address leads to Practice, or to the first screen that is the person's."""
    first = next((name for screens in member.theirs(SCREENS).values() for name in screens), "practice")
    st.switch_page(HERE / f"{first}.py")


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


st.set_page_config(
    page_title="Job Foxy",
    page_icon=str(HERE / "static" / "fox.svg"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
st.logo(str(HERE / "static" / "wordmark.svg"), size="large")
sections = navigation.sections(HERE, member.theirs(SCREENS))
hidden = [st.Page(start, title="Job Foxy", default=True, visibility="hidden"), *member.closed(SCREENS)]
page = st.navigation({"": hidden, **sections}, position="sidebar")
st.session_state[signed_in.PAGE] = page.url_path
if not member.enter(services()):
    st.stop()
with st.container(key="jf_frame"):
    navigation.bar(sections)
    tour(services())
member.account(services())
warn_if_open()
undo_bar(services())
member.hide_at_once(services())
page.run()
