"""The evaluation of one attempt as a stream of decisions, each the moment it can be made.

An `EvaluationRun` tells nobody anything and stores nothing: it yields, and whoever reads it (`phases.feedback`) acts.
Order is kept here: exactly one `FollowUpKnown`, then `ScoresKnown`, then `RewriteKnown`; the last is always
`EvaluationDone` or `EvaluationFailed`.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from coach.brain.evaluation.progress import CareTaken, EvaluationFinished, MarkReached, SectionReady, StoodIn
from coach.brain.port import EvaluationCall
from coach.contracts.brain import Care, EvaluationResult, Evidence
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import (
    CoachNote,
    ContentFeedback,
    DeliveryFeedback,
    Evaluation,
    FollowUp,
    LibrarySuggestion,
    Rewrite,
    Scoring,
    SectionName,
)
from coach.contracts.interview import Attempt
from coach.contracts.transcript import typed_transcript
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.interview.answer.completed import CompletedAnswer
from coach.interview.answer.decisions import (
    Decision,
    EvaluationDone,
    EvaluationFailed,
    FollowUpKnown,
    FollowUpWithdrawn,
    RewriteKnown,
    ScoresKnown,
)
from coach.interview.answer.evaluation_call import judged
from coach.interview.dependencies import Dependencies
from coach.interview.latency import Timeline

_SCORE_PARTS: tuple[SectionName, ...] = ("scoring", "content_feedback", "delivery_feedback")
_REWRITE_PARTS: tuple[SectionName, ...] = ("rewrite", "coach_notes", "library_suggestion")


@dataclass(slots=True)
class EvaluationRun:
    """One evaluation of one attempt, which has transcript and delivery.

    Attributes:
        told: what clients were told before, when feedback is asked for again: `asked`, `none`, or empty.
        may_follow_up: at most one per question, none to a follow-up.
        completed: the whole that is judged when the attempt answers a follow-up.
        on_abandoned: takes what had been used when the run is given up.
    """

    parts: Dependencies
    call: EvaluationCall
    attempt: Attempt
    timeline: Timeline
    told: str = ""
    may_follow_up: bool = True
    completed: CompletedAnswer | None = None
    on_abandoned: Callable[[Sequence[UsageEvent]], None] | None = None
    _sections: dict[SectionName, Any] = field(default_factory=dict)
    _evidence: tuple[Evidence, ...] = ()
    _scores: ScoresKnown | None = None
    _rewrite: RewriteKnown | None = None
    _care: Care | None = None
    _stood_in: str = ""

    async def decisions(self) -> AsyncGenerator[Decision, None]:
        """Streams the evaluation. Closing the iterator cancels the call."""
        steps = self.parts.evaluate(
            self.parts.brain,
            self.call,
            transcript=self.completed.transcript if self.completed else self.attempt.transcript or typed_transcript(""),
            delivery=self.attempt.delivery or DeliveryMetrics(),
            policy=self.parts.policy,
            bundle=self.parts.bundle,
            on_abandoned=self.on_abandoned,
        )
        try:
            async with aclosing(steps) as stream:
                async for step in stream:
                    match step:
                        case MarkReached(name=name):
                            self.timeline.mark(name)
                        case CareTaken(care=care):
                            self._care = care
                        case StoodIn(brain=name):
                            self._stood_in = name
                        case SectionReady():
                            for decision in self._section(step):
                                yield decision
                        case EvaluationFinished(result=result):
                            for decision in self._end(result):
                                yield decision
                            return
        except CoachError as error:
            yield EvaluationFailed(error)
            return
        yield EvaluationFailed(CoachError("The evaluation ended without a result."))

    def _section(self, ready: SectionReady) -> Iterator[Decision]:
        """Nothing is told before it is known whether a follow-up is asked."""
        self._sections[ready.name] = ready.value
        self._evidence = (*self._evidence, *self._own(ready.evidence))
        if ready.name == "follow_up":
            yield from self._follow_up(ready.value)
        elif not self.told:
            return
        if self._scores is None and all(name in self._sections for name in _SCORE_PARTS):
            self._scores = self._scored()
            yield self._scores
        if self._scores and self._rewrite is None and all(name in self._sections for name in _REWRITE_PARTS):
            self._rewrite = self._rewritten()
            yield self._rewrite

    def _own(self, evidence: Sequence[Evidence]) -> Sequence[Evidence]:
        """Evidence in this attempt's own words."""
        return self.completed.of_own(evidence) if self.completed else evidence

    def _follow_up(self, value: FollowUp) -> Iterator[Decision]:
        self.timeline.mark("follow_up_complete")
        if self.told:
            return
        question = value.question_text if value.should_ask and self.may_follow_up else ""
        self.told = "asked" if question else "none"
        yield FollowUpKnown(question)

    def _scored(self) -> ScoresKnown:
        scoring, content, delivery = (self._sections[name] for name in _SCORE_PARTS)
        return ScoresKnown(scoring, content, delivery, self._evidence, care=self._care, stood_in=self._stood_in)

    def _rewritten(self) -> RewriteKnown:
        rewrite, notes, suggestion = (self._sections[name] for name in _REWRITE_PARTS)
        return RewriteKnown(rewrite, notes, suggestion, self._evidence)

    def _end(self, result: EvaluationResult) -> Iterator[Decision]:
        """What the stream left untold, what the whole evaluation decided otherwise, and the end."""
        final = result.evaluation
        self._evidence = tuple(self._own(result.evidence))
        if not self.told:
            yield from self._follow_up(final.follow_up)
        elif self.told == "asked" and not final.follow_up.should_ask:
            self.told = "none"
            yield FollowUpWithdrawn()
        self._care = result.care
        yield from self._corrected(final, late=result.status == "fallback")
        attempt = judged(self.attempt, result, follow_up_asked=self.told == "asked", completed=self.completed)
        yield EvaluationDone(attempt, tuple(result.usage))

    def _corrected(self, final: Evaluation, *, late: bool) -> Iterator[Decision]:
        before, rewritten = self._scores, self._rewrite
        scores = ScoresKnown(
            final.scoring,
            final.content_feedback,
            final.delivery_feedback,
            self._evidence,
            updated=before is not None,
            late=late,
            care=self._care,
            stood_in=self._stood_in,
        )
        if before is None or _parts(before) != _parts(scores):
            yield scores
        rewrite = RewriteKnown(final.rewrite, final.coach_notes, final.library_suggestion, self._evidence)
        if rewritten is None or _texts(rewritten) != _texts(rewrite):
            yield rewrite


def _parts(known: ScoresKnown) -> tuple[Scoring, ContentFeedback, DeliveryFeedback, Care | None]:
    return known.scoring, known.content, known.delivery, known.care


def _texts(known: RewriteKnown) -> tuple[Rewrite, list[CoachNote], LibrarySuggestion]:
    return known.rewrite, list(known.notes), known.suggestion
