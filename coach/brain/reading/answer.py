"""Everything the offline coach found out about one answer, in one value that all texts are made from."""

from dataclasses import dataclass
from functools import cached_property

from coach.brain.reading.clauses import ROLES, ClauseReading, read_clauses
from coach.brain.reading.content import ContentScores, score_content, star_score
from coach.brain.reading.language import is_english
from coach.brain.reading.linear_model import load_model
from coach.brain.reading.ownership import Ownership, has_metric, read_ownership
from coach.brain.reading.relevance import asked_form, explanation_relevance, relevance_features
from coach.brain.reading.star import StarItemReading, read_star
from coach.brain.reading.text import AnswerText, read_answer
from coach.brain.reading.units import Unit, units
from coach.contracts.brain import EvaluationInput
from coach.contracts.evaluation import StarStatus

LOW_RELEVANCE = 3.4
_CLAIM_WORDS = 40
_LITTLE_STORY, _ADDRESSED = 3.0, 4.0
"""A general answer in the question's own words addresses it, if generally."""
_EXPLANATION_WORDS = 12
_FULL_STORY, _OTHER_STORY = 6.0, 4.2


@dataclass(frozen=True)
class Reading:
    """One answer as read: clauses, STAR, relevance 0-10, ownership, metric, scores."""

    input: EvaluationInput
    answer: AnswerText
    clauses: list[ClauseReading]
    form: str
    star: dict[str, StarItemReading]
    relevance: float
    ownership: Ownership
    metric: ClauseReading | None
    scores: ContentScores
    english: bool

    @property
    def story_asked(self) -> bool:
        """True when STAR is asked for: a story, or a plan for a case."""
        return self.form in ("story", "plan")

    @property
    def empty(self) -> bool:
        """True when nothing was said that could be judged."""
        return self.answer.word_count < 2

    @property
    def off_topic(self) -> bool:
        """True when the question was missed."""
        return self.relevance <= LOW_RELEVANCE

    @property
    def no_example(self) -> bool:
        """True when a story was asked for and only a claim, or that there is none, was said."""
        steps = any(reading.own_steps for reading in self.clauses)
        return self.form == "story" and not steps and self.answer.word_count < _CLAIM_WORDS

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
    question = call.question
    form = asked_form(question.text, question.type.lower())
    star = read_star(answer, clauses, story_asked=form in ("story", "plan"))
    features = relevance_features(question.text, question.competency, question.type.lower(), answer, clauses)
    relevance = _relevance(features, answer)
    if form == "explain" and answer.word_count >= _EXPLANATION_WORDS:
        relevance = explanation_relevance(question.text, answer, clauses)
    relevance = _settled(relevance, star_score(star))
    if features["words.any"] and not (features["denial"] or features["no_answer"] or features["empty"]):
        relevance = max(relevance, _ADDRESSED) if star_score(star) < _LITTLE_STORY else relevance
    ownership = read_ownership(clauses)
    metric = has_metric(clauses)
    scores = score_content(
        answer, clauses, star, relevance, ownership, has_metric=metric is not None, story=form in ("story", "plan")
    )
    return Reading(call, answer, clauses, form, star, scores.relevance, ownership, metric, scores, is_english(answer))


def _settled(relevance: float, star: float) -> float:
    """A full story either fits or is another story: a low middle value (below 4.2) is drawn down to at most 3."""
    return relevance * 3 / _OTHER_STORY if star >= _FULL_STORY and relevance < _OTHER_STORY else relevance


def _relevance(features: dict[str, float], answer: AnswerText) -> float:
    if answer.word_count < 2:
        return 0.0
    return min(10.0, max(0.0, load_model("relevance_model", "relevance").value(features)))


__all__ = ["ROLES", "Reading", "read"]
