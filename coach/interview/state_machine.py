"""The transition tables: which command is legal where, and where it leads.

Three machines: what the person sees (`ViewState`), the lifecycle of an interview and the lifecycle of an attempt.
Everything else in this package asks these tables; there is no second state machine.
"""

from collections.abc import Mapping
from types import MappingProxyType

from coach.contracts.interview import AttemptStatus, InterviewStatus, ViewState
from coach.errors import IllegalCommandError

V = ViewState
A = AttemptStatus
I = InterviewStatus  # noqa: E741 - the table reads better with one letter per column

_ANYWHERE = {state: state for state in ViewState}

COMMANDS: Mapping[str, Mapping[ViewState, ViewState]] = MappingProxyType(
    {
        "START_INTERVIEW": {V.INTRO_LOADING: V.ASKING},
        "FINISH_ANSWER": {V.LISTENING: V.PROCESSING},
        "RESTART_ANSWER": {V.LISTENING: V.LISTENING},
        "SUBMIT_TRANSCRIPT": {V.LISTENING: V.PROCESSING, V.PROCESSING: V.PROCESSING, V.FEEDBACK: V.PROCESSING},
        "READY_FOR_NEXT": {V.ASKING: V.LISTENING, V.FEEDBACK: V.ASKING, V.ERROR_RECOVERABLE: V.ASKING},
        "RETRY_QUESTION": {V.FEEDBACK: V.LISTENING, V.ERROR_RECOVERABLE: V.LISTENING},
        "SKIP_QUESTION": {V.ASKING: V.ASKING, V.LISTENING: V.ASKING},
        "OPEN_QUESTION": {s: V.ASKING for s in (V.ASKING, V.LISTENING, V.FEEDBACK, V.ERROR_RECOVERABLE)},
        "ANSWER_FOLLOW_UP": {V.FEEDBACK: V.ASKING},
        "RETRY_FEEDBACK": {V.FEEDBACK: V.PROCESSING, V.ERROR_RECOVERABLE: V.PROCESSING},
        "FINISH_INTERVIEW": {s: s for s in (V.ASKING, V.LISTENING, V.FEEDBACK, V.ERROR_RECOVERABLE)},
        "SPEECH_DONE": {**_ANYWHERE, V.ASKING: V.LISTENING},
        "EYE_CONTACT": _ANYWHERE,
        "SELF_RATING": _ANYWHERE,
        "AVATAR_VIEW": _ANYWHERE,
    }
)
"""Command -> state it is legal in -> state it leads to (when nothing fails)."""

EVENTS: Mapping[ViewState, frozenset[ViewState]] = MappingProxyType(
    {
        V.INTRO_LOADING: frozenset({V.ASKING}),
        V.ASKING: frozenset({V.LISTENING}),
        V.LISTENING: frozenset({V.LISTENING, V.PROCESSING, V.ASKING, V.ERROR_RECOVERABLE}),
        V.PROCESSING: frozenset({V.FEEDBACK, V.ERROR_RECOVERABLE, V.LISTENING}),
        V.FEEDBACK: frozenset({V.LISTENING, V.ASKING, V.PROCESSING}),
        V.ERROR_RECOVERABLE: frozenset({V.LISTENING, V.ASKING, V.PROCESSING}),
        V.ERROR_BLOCKING: frozenset(),
    }
)
"""Every change of view that can happen at all; ERROR_BLOCKING may be entered from anywhere."""

ATTEMPTS: Mapping[AttemptStatus, frozenset[AttemptStatus]] = MappingProxyType(
    {
        A.RECORDING: frozenset({A.CAPTURED, A.DISCARDED}),
        A.CAPTURED: frozenset({A.REVIEW, A.EVALUATING, A.DELAYED}),
        A.REVIEW: frozenset({A.EVALUATING, A.DELAYED}),
        A.EVALUATING: frozenset({A.EVALUATED, A.DELAYED, A.REVIEW}),
        A.DELAYED: frozenset({A.CAPTURED, A.EVALUATING, A.EVALUATED}),
        A.EVALUATED: frozenset({A.REVIEW}),
        A.DISCARDED: frozenset(),
    }
)

INTERVIEWS: Mapping[InterviewStatus, frozenset[InterviewStatus]] = MappingProxyType(
    {
        I.PLANNED: frozenset({I.IN_PROGRESS, I.ABANDONED}),
        I.IN_PROGRESS: frozenset({I.COMPLETED, I.ABANDONED}),
        I.ABANDONED: frozenset({I.IN_PROGRESS, I.PLANNED}),
        I.COMPLETED: frozenset(),
    }
)

_SAY = {
    V.INTRO_LOADING: "the interview has not started",
    V.ASKING: "the question is still being asked",
    V.LISTENING: "you are answering",
    V.PROCESSING: "your answer is being processed",
    V.FEEDBACK: "feedback is on the screen",
    V.ERROR_RECOVERABLE: "something failed; retry or move on",
    V.ERROR_BLOCKING: "the interview cannot go on",
}


def after(command: str, view: ViewState) -> ViewState:
    """Where `command` leads from `view`.

    Raises:
        IllegalCommandError: it is not legal there; nothing was changed.
    """
    target = COMMANDS[command].get(view)
    if target is None:
        raise IllegalCommandError(f"{command} is not possible now: {_SAY[view]}.")
    return target


def check_view(old: ViewState, new: ViewState) -> ViewState:
    """Returns `new` when the change of view is one the table knows.

    Raises:
        IllegalCommandError: the change does not exist.
    """
    if new in (old, V.ERROR_BLOCKING) or new in EVENTS[old]:
        return new
    raise IllegalCommandError(f"No way leads from {old} to {new}.")


def check_attempt(old: AttemptStatus, new: AttemptStatus) -> AttemptStatus:
    """Returns `new` when an attempt may go there (staying is always allowed).

    Raises:
        IllegalCommandError: it may not.
    """
    if new == old or new in ATTEMPTS[old]:
        return new
    raise IllegalCommandError(f"An attempt cannot go from {old} to {new}.")


def check_interview(old: InterviewStatus, new: InterviewStatus) -> InterviewStatus:
    """Returns `new` when an interview may go there (staying is always allowed).

    Raises:
        IllegalCommandError: it may not.
    """
    if new == old or new in INTERVIEWS[old]:
        return new
    raise IllegalCommandError(f"An interview cannot go from {old} to {new}.")
