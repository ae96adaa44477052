"""The queue of answers to review: what is in it, and going through it by keyboard."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

FILTERS = {"person": "Person", "competency": "Competency", "question_type": "Question type", "bundle": "Bundle"}
DISAGREE = "review_disagree"
FAR_APART = 1.5
"""Points of 10 between a person and the machine from which an answer is worth a second look."""


def narrowed(frame: pd.DataFrame) -> pd.DataFrame:
    """The answers that fit what was chosen; only filters with something to choose are offered."""
    with st.popover("Filter", icon=":material/filter_list:"):
        for name, title in FILTERS.items():
            known = sorted({str(value) for value in frame[name].dropna() if str(value)})
            if len(known) > 1:
                chosen = st.multiselect(title, known, key=f"review_filter_{name}")
                frame = frame[frame[name].astype(str).isin(chosen)] if chosen else frame
        apart = st.toggle("Person and machine far apart", key=DISAGREE, help=f"By {FAR_APART} points or more.")
    return frame[(frame["human"] - frame["overall_score"]).abs() >= FAR_APART] if apart else frame


def narrows() -> bool:
    """Whether any filter is set."""
    state = st.session_state
    return bool(state.get(DISAGREE)) or any(state.get(f"review_filter_{name}") for name in FILTERS)


def step(ids: Sequence[str], key: str) -> None:
    """Buttons to the answer before and after, `k` and `j` on the keyboard; where they end they stay."""
    at = ids.index(st.session_state[key]) if st.session_state.get(key) in ids else 0
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for name, shortcut, to in (("Previous", "k", at - 1), ("Next", "j", at + 1)):
            inside = 0 <= to < len(ids)
            st.button(
                name,
                key=f"{key}-{shortcut}",
                shortcut=shortcut,
                disabled=not inside,
                on_click=st.session_state.update,
                args=({key: ids[to] if inside else ids[at]},),
            )
        st.caption(f"{at + 1} of {len(ids)}")
