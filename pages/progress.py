"""Progress: how the person gets better, every session with all attempts, and deleting a session for good."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services, services
from coach.contracts.interview import InterviewSnapshot, InterviewStatus
from coach.errors import CoachError
from coach.interview import rollup
from coach.store.removal import delete_interview
from coach.store.sample import remove_sample
from coach.views import progress
from coach.views.attempts import attempts_frame, improvement_frame
from coach.views.sessions import Plain, find_session, list_sessions
from pages.components import history

CHART = {"displayModeBar": False}


def main() -> None:
    """The page from top to bottom."""
    st.title("Progress")
    parts = services()
    try:
        sessions = list_sessions(parts.store)
        attempts = attempts_frame(parts.store)
    except CoachError as error:
        st.error(str(error), icon=":material/database_off:")
        return
    if attempts.empty and not any(session["attempts"] for session in sessions):
        empty()
        return
    if any(session["is_sample"] for session in sessions):
        sample_note(parts)
    overview(sessions, attempts)
    charts(attempts)
    st.subheader("Sessions", anchor=False)
    session_browser(parts, [session for session in sessions if session["attempts"]])


def empty() -> None:
    """What there is to do when nothing was practised yet."""
    with st.container(border=True):
        st.subheader("Nothing to show yet", anchor=False)
        st.markdown(
            "Answer one question on the *Practice* page, and you find it here: every attempt with its recording, the "
            "best one marked, and how your score moves from week to week."
        )
        if st.button("Start practising", type="primary"):
            st.switch_page("pages/practice.py")


def sample_note(parts: Services) -> None:
    """Says that some sessions are invented, and takes them out on request."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            "Sessions marked *sample* are invented; they show this page after a few weeks of practice.", width="content"
        )
        if st.button("Remove samples", type="tertiary"):
            remove_sample(parts.store, parts.archive, parts.settings.journal_dir)
            st.rerun()


def overview(sessions: list[Plain], attempts: pd.DataFrame) -> None:
    """Four numbers that say where the person stands."""
    scored = [session["overall_score"] for session in sessions if session["overall_score"] is not None]
    gains = improvement_frame(attempts)["gain"]
    change = f"{scored[0] - scored[1]:+.1f} to the one before" if len(scored) > 1 else None
    figures: list[tuple[str, str, str | None]] = [
        ("Latest session", history.score_text(scored[0] if scored else None), change),
        ("Best answer", history.score_text(attempts["overall_score"].max()), None),
        ("What a retry brings", f"{gains.mean():+.1f}" if len(gains) else "–", None),
        ("Answers so far", str(len(attempts)), None),
    ]
    with st.container(horizontal=True, gap="medium"):
        for name, value, delta in figures:
            st.metric(name, value, delta, border=True, height="stretch")


def charts(attempts: pd.DataFrame) -> None:
    """Score over time, then retries, delivery and competencies."""
    if attempts["overall_score"].notna().sum() == 0:
        return
    st.subheader("Score over time", anchor=False)
    st.plotly_chart(progress.score_over_time(attempts), config=CHART, key="score-over-time")
    names = ["Retries", "Pace", "Fillers", "Competencies"]
    figures = [progress.retries, progress.delivery_over_time, progress.fillers_over_time, progress.competencies]
    captions = [
        "First attempt and best attempt of every question tried more than once.",
        "Words per minute; the green band, 130 to 160, gets the full score.",
        "Fillers per minute, where the transcriber keeps them.",
        "Mean of your best answers by competency.",
    ]
    for tab, name, figure, caption in zip(st.tabs(names), names, figures, captions, strict=True):
        with tab:
            st.caption(caption)
            st.plotly_chart(figure(attempts), config=CHART, key=f"chart-{name}")


def session_browser(parts: Services, sessions: list[Plain]) -> None:
    """Chooses a session and shows it."""
    by_id = {session["interview_id"]: session for session in sessions}
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        chosen = st.selectbox(
            "Session", list(by_id), format_func=lambda key: label(by_id[key]), label_visibility="collapsed"
        )
        snapshot = find_session(parts.store, chosen)
        actions(parts, snapshot)
    if snapshot.interview.summary and snapshot.interview.summary.headline:
        st.markdown(f"*{snapshot.interview.summary.headline}*")
    shown = 0
    for exchange in snapshot.exchanges:
        attempts = rollup.standing(a for a in snapshot.attempts if a.exchange_id == exchange.id)
        if attempts:
            with st.container(border=True):
                kind = "Follow-up" if exchange.follow_up_of else exchange.competency.capitalize()
                st.caption(kind or "Question")
                st.markdown(f"##### {exchange.question_text}")
                history.dots(attempts)
                with st.expander("Listen and read", expanded=shown == 0):
                    history.full(history.choose(attempts, key=f"attempt-{exchange.id}"), parts.archive)
            shown += 1


def label(session: Plain) -> str:
    """One line for a session."""
    what = session["job_title"] or "General practice"
    status = "" if session["status"] == "completed" else f" · {session['status'].replace('_', ' ')}"
    mark = " · sample" if session["is_sample"] else ""
    score = history.score_text(session["overall_score"])
    return f"{session['created_at']:%d %b %Y} · {what} · {score}{status}{mark}"


def actions(parts: Services, snapshot: InterviewSnapshot) -> None:
    """Resume and delete."""
    if snapshot.interview.status != InterviewStatus.COMPLETED and st.button("Resume interview"):
        st.session_state["resume_interview_id"] = snapshot.interview.id
        st.switch_page("pages/practice.py")
    if st.button("Delete this session", icon=":material/delete:"):
        confirm_delete(parts, snapshot)


@st.dialog("Delete this session?")
def confirm_delete(parts: Services, snapshot: InterviewSnapshot) -> None:
    """Asks once, says what goes, deletes."""
    attempts = len(snapshot.attempts)
    st.markdown(
        f"{attempts} answer{'' if attempts == 1 else 's'} with transcripts, feedback and recordings go for good. "
        "Stories you saved stay in your library, without the raw transcript."
    )
    with_stories = st.checkbox("Delete the stories saved from it, too")
    if st.button("Delete for good", type="primary"):
        journal_dir = parts.settings.journal_dir
        delete_interview(
            parts.store, parts.archive, snapshot.interview.id, journal_dir=journal_dir, with_stories=with_stories
        )
        st.toast("Deleted.")
        st.rerun()


main()
