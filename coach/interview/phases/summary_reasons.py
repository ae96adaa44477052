"""Why a summary says what it says: every line with the question it rests on, so that something can be done about it.

A line speaks of a question when it names its competency, its words, its story or something its feedback says. A gap or
an exercise that names none of them rests on the lowest answer, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from coach.brain.planning.summary import BELOW_SOLID, SOLID
from coach.contracts.evaluation import STAR_ITEMS, Evaluation
from coach.contracts.events import SummaryLine, SummaryQuestion
from coach.contracts.interview import Attempt, Exchange, SessionSummary
from coach.interview.live_state import LiveState
from coach.interview.question_trail import what_counts

Kind = Literal["strength", "gap", "story", "plan", "resume"]
_NAMED_CHARS = 40
"""So much of a text is enough to recognise it where it is quoted shortened."""
_TO_MEND: frozenset[Kind] = frozenset({"gap", "plan"})


@dataclass(frozen=True, slots=True)
class Answered:
    """An answered question with what counts for it."""

    number: int
    exchange: Exchange
    attempt: Attempt
    evaluation: Evaluation
    attempts: int

    @property
    def overall(self) -> float:
        """0-10."""
        return self.attempt.overall_score or 0.0

    @property
    def open_items(self) -> list[str]:
        """STAR items that are not there, as "result missing"."""
        checklist = self.evaluation.content_feedback.star_checklist
        found = {name: getattr(checklist, name).status.value for name in STAR_ITEMS}
        return [f"{name} {status}" for name, status in found.items() if status != "present"]


def questions(board: LiveState) -> list[SummaryQuestion]:
    """Every planned question, the unanswered ones too."""
    out = []
    for number, exchange in enumerate(board.questions(), start=1):
        counted = what_counts(board, exchange)
        scored = [a for a in board.attempts_of(exchange.id) if a.overall_score is not None]
        out.append(
            SummaryQuestion(
                exchange_id=exchange.id,
                number=number,
                text=exchange.question_text,
                overall=counted.overall_score if counted else None,
                attempt_id=counted.id if counted else "",
                attempts=len(scored),
            )
        )
    return out


def lines(board: LiveState, summary: SessionSummary) -> list[SummaryLine]:
    """Every line of the summary with its reason; lines that stand twice stand once."""
    answered = answered_questions(board)
    kinds: tuple[tuple[Kind, Sequence[str]], ...] = (
        ("strength", summary.strengths),
        ("gap", summary.gaps),
        ("story", summary.stories_to_save),
        ("plan", summary.next_plan),
        ("resume", summary.resume_prompts),
    )
    return [_line(kind, text, answered) for kind, texts in kinds for text in dict.fromkeys(texts)]


def readiness_why(board: LiveState, summary: SessionSummary) -> str:
    """How the readiness came about, in one or two sentences; empty without one."""
    answered = answered_questions(board)
    if summary.readiness_score is None or not answered:
        return ""
    mean = fmean(item.overall for item in answered)
    weak = sum(item.overall < SOLID for item in answered)
    of = f"{len(answered)} of {len(board.questions())} questions answered; your best answers come to {mean:.1f} of 10"
    if abs(max(0.0, mean - BELOW_SOLID * weak) - summary.readiness_score) > 0.06:
        return f"{of}. The coach reads the stories behind them as {summary.readiness_score:.1f}. It is no verdict."
    less = f", less {BELOW_SOLID} for each of the {weak} below {SOLID}" if weak else ""
    return f"{of}{less}. It says how far your stories are, and is no verdict."


def answered_questions(board: LiveState) -> list[Answered]:
    """The answered questions by number."""
    out = []
    for number, exchange in enumerate(board.questions(), start=1):
        counted = what_counts(board, exchange)
        if counted and counted.evaluation and counted.overall_score is not None:
            scored = [a for a in board.attempts_of(exchange.id) if a.overall_score is not None]
            out.append(Answered(number, exchange, counted, counted.evaluation, len(scored)))
    return out


def _line(kind: Kind, text: str, answered: Sequence[Answered]) -> SummaryLine:
    named = [item for item in answered if _speaks_of(text, item)]
    chosen = _one_of(kind, named or (answered if kind in _TO_MEND else ()))
    why = _why(kind, chosen, named, len(answered))
    if chosen is None:
        return SummaryLine(kind=kind, text=text, why=why)
    return SummaryLine(kind=kind, text=text, why=why, exchange_id=chosen.exchange.id, attempt_id=chosen.attempt.id)


def _one_of(kind: Kind, found: Sequence[Answered]) -> Answered | None:
    if not found:
        return None
    return min(found, key=lambda a: a.overall) if kind in _TO_MEND else max(found, key=lambda a: a.overall)


def _why(kind: Kind, chosen: Answered | None, named: Sequence[Answered], count: int) -> str:
    if chosen is None:
        return f"From your {count} answers together." if count > 1 else "From your answer."
    where = f"Question {chosen.number}, {chosen.overall:.1f} of 10"
    if chosen.attempts > 1:
        where += f", the best of {chosen.attempts} attempts"
    if kind not in _TO_MEND:
        return f"{where}."
    lead = "" if named else "Your lowest answer: "
    where = where if not lead else where[0].lower() + where[1:]
    return f"{lead}{where}{': ' + ', '.join(chosen.open_items) if chosen.open_items else ''}."


def _speaks_of(text: str, item: Answered) -> bool:
    folded = text.lower()
    feedback, rewrite = item.evaluation.content_feedback, item.evaluation.rewrite
    signs = [
        item.exchange.competency,
        item.exchange.question_text[:_NAMED_CHARS],
        item.evaluation.library_suggestion.suggested_title,
        rewrite.star_version.result[:_NAMED_CHARS],
        feedback.one_action_tip[:_NAMED_CHARS],
        *(strength[:_NAMED_CHARS] for strength in feedback.top_strengths),
    ]
    return any(sign.strip() and sign.strip().lower() in folded for sign in signs)
