"""Comments of coaches at a second of an answer, or on a sentence of a typed one: written, changed, taken away."""

from functools import partial

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.interview import Attempt
from coach.errors import CoachError
from coach.lab import coaching
from coach.lab.coaching import Comment, CommentAuthor
from coach.views.attempts import short
from pages.components.shared.moments import moments, moments_key
from pages.components.shared.prose import plain
from pages.components.shared.undo import put_away

OPEN, WRONG = "comment_open", "comment_wrong"
"""Which comment of which answer is being written: `(attempt id, comment id or "")`; what went wrong, in words."""


def show(parts: Services, attempt: Attempt, author: str, *, plays: bool) -> None:
    """The comments on `attempt`, and the form while one is being written."""
    known = coaching.comments_on(parts.store, [attempt.id], parts.bin.holds("comment"))
    by = coaching.author_called(author)
    act = partial(_act, parts, attempt, known, by) if plays or attempt.transcript else None
    moments(attempt, known, plays=plays, author=by, on_act=act)
    of, comment_id = st.session_state.get(OPEN, ("", ""))
    if of == attempt.id:
        changed = next((comment for comment in known if comment.id == comment_id), None)
        _form(parts, attempt, author, changed, plays=plays)


def _act(parts: Services, attempt: Attempt, known: list[Comment], by: CommentAuthor) -> None:
    """Runs before the page when somebody pressed a button among the comments; only one's own are changed."""
    asked = st.session_state[moments_key(attempt)].act or {}
    comment = next((each for each in known if each.id == asked.get("id") and by.wrote(each)), None)
    if asked.get("name") == "comment":
        _open(attempt, "", "", at=asked.get("at"))
    elif asked.get("name") == "edit" and comment:
        _open(attempt, comment.id, comment.text)
    elif asked.get("name") == "remove" and comment:
        label = f"the comment “{short(comment.text, 40)}”"
        put_away(parts, "comment", comment.id, label, partial(coaching.remove, parts.store, comment.id, by=by))


def _open(attempt: Attempt, comment_id: str, text: str, at: object = None) -> None:
    st.session_state[OPEN] = (attempt.id, comment_id)
    st.session_state.pop(WRONG, None)
    st.session_state[_key("text", attempt)] = text
    if isinstance(at, int | float):
        st.session_state[_key("at", attempt)] = round(min(max(0.0, float(at)), attempt.duration_seconds), 1)


def _key(name: str, attempt: Attempt) -> str:
    return f"comment-{name}-{attempt.id}"


def _form(parts: Services, attempt: Attempt, author: str, changed: Comment | None, *, plays: bool) -> None:
    with st.form(_key("form", attempt)):
        if changed is None:
            _where(attempt, plays=plays)
        st.text_area("Comment", max_chars=2000, key=_key("text", attempt), height=80)
        with st.container(horizontal=True, gap="small"):
            keep = partial(_keep, parts, attempt, author, changed)
            st.form_submit_button("Change comment" if changed else "Add comment", type="primary", on_click=keep)
            st.form_submit_button("Cancel", on_click=lambda: st.session_state.pop(OPEN, None))
        if wrong := st.session_state.get(WRONG):
            st.error(plain(wrong), icon=":material/error:")


def _where(attempt: Attempt, *, plays: bool) -> None:
    said = coaching.sentences_of(attempt)
    if plays:
        longest = max(0.1, attempt.duration_seconds)
        st.number_input("At second", 0.0, longest, step=0.5, format="%.1f", key=_key("at", attempt), width=180)
    elif said:
        st.selectbox(
            "About", range(len(said)), key=_key("sentence", attempt), format_func=lambda number: short(said[number], 90)
        )


def _keep(parts: Services, attempt: Attempt, author: str, changed: Comment | None) -> None:
    state = st.session_state
    at, sentence = state.get(_key("at", attempt)), state.get(_key("sentence", attempt))
    try:
        if changed:
            coaching.revise(parts.store, changed, state[_key("text", attempt)], by=coaching.author_called(author))
        else:
            at = at if sentence is None else None
            coaching.comment_on(parts.store, attempt, author, state[_key("text", attempt)], at_s=at, sentence=sentence)
    except CoachError as error:
        state[WRONG] = str(error)
        return
    state.pop(OPEN, None)
    st.toast("Kept.")
