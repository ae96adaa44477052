"""Progress: how the person gets better, every session with all attempts, and deleting a session for good."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services, services
from coach.contracts.asking import own_id
from coach.errors import CoachError
from coach.views import progress
from coach.views.attempts import attempts_frame, improvement_frame
from coach.views.sessions import Plain, list_sessions
from pages.components.progress import browser, consent, history, own_data, people
from pages.components.shared import preview, samples
from pages.components.shared.chart import chart
from pages.components.shared.clock import zone
from pages.components.shared.prose import plain


def main() -> None:
    """The page; whatever fails is told."""
    st.title("Progress")
    try:
        show(services())
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")


def show(parts: Services) -> None:
    """The page from top to bottom."""
    with_samples = samples.switch(parts, there=parts.has_samples())
    of_others = people.coached()
    whose = None if with_samples or of_others else own_id()
    going = parts.bin.holds("session")
    sessions = [s for s in list_sessions(parts.store, whose) if s["interview_id"] not in going]
    everything = attempts_frame(parts.store, user_id=whose)
    everything = everything[~everything["interview_id"].isin(going)]
    sessions = [s for s in sessions if s["attempts"] and bool(s["is_sample"]) == with_samples]
    attempts = everything[everything["is_sample"].astype(bool) == with_samples]
    attempts = attempts.assign(created_at=pd.to_datetime(attempts["created_at"], utc=True).dt.tz_convert(zone()))
    person = people.choose(sessions) if with_samples or of_others else None
    if person is not None:
        sessions = [session for session in sessions if session["user_id"] == person]
        attempts = attempts[attempts["user_id"] == person]
    if not sessions:
        if of_others and not people.practises():
            people.nobody_yet()
        else:
            empty()
        _own(parts)
        return
    overview(sessions, attempts)
    charts(attempts)
    st.header("Sessions", anchor=False)
    browser.show(parts, sessions)
    if not with_samples:
        _own(parts)


def _own(parts: Services) -> None:
    """What is the person's own: who may see it, all of it as a file, its deletion."""
    consent.show(parts)
    own_data.show(parts)


def empty() -> None:
    """What there is to do when nothing was practised yet."""
    with st.container(border=True):
        st.header("Nothing to show yet", anchor=False)
        st.markdown(
            "Answer one question on the *Practice* page, and you find it here: every attempt with its recording, the "
            "best one marked, and how your score moves from week to week."
        )
        if st.button("Start practising", type="primary"):
            st.switch_page("practice.py")
        preview.finished("progress", "Progress: four figures, and scores rising over three sessions")


def overview(sessions: list[Plain], attempts: pd.DataFrame) -> None:
    """Four numbers that say where the person stands."""
    scored = [session["overall_score"] for session in sessions if session["overall_score"] is not None]
    gains = improvement_frame(attempts)["gain"]
    change = f"{scored[0] - scored[1]:+.1f}" if len(scored) > 1 else None
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
    st.header("Score over time", anchor=False)
    chart(progress.score_over_time(attempts), name="score-over-time", title="Score over time")
    names = ["Retries", "Pace", "Fillers", "Competencies"]
    figures = [progress.retries, progress.delivery_over_time, progress.fillers_over_time, progress.competencies]
    captions = [
        "First attempt and best attempt of the newest questions tried more than once.",
        "Words per minute; the green band gets the full score.",
        "Fillers per minute, where the transcriber keeps them.",
        "Mean of your best answers by competency.",
    ]
    for tab, name, figure, caption in zip(
        st.tabs(names, key="chart", bind="query-params"), names, figures, captions, strict=True
    ):
        with tab:
            st.caption(caption)
            chart(figure(attempts), name=name.lower(), title=name)


main()
