"""Where every planned question of an interview stands: answered, skipped, in hand, or still to come."""

from typing import Literal

from coach.contracts.events import QuestionDot
from coach.contracts.interview import Attempt, Exchange
from coach.interview import rollup
from coach.interview.live_state import LiveState

Standing = Literal["ahead", "current", "answered", "skipped"]


def what_counts(board: LiveState, question: Exchange) -> Attempt | None:
    """The attempt whose score counts for a question: its best, or the follow-up's answer where that completed it."""
    best = rollup.best_attempt(board.attempts_of(question.id))
    follow_up = board.follow_up_to(question)
    probe = rollup.best_attempt(board.attempts_of(follow_up.id)) if follow_up else None
    lifts = probe and best and (probe.overall_score or 0.0) >= (best.overall_score or 0.0)
    return probe if probe and lifts and probe.extra.completes_answer else best


def question_dots(board: LiveState, in_hand: Exchange | None) -> list[QuestionDot]:
    """One dot per planned question, in order."""
    current = board.question_of(in_hand) if in_hand else None
    return [_dot(board, question, number, current) for number, question in enumerate(board.questions(), start=1)]


def _dot(board: LiveState, question: Exchange, number: int, current: Exchange | None) -> QuestionDot:
    counted = what_counts(board, question)
    return QuestionDot(
        id=question.id,
        number=number,
        text=question.question_text,
        standing=_standing(board, question, current),
        overall=counted.overall_score if counted else None,
        attempt_id=counted.id if counted else "",
    )


def _standing(board: LiveState, question: Exchange, current: Exchange | None) -> Standing:
    if current and question.id == current.id:
        return "current"
    if board.answered(question.id):
        return "answered"
    return "skipped" if board.skipped(question) else "ahead"
