"""Everything the offline coach found out about one answer, in one value that all texts are made from."""

from dataclasses import dataclass
from functools import cached_property

from coach.brain.reading.clauses import ROLES, ClauseReading, read_clauses
from coach.brain.reading.content import ContentScores, score_content
from coach.brain.reading.ownership import Ownership, has_metric, read_ownership
from coach.brain.reading.question import Form, asked_form
from coach.brain.reading.star import StarItemReading, read_star
from coach.brain.reading.text import AnswerText, read_answer
from coach.brain.reading.units import Unit, units
from coach.brain.reading.verdicts import Verdict, verdict
from coach.contracts.brain import EvaluationInput
from coach.contracts.evaluation import StarStatus


@dataclass(frozen=True)
class Reading:
    """One answer as read; `verdict` is what is certain about an answer that is none, else empty."""

    input: EvaluationInput
    answer: AnswerText
    clauses: list[ClauseReading]
    form: Form
    star: dict[str, StarItemReading]
    verdict: Verdict
    ownership: Ownership
    metric: ClauseReading | None
    scores: ContentScores

    @property
    def story_asked(self) -> bool:
        """True when STAR is asked for: a story, or a plan for a case."""
        return self.form in ("story", "plan")

    @property
    def judged(self) -> bool:
        """True when there is an answer in English whose content can be judged."""
        return self.verdict in ("", "no_example")

    def incomplete(self) -> list[str]:
        """STAR items that are missing or weak, the most costly first."""
        missing, weak = StarStatus.MISSING, StarStatus.WEAK
        order = [(n, s) for s in (missing, weak) for n in ("action", "result")]
        order += [(n, s) for s in (missing, weak) for n in ("task", "situation")]
        return [name for name, status in order if self.star[name].status is status]

    @cached_property
    def units(self) -> list[Unit]:
        """Printable stretches."""
        return units(self.answer, self.clauses)


def read(call: EvaluationInput) -> Reading:
    """Reads one answer; pure and deterministic."""
    answer = read_answer(call.user_answer.transcript)
    clauses = read_clauses(answer)
    form = asked_form(call.question.text, call.question.type.lower())
    told = verdict(answer, clauses)
    story = form in ("story", "plan")
    star = read_star(answer, clauses, story_asked=story, none=bool(told))
    ownership = read_ownership(clauses)
    metric = has_metric(clauses) if not told else None
    scores = score_content(answer, clauses, star, ownership, has_metric=metric is not None, story=story, verdict=told)
    return Reading(call, answer, clauses, form, star, told, ownership, metric, scores)


__all__ = ["ROLES", "Reading", "read"]
