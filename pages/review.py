"""Review: listen to answers, read them beside the machine's scores, agree or give own scores."""

import pandas as pd
import streamlit as st

from coach.bootstrap import services
from coach.errors import CoachError
from coach.views import review
from pages.components.review import desk as review_desk
from pages.components.review import queue
from pages.components.shared import samples
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
        samples.switch(parts, there=bool(frame["is_sample"].any()))
        frame = frame[frame["is_sample"].astype(bool) == samples.shown()]
        if frame.empty:
            empty()
            return
        headline(frame)
        shown = choose(frame)
        if shown is not None:
            review_desk.show(parts, shown, blind=st.session_state.get("review_blind", True))
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


def empty() -> None:
    """What there is to do before the first answer."""
    with st.container(border=True):
        st.header("Nothing to review yet", anchor=False)
        st.markdown("As soon as one answer was given on the *Practice* page, you can listen to it and judge it here.")
        if st.button("Start practising", type="primary"):
            st.switch_page("practice.py")


def headline(frame: pd.DataFrame) -> None:
    """How far people and the machine agree."""
    found = review.agreement_by_type(frame)
    overall = found.get("all")
    kappa = None if overall is None else overall.qwk
    figures = [
        ("Agreement", "–" if kappa is None else f"{kappa:.2f}", f"Weighted kappa: {review.kappa_word(kappa)}"),
        ("Usual difference", "–" if overall is None else f"{overall.mae:.1f}", "points of 10, overall"),
        (
            "The machine scores",
            "–" if overall is None else f"{overall.bias:+.1f}",
            "no judgement yet" if overall is None else review.leaning(overall.bias),
        ),
        ("Reviewed", f"{0 if overall is None else overall.n} of {len(frame)}", "answers with a human score"),
    ]
    with st.container(horizontal=True, gap="medium"):
        for number, (name, value, note) in enumerate(figures):
            with st.container(border=True, height="stretch", width="stretch", key=f"review_figure_{number}"):
                st.metric(name, value)
                st.caption(note)
    if overall is not None:
        with st.expander("By question type"):
            numbers = st.column_config.NumberColumn(format="%.2f")
            shown = dict.fromkeys(("kappa", "difference", "machine higher by"), numbers)
            st.dataframe(review.agreement_table(found), hide_index=True, column_config=shown)
            between = review.reviewers_table(frame, review.all_reviews(services().store))
            if not between.empty:
                st.caption("Between people: answers that more than one of them judged.")
                st.dataframe(
                    between, hide_index=True, column_config=dict.fromkeys(("difference", "first higher by"), numbers)
                )
            if overall.n < review.ENOUGH:
                st.caption(f"Read these figures with care below {review.ENOUGH} reviewed answers.")


def choose(frame: pd.DataFrame) -> pd.Series | None:
    """The answer to look at: those waiting first, newest on top."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        which = st.segmented_control(
            "Show", [WAITING, JUDGED, EVERY], default=WAITING, key="review_which", label_visibility="collapsed"
        )
        st.toggle(
            "Hide machine scores", True, key="review_blind", help="Judge first, compare afterwards: less anchoring."
        )
        frame = queue.narrowed(frame)
    judged = frame["human"].notna()
    rows = frame[~judged] if which == WAITING else frame[judged] if which == JUDGED else frame
    if rows.empty:
        st.info(nothing(which or EVERY), icon=":material/task_alt:")
        return None
    queue.step([str(each) for each in rows["attempt_id"]], KEY)
    return pick(
        "Answer",
        [row for _, row in rows.iterrows()],
        identity=lambda row: str(row["attempt_id"]),
        label=label,
        key=KEY,
        address="answer",
        width=720,
    )


def nothing(which: str) -> str:
    """Why the queue is empty, and what to do."""
    if queue.narrows():
        return "No answer fits the filter; widen it."
    return "Every answer has a human score." if which == WAITING else "No answer has a human score yet."


def label(row: pd.Series) -> str:
    """One line for an answer."""
    mark = f" · {row['person']}" if row["is_sample"] else ""
    return f"{row['created_at']:%d %b %Y, %H:%M} · {row['question']} · attempt {row['attempt_number']}{mark}"


main()
