"""Attempts of a question: dots in their band's colour, the best one ringed, and one attempt in full."""

from collections.abc import Sequence

import streamlit as st

from coach.audio.archive import AudioArchive
from coach.contracts.evaluation import Evaluation, StarItem
from coach.contracts.interview import Attempt
from coach.errors import NotFoundError, StoreError
from coach.interview import rollup
from coach.lab.coaching import Comment
from coach.views.palette import BAND_COLOURS, ON_BAND, band
from pages.components.shared.moments import moments, sound_key
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

_STAR = ("situation", "task", "action", "result")
_STAR_COLOUR = {"present": "green", "weak": "orange", "missing": "red"}
_STAR_ICON = {"present": "check", "weak": "remove", "missing": "close"}


def score_text(value: float | None) -> str:
    """A score as it is shown everywhere."""
    return "–" if value is None else f"{value:.1f}"


def dots(attempts: Sequence[Attempt]) -> None:
    """One dot per attempt with its number; the best has a ring and a star."""
    best = rollup.best_attempt(attempts)
    marks = []
    for attempt in attempts:
        is_best = best is not None and attempt.id == best.id
        label = f"Attempt {attempt.attempt_number}: {score_text(attempt.overall_score)}{', best' if is_best else ''}"
        colours = f"background:{BAND_COLOURS[band(attempt.overall_score)]};color:{ON_BAND}"
        marks.append(
            f'<span role="img" aria-label="{label}" title="{label}" class="{"best" if is_best else ""}" '
            f'style="{colours}">{attempt.attempt_number}</span>'
        )
    st.html(f'<div data-testid="attempt-dots" class="jf-attempts">{"".join(marks)}</div>')


def choose(attempts: Sequence[Attempt], key: str) -> Attempt:
    """Lets the person choose an attempt; the best one is chosen at first."""
    best = rollup.best_attempt(attempts) or attempts[-1]

    def label(attempt: Attempt) -> str:
        star = " ★ best" if attempt.id == best.id and attempt.overall_score is not None else ""
        return f"Attempt {attempt.attempt_number} · {score_text(attempt.overall_score)}{star}"

    chosen = pick(
        "Attempt",
        attempts,
        identity=lambda attempt: attempt.id,
        label=label,
        key=key,
        address=key,
        first=best.id,
        as_buttons=True,
        label_visibility="collapsed",
    )
    return chosen or best


def full(attempt: Attempt, archive: AudioArchive, comments: Sequence[Comment] = ()) -> None:
    """One attempt: how to hear it, what coaches said about its moments, what was said, what came of it."""
    plays = listen(attempt, archive)
    moments(attempt, comments, plays=plays)
    if attempt.transcript is None:
        st.caption("The text of this attempt was deleted when its time was up. Its numbers stay.")
        return
    if attempt.evaluation is None:
        st.info("We captured this answer. Its feedback is delayed.")
        st.markdown(plain(attempt.transcript.text))
        return
    own_view(attempt)
    feedback_of(attempt, attempt.evaluation)
    said, better = st.columns(2, gap="large")
    said.markdown("**What you said**")
    said.markdown(plain(attempt.transcript.text))
    better.markdown("**Polished answer**")
    better.markdown(plain(attempt.evaluation.rewrite.polished_answer))


def listen(attempt: Attempt, archive: AudioArchive) -> bool:
    """The recording, at the moment asked for if one was, and the measured delivery; whether there is a recording."""
    with st.container(key=sound_key(attempt)):
        plays = _recording(attempt, archive, st.session_state.get(f"listen-{attempt.id}"))
    numbers(attempt)
    return plays


def numbers(attempt: Attempt) -> None:
    """The measured delivery in one line; what could not be measured is said so."""
    measured = attempt.delivery
    if measured is None:
        return
    if not attempt.duration_seconds:
        st.caption("Typed answer: only its content is scored.")
        return
    parts = []
    if measured.wpm is not None:
        parts.append(f"{measured.wpm:.0f} words per minute")
    fillers = "fillers not measurable" if measured.filler_count is None else _count(measured.filler_count, "filler")
    pauses = f"{_count(measured.long_pause_count, 'pause')} over 3 s"
    st.caption(" · ".join([*parts, fillers, pauses, f"{attempt.duration_seconds:.0f} s"]))


def own_view(attempt: Attempt) -> None:
    """What the person thought of it before they saw the coach's scores; nothing where they did not say."""
    mine = attempt.extra.self_rating
    if mine is None or attempt.evaluation is None:
        return
    coach = attempt.evaluation.scoring
    pairs = (
        ("story", mine.content, coach.content),
        ("delivery", mine.delivery, coach.delivery),
        ("all in all", mine.overall, coach.overall),
    )
    said = ", ".join(f"{name} {score_text(own)} (coach {score_text(theirs)})" for name, own, theirs in pairs)
    st.caption(f"Own view, given first: {said}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _recording(attempt: Attempt, archive: AudioArchive, start_s: float | None) -> bool:
    if attempt.audio_uri is None:
        if attempt.audio_deleted_at:
            st.caption("The recording was deleted when its time was up.")
        else:
            st.caption("No recording is kept with this answer.")
        return False
    kind = "audio/ogg" if attempt.audio_uri.endswith((".ogg", ".opus")) else "audio/flac"
    try:
        sound = archive.read(attempt.audio_uri)
    except (NotFoundError, StoreError, OSError):
        st.caption("The recording cannot be found.")
        return False
    st.audio(sound, format=kind, start_time=start_s or 0, autoplay=start_s is not None)
    return True


def feedback_of(attempt: Attempt, evaluation: Evaluation) -> None:
    """Headline, STAR, improvements that play their evidence, and the one tip."""
    feedback = evaluation.content_feedback
    checklist = feedback.star_checklist
    st.markdown(f"**{plain(feedback.headline)}**")
    st.markdown(" ".join(_badge(item, getattr(checklist, item)) for item in _STAR))
    for index, improvement in enumerate(feedback.top_improvements):
        _point(attempt, f"content_feedback.top_improvements.{index}", improvement)
    st.markdown(f"**Try this:** {plain(feedback.one_action_tip)}")


def _badge(item: str, found: StarItem) -> str:
    """Its status; what the question did not ask for is grey, never red."""
    if found.unneeded:
        return f":gray-badge[{item.capitalize()} not needed]"
    status = found.status.value
    return f":{_STAR_COLOUR[status]}-badge[:material/{_STAR_ICON[status]}: {item.capitalize()} {status}]"


def _point(attempt: Attempt, path: str, text: str) -> None:
    """A point of the feedback; where its evidence has a time, a button plays that moment."""
    at = next((e.start_s for e in attempt.evidence if e.path.startswith(path) and e.start_s is not None), None)
    if at is None or attempt.audio_uri is None:
        st.markdown(f"- {plain(text)}")
        return
    with st.container(horizontal=True, gap="small", key=f"point-{attempt.id}-{path}"):
        if st.button(f"▶ {int(at // 60)}:{int(at % 60):02d}", key=f"play-{attempt.id}-{path}", help="Hear this moment"):
            st.session_state[f"listen-{attempt.id}"] = max(0.0, at - 0.3)
            st.rerun()
        st.markdown(plain(text))
