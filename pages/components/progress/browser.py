"""One session: its questions, every attempt, resuming and deleting it."""

from functools import partial

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import asker, own_id
from coach.contracts.interview import Attempt, InterviewSnapshot, InterviewStatus
from coach.interview import rollup
from coach.lab import coaching
from coach.lab.coaching import Comment
from coach.views.sessions import Plain, find_session
from pages.components.progress import history
from pages.components.shared import dialogs
from pages.components.shared.again import practise_again
from pages.components.shared.clock import here
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick
from pages.components.shared.share import share_buttons
from pages.components.shared.undo import put_away


def show(parts: Services, sessions: list[Plain]) -> None:
    """Chooses a session and shows it."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        chosen = pick(
            "Session",
            sessions,
            identity=lambda session: str(session["interview_id"]),
            label=label,
            key="progress_session",
            address="session",
            label_visibility="collapsed",
            width=560,
        )
        if chosen is None:
            return
        snapshot = find_session(parts.store, chosen["interview_id"])
        if asker() is None or snapshot.interview.user_id == own_id():
            actions(parts, snapshot)
        share_buttons(parts, snapshot.interview.id)
    if snapshot.interview.summary and snapshot.interview.summary.headline:
        st.markdown(f"*{plain(snapshot.interview.summary.headline)}*")
    said = coaching.comments_on(parts.store, [a.id for a in snapshot.attempts], parts.bin.holds("comment"))
    shown = 0
    for exchange in snapshot.exchanges:
        attempts = rollup.standing(a for a in snapshot.attempts if a.exchange_id == exchange.id)
        if attempts:
            with st.container(border=True):
                kind = "Follow-up" if exchange.follow_up_of else exchange.competency.capitalize()
                st.caption(plain(kind) or "Question")
                st.markdown(f"### {plain(exchange.question_text)}")
                history.dots(attempts)
                about = [c for c in said if c.attempt_id in {a.id for a in attempts}]
                with st.expander(_read(len(about)), expanded=shown == 0):
                    attempt = history.choose(attempts, key=f"attempt-{exchange.id}")
                    history.full(attempt, parts.archive, [c for c in about if c.attempt_id == attempt.id])
                    _elsewhere([a for a in attempts if a.id != attempt.id], about)
                if st.button("Practise this again", key=f"again-{exchange.id}", icon=":material/replay:"):
                    practise_again(exchange.id)
            shown += 1


def _read(comments: int) -> str:
    told = f" · {comments} comment{'' if comments == 1 else 's'} of a coach" if comments else ""
    return f"Listen and read{told}"


def _elsewhere(attempts: list[Attempt], about: list[Comment]) -> None:
    """Says which other attempts a coach commented on."""
    numbers = [str(a.attempt_number) for a in attempts if any(c.attempt_id == a.id for c in about)]
    if numbers:
        st.caption(f"A coach commented on attempt {' and '.join(numbers)}, too.")


def label(session: Plain) -> str:
    """One line for a session."""
    what = session["job_title"] or "General practice"
    status = "" if session["status"] == "completed" else f" · {session['status'].replace('_', ' ')}"
    mark = " · sample" if session["is_sample"] else ""
    score = history.score_text(session["overall_score"])
    return f"{here(session['created_at']):%d %b %Y, %H:%M} · {what} · {score}{status}{mark}"


def actions(parts: Services, snapshot: InterviewSnapshot) -> None:
    """Resume and delete."""
    if snapshot.interview.status != InterviewStatus.COMPLETED and st.button("Resume interview"):
        st.session_state["resume_interview_id"] = snapshot.interview.id
        st.switch_page("practice.py")
    about = ("delete-session", snapshot.interview.id)
    st.button("Delete this session", icon=":material/delete:", on_click=dialogs.ask, args=about)
    if dialogs.asked("delete-session") == snapshot.interview.id:
        confirm_delete(parts, snapshot)


@st.dialog("Delete this session?", on_dismiss=lambda: dialogs.close("delete-session"))
def confirm_delete(parts: Services, snapshot: InterviewSnapshot) -> None:
    """Asks once, says what goes, deletes."""
    attempts = len(snapshot.attempts)
    begun = here(snapshot.interview.created_at)
    first = plain(snapshot.exchanges[0].question_text) if snapshot.exchanges else "no question yet"
    st.markdown(f"**{begun:%d %b %Y, %H:%M}** · “{first}”")
    st.markdown(
        f"{attempts} answer{'' if attempts == 1 else 's'} with transcripts, feedback and recordings go for good. "
        "Stories you saved stay in your library, without the raw transcript. You have ten seconds to take it back."
    )
    with_stories = st.checkbox("Delete the stories saved from it, too")
    if not st.button("Delete for good", type="primary"):
        return
    name = f"the session of {begun:%d %b %Y, %H:%M}"
    delete = partial(parts.delete_session, snapshot.interview.id, with_stories=with_stories)
    put_away(parts, "session", snapshot.interview.id, name, delete)
    dialogs.close("delete-session")
    st.rerun()
