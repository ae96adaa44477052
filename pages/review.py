"""Review: listen to answers, read them beside the machine's scores, agree or give own scores, comment at a second."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services, services
from coach.errors import CoachError
from coach.views import review
from pages.components.review import agreement, queue, reviewer, rubric
from pages.components.review import desk as review_desk
from pages.components.shared import preview, samples
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

KEY = "review_answer"
WAITING, JUDGED, EVERY = "To review", "Reviewed", "All"


def main() -> None:
    """The page from top to bottom."""
    st.title("Review")
    st.caption("Listen to an answer, read it beside the machine's scores, and say what you would have given.")
    parts = services()
    try:
        frame = review.review_frame(parts.store)
        frame = frame[~frame["interview_id"].isin(parts.bin.holds("session"))]
        samples.switch(parts, there=bool(frame["is_sample"].any()))
        frame = frame[frame["is_sample"].astype(bool) == samples.shown()]
        if frame.empty:
            queue.hold()
            empty()
            return
        if len(frame) >= review.NEWEST:
            st.caption(f"The newest {review.NEWEST:,} answers, and every one that was judged.")
        agreement.headline(parts, frame)
        shown, coach = choose(parts, frame)
        if shown is not None:
            review_desk.show(parts, shown, coach, blind=st.session_state.get("review_blind", True))
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


def empty() -> None:
    """What there is to do before the first answer."""
    with st.container(border=True):
        st.header("Nothing to review yet", anchor=False)
        st.markdown("As soon as one answer was given on the *Practice* page, you can listen to it and judge it here.")
        if st.button("Start practising", type="primary"):
            st.switch_page("practice.py")
        preview.finished("review", "Review: an answer to listen to, with the figures of agreement above it")


def choose(parts: Services, frame: pd.DataFrame) -> tuple[pd.Series | None, str]:
    """The answer to look at, those waiting first, newest on top; and who reviews."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        coach = reviewer.name("review_name")
        which = chosen_part()
        st.toggle(
            "Hide scores",
            True,
            key="review_blind",
            bind="query-params",
            help="Judge first, compare afterwards: less anchoring.",
        )
        every = len(frame)
        frame = queue.narrowed(frame.assign(mine=review.judged_by(frame, reviewer.identity() or coach)))
        rubric.button(parts, coach)
    queue.told(len(frame), every)
    judged = frame["human"].notna()
    second = bool(st.session_state.get("review_second"))
    rows = frame[~judged] if which == WAITING and not second else frame[judged] if which == JUDGED else frame
    if rows.empty:
        st.info(nothing(which or EVERY), icon=":material/task_alt:")
        return None, coach
    rows = queue.newest(rows, {str(st.session_state.get(KEY)), st.query_params.get("answer", "")})
    queue.step([str(each) for each in rows["attempt_id"]], KEY, "answer")
    row = pick(
        "Answer",
        [row for _, row in rows.iterrows()],
        identity=lambda row: str(row["attempt_id"]),
        label=label,
        key=KEY,
        address="answer",
        width=720,
    )
    return row, coach


def chosen_part() -> str | None:
    """Which part of the queue is shown; the address holds it also while there is no answer at all."""
    return pick(
        "Show",
        (WAITING, JUDGED, EVERY),
        identity=str,
        label=str,
        key="review_which",
        address="review_which",
        first=WAITING,
        as_buttons=True,
        label_visibility="collapsed",
    )


def nothing(which: str) -> str:
    """Why the queue is empty, and what to do."""
    if queue.narrows():
        return "No answer fits the filter; widen it."
    return "Every answer has a human score." if which == WAITING else "No answer has a human score yet."


def label(row: pd.Series) -> str:
    """One line for an answer."""
    mark = f" · {samples.called(str(row['user_id']), str(row['person']))}" if row["is_sample"] else ""
    return f"{row['created_at']:%d %b %Y, %H:%M} · {row['question']} · attempt {row['attempt_number']}{mark}"


main()
