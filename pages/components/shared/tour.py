"""The tour of three steps for whoever comes for the first time; later behind the question mark in the header.

It covers nothing that has to be pressed (while an interview goes on it is put aside) and takes no focus by itself.
Whether it was seen is remembered by the browser (`jf-tour` in its local storage). Somebody with a session of their own,
and a browser that a program drives, are no newcomers.
"""

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from coach.bootstrap import Services
from coach.errors import CoachError
from coach.views.sessions import any_session

STATIC = Path(__file__).parent / "static"
STEPS = (
    (
        "Say one answer",
        "Press Start interview. A question is asked; speak, or type. Press Finish answer when you are done.",
    ),
    (
        "See what would make it better",
        "Scores, what is missing, and a polished version of your own story. Press ▶ to hear the moment it is about, "
        "then try the question again: the best attempt counts.",
    ),
    (
        "Keep the best, prepare for one job",
        "Save good answers to the Library, add the posting under Jobs & resumes, and watch yourself get better on "
        "Progress.",
    ),
)
NEWCOMER = "tour_newcomer"


@cache
def _component() -> Any:
    return st.components.v2.component(
        "jobfoxy_tour",
        html='<div class="tour"></div>',
        css=(STATIC / "tour.css").read_text(encoding="utf-8"),
        js=(STATIC / "tour.js").read_text(encoding="utf-8"),
    )


def tour(parts: Services) -> None:
    """Mounts it; the browser decides whether it shows by itself."""
    if NEWCOMER not in st.session_state:
        st.session_state[NEWCOMER] = _is_new(parts)
    steps = [{"title": title, "text": text} for title, text in STEPS]
    with st.container(key="jf_tour"):
        _component()(data={"newcomer": st.session_state[NEWCOMER], "steps": steps}, key="tour")


def _is_new(parts: Services) -> bool:
    try:
        return not any_session(parts.store)
    except CoachError:
        return False
