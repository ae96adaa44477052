"""The queue of answers to review: what is in it, and going through it by keyboard."""

from collections.abc import Collection, Sequence

import pandas as pd
import streamlit as st

from pages.components.shared import samples
from pages.components.shared.selection import begin, unique_labels
from pages.components.shared.selection import hold as hold_choices

FAR_APART = 1.5
"""Points of 10 between two judges from which an answer is worth a second look."""
QUEUE = "review_queue"
"""The answers as they stood in the last run, to go on from one that has left them."""
NEWEST = 500
"""Answers to choose from at once: a browser gets the name of every one of them with every click."""
FILTERS = {
    "user_id": "Person", "job_title": "Job", "competency": "Competency", "question_type": "Question type",
    "bundle": "Bundle",
}  # fmt: skip
MARKS = {
    "disagree": ("Coach and machine far apart", f"By {FAR_APART} points or more."),
    "coaches_disagree": ("Coaches far apart", f"Two coaches differ by {FAR_APART} points or more."),
    "unsure": ("Unsure", "A coach is not sure, or the words were recognised with little confidence."),
    "second": ("Judged by another coach, not by me", "For a second opinion; theirs is hidden until yours is given."),
}


def narrowed(frame: pd.DataFrame) -> pd.DataFrame:
    """The answers that fit what was chosen; only filters with something to choose are offered.

    `frame` has the columns of `coach.views.review.review_frame`, and `mine`: whether this coach judged the answer.
    """
    with st.popover("Filter", icon=":material/filter_list:"):
        people = dict(zip(frame["user_id"].astype(str), frame["person"].fillna(frame["user_id"]), strict=True))
        for name, title in FILTERS.items():
            known = sorted({str(value) for value in frame[name].dropna() if str(value)})
            if len(known) > 1:
                names = unique_labels({value: samples.called(value, str(people.get(value, value))) for value in known})
                chosen = st.multiselect(
                    title, known, key=f"review_filter_{name}", format_func=names.__getitem__, bind="query-params"
                )
                frame = frame[frame[name].astype(str).isin(chosen)] if chosen else frame
        for name, (title, about) in MARKS.items():
            if st.toggle(title, key=f"review_{name}", bind="query-params", help=about):
                frame = frame[_marked(frame, name)]
    return frame


def told(shown: int, of: int) -> None:
    """Says which filters are set and how much they leave, and takes them away: behind their button nobody sees them."""
    if not narrows():
        return
    set_ = [*(title.lower() for name, title in FILTERS.items() if st.session_state.get(f"review_filter_{name}"))]
    set_ += [title.lower() for name, (title, _) in MARKS.items() if st.session_state.get(f"review_{name}")]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="review_narrowed"):
        st.caption(f"Filtered by {', '.join(set_)}: {shown:,} of {of:,} answers.")
        st.button("Show all", key="review_clear", icon=":material/filter_list_off:", type="tertiary", on_click=_clear)


def _clear() -> None:
    st.session_state.update({f"review_filter_{name}": [] for name in FILTERS})
    st.session_state.update({f"review_{name}": False for name in MARKS})


def _marked(frame: pd.DataFrame, name: str) -> pd.Series:
    if name == "disagree":
        return frame["machine_apart"] >= FAR_APART
    if name == "coaches_disagree":
        return frame["coaches_apart"] >= FAR_APART
    if name == "second":
        return frame["human"].notna() & ~frame["mine"]
    return frame["unsure"].astype(bool)


def hold() -> None:
    """Keeps how the queue is shown while there is no answer to show, as when sample people are switched off and on."""
    hold_choices("review_blind", *(f"review_{name}" for name in MARKS), *(f"review_filter_{name}" for name in FILTERS))


def newest(rows: pd.DataFrame, wished: Collection[str]) -> pd.DataFrame:
    """The newest `NEWEST` rows, and those that were chosen or linked before; says so where there are more."""
    if len(rows) <= NEWEST:
        return rows
    st.caption(f"The newest {NEWEST:,} of {len(rows):,} answers; *Filter* finds the others.")
    kept = rows["attempt_id"].astype(str).isin(wished) | (pd.Series(range(len(rows)), index=rows.index) < NEWEST)
    return rows[kept]


def narrows() -> bool:
    """Whether any filter is set."""
    state = st.session_state
    return any(state.get(f"review_{name}") for name in MARKS) or any(
        state.get(f"review_filter_{name}") for name in FILTERS
    )


def step(ids: Sequence[str], key: str, address: str) -> None:
    """Buttons to the answer before and after, `k` and `j` on the keyboard; where they end they stay."""
    _go_on(ids, key)
    at = ids.index(begin(key, ids, address=address))
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


def _go_on(ids: Sequence[str], key: str) -> None:
    """From an answer that left the queue, as when it was judged, to the one behind it there, else to the one before."""
    before, chosen = st.session_state.get(QUEUE, []), st.session_state.get(key)
    if chosen in before and chosen not in ids:
        at, here = before.index(chosen), set(ids)
        near = next((each for each in (*before[at + 1 :], *reversed(before[:at])) if each in here), None)
        if near:
            st.session_state[key] = near
    st.session_state[QUEUE] = list(ids)
