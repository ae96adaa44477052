"""Everything the offline coach found out about one answer, in one value that all texts are made from."""

import re
from dataclasses import dataclass
from functools import cached_property

from coach.brain.reading.clauses import ROLES, ClauseReading, read_clauses
from coach.brain.reading.content import ContentScores, score_content
from coach.brain.reading.figures import figure_spans
from coach.brain.reading.ownership import Ownership, has_metric, read_ownership
from coach.brain.reading.question import Form, asked_form
from coach.brain.reading.star import StarItemReading, read_star
from coach.brain.reading.text import AnswerText, read_answer
from coach.brain.reading.units import Unit, units
from coach.brain.reading.verdicts import Verdict, verdict
from coach.contracts.brain import EvaluationInput
from coach.contracts.evaluation import StarStatus

MAX_CHARS = 20_000
_UNCOUNTED = frozenset({"result_praise", "result_absence"})
_FEWEST_STEPS = 2
_REPORTED = re.compile(
    r"\b(?:said|says|told|wrote|called (?:it|me|us)|gave (?:me|us)|thanked|(?:card|gift|flowers|letter))\b"
)
"""An outcome that is a reaction: its size is no figure."""


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
    def told_as_story(self) -> bool:
        """True when what was asked for has happened: always for a story, for a case where two steps are told so."""
        steps = [step for reading in self.clauses for step in reading.own_steps if step.mood == "told"]
        return self.form == "story" or (self.form == "plan" and len(steps) >= _FEWEST_STEPS)

    @property
    def judged(self) -> bool:
        """True when there is an answer in English whose content can be judged."""
        return self.verdict in ("", "no_example")

    @property
    def cut(self) -> bool:
        """True when the answer was too long to be judged whole."""
        return len(self.answer.transcript) < len(self.input.user_answer.transcript)

    @property
    def measured(self) -> bool:
        """True when the outcome holds a figure already, so that none is asked for."""
        told = self.star["result"].evidence
        return self.metric is not None or (told is not None and bool(figure_spans(told.clause.lower)))

    @property
    def figure_wanted(self) -> bool:
        """True when a figure would say more of the outcome; of praise, of words or of an absence it would not."""
        result = self.star["result"]
        told = result.evidence if result.status is StarStatus.PRESENT else None
        reaction = told is not None and bool(told.cues & _UNCOUNTED or _REPORTED.search(told.clause.lower))
        return not self.measured and not reaction

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


def judged_part(transcript: str) -> str:
    """The whole transcript, or its first `MAX_CHARS` characters to the last word: some twenty minutes of speech."""
    if len(transcript) <= MAX_CHARS:
        return transcript
    part = transcript[:MAX_CHARS]
    return part[: part.rfind(" ")] if " " in part[MAX_CHARS // 2 :] else part


def read(call: EvaluationInput) -> Reading:
    """Reads one answer; pure and deterministic."""
    answer = read_answer(judged_part(call.user_answer.transcript))
    clauses = read_clauses(answer)
    form = asked_form(call.question.text, call.question.type.lower())
    told = verdict(answer, clauses)
    story = form in ("story", "plan")
    star = read_star(answer, clauses, form=form, none=bool(told))
    ownership = read_ownership(clauses)
    metric = has_metric(clauses) if not told else None
    scores = score_content(answer, clauses, star, ownership, has_metric=metric is not None, story=story, verdict=told)
    return Reading(call, answer, clauses, form, star, told, ownership, metric, scores)


__all__ = ["ROLES", "Reading", "read"]
