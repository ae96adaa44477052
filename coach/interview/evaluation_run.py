"""The race after *Finish*: transcript, delivery, one streamed evaluation, and each event the moment it is due.

One `EvaluationRun` handles one attempt. It never changes the view itself: it tells its host, the conductor, and a part
that fails (avatar, archive, verbatim pass) never stops the others. Order is kept here: exactly one FOLLOW_UP_QUEUED or
NO_FOLLOW_UP, then anything the avatar says, then UPDATE_SCORES, then UPDATE_REWRITE.
"""

from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from coach.brain.evaluation.progress import EvaluationFinished, MarkReached, SectionReady
from coach.brain.port import EvaluationCall
from coach.contracts.brain import (
    MAX_ANSWER_CHARS,
    DeliveryInput,
    EvaluationInput,
    EvaluationResult,
    Evidence,
    HistoryItem,
    JobContext,
    Question,
    UserAnswer,
)
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import Evaluation, FollowUp
from coach.contracts.events import Event
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, new_id
from coach.contracts.transcript import Transcript
from coach.interview import event_builders as payloads
from coach.interview.dependencies import Dependencies
from coach.interview.latency import Timeline
from coach.interview.rollup import comparison

CALLS_PER_EVALUATION = 10
"""Call numbers one evaluation with its repairs may use."""
_SCORE_PARTS = ("scoring", "content_feedback", "delivery_feedback")
_REWRITE_PARTS = ("rewrite", "coach_notes", "library_suggestion")


class RaceHost(Protocol):
    """What a race needs of its conductor."""

    @property
    def parts(self) -> Dependencies:
        """The injected parts."""

    def emit_for(self, attempt_id: str, event: Event) -> None:
        """Tells the clients, and remembers it for those who come later."""

    def siblings(self, attempt: Attempt) -> list[Attempt]:
        """Standing attempts of the same exchange, this one as given."""

    def scores_out(self, attempt_id: str) -> None:
        """The first scores were told: feedback may be shown when the skeleton had its time."""

    def decided(self, attempt_id: str) -> str:
        """What clients were told before, when feedback is asked for again: `asked`, `none`, or empty."""

    def may_follow_up(self, attempt: Attempt) -> bool:
        """Whether a follow-up is possible at all: at most one per question, none to a follow-up."""

    def speak_follow_up(self, attempt_id: str, text: str, task_id: str, timeline: Timeline) -> None:
        """Starts speaking at once, in its own task."""

    async def withdraw_follow_up(self, attempt_id: str) -> None:
        """Takes a follow-up back that the rest of the evaluation contradicts."""

    async def complete(self, attempt: Attempt, result: EvaluationResult, timeline: Timeline) -> Attempt:
        """Stores the evaluation, the roll-up and the usage."""


def delivery_input(delivery: DeliveryMetrics) -> DeliveryInput:
    """The measured delivery as the model is told it."""
    return DeliveryInput(
        wpm=delivery.wpm,
        filler_count=delivery.filler_count,
        long_pause_count=delivery.long_pause_count,
        clarity_note=delivery.clarity_note,
        eye_contact_proxy_score_0_to_10=delivery.eye_contact,
    )


def evaluation_call(
    exchange: Exchange,
    attempt: Attempt,
    earlier: Sequence[Attempt],
    job: JobContext,
    policy_version: str,
    resume_text: str = "",
) -> EvaluationCall:
    """The one call for `attempt`; it must have transcript and delivery.

    An evaluation that a crash cut off is called again under the same number, so that its use is billed once; feedback
    that failed and is asked for again is a new call.
    """
    transcript = attempt.transcript or Transcript(text="", transcriber="", source="typed")
    history = [
        HistoryItem(
            attempt_number=a.attempt_number,
            overall=a.overall_score,
            headline=a.evaluation.content_feedback.headline if a.evaluation else "",
        )
        for a in earlier
        if a.overall_score is not None
    ]
    question = Question(
        text=exchange.question_text,
        type=exchange.question_type,
        competency=exchange.competency,
        is_follow_up=exchange.follow_up_of is not None,
    )
    answer = UserAnswer(transcript=transcript.text[:MAX_ANSWER_CHARS], duration_seconds=attempt.duration_seconds)
    whole = EvaluationInput(
        policy_version=policy_version or "mi_v1.0",
        question=question,
        job_context=job,
        user_answer=answer,
        delivery_metrics=delivery_input(attempt.delivery or DeliveryMetrics()),
        attempt_history=history,
    )
    return EvaluationCall(
        input=whole,
        attempt_id=attempt.id,
        resume_text=resume_text,
        call_number=1 + CALLS_PER_EVALUATION * int(attempt.extra.get("feedback_retries", 0)),
        interview_id=attempt.interview_id,
    )


class EvaluationRun:
    """One evaluation of one attempt, from transcript to stored row."""

    def __init__(
        self,
        host: RaceHost,
        attempt: Attempt,
        timeline: Timeline,
        noise_sd: float | None,
        kept: Awaitable[Any] | None = None,
    ) -> None:
        """`attempt` carries transcript and delivery; `kept` is the write that stores them meanwhile."""
        self._kept = kept
        self._host = host
        self._attempt = attempt
        self._timeline = timeline
        self._noise_sd = noise_sd
        self._sections: dict[str, Any] = {}
        self._evidence: list[Evidence] = []
        self._decided = host.decided(attempt.id)
        self._asked = self._decided == "asked"
        self._scores: tuple[Any, ...] | None = None
        self._rewrite: tuple[Any, ...] | None = None

    async def run(self, call: EvaluationCall) -> Attempt:
        """Streams the evaluation and returns the attempt as stored."""
        parts = self._host.parts
        attempt = self._attempt
        result: EvaluationResult | None = None
        steps = parts.evaluate(
            parts.brain,
            call,
            transcript=attempt.transcript,
            delivery=attempt.delivery,
            policy=parts.policy,
            bundle=parts.bundle,
        )
        async with aclosing(steps) as stream:  # type: ignore[type-var]
            async for step in stream:
                result = await self._step(step) or result
        if result is None:
            raise RuntimeError("The evaluation ended without a result.")
        await self._settle(result)
        if self._kept:
            await self._kept
        return await self._host.complete(self._scored(result), result, self._timeline)

    async def _step(self, step: Any) -> EvaluationResult | None:
        match step:
            case MarkReached(name=name):
                self._timeline.mark(name)
            case SectionReady():
                self._section(step)
            case EvaluationFinished(result=result):
                return result
        return None

    def _section(self, ready: SectionReady) -> None:
        self._sections[ready.name] = ready.value
        self._evidence = [*self._evidence, *ready.evidence]
        if ready.name == "follow_up":
            self._decide(ready.value)
        elif not self._decided:
            return
        if self._scores is None and all(name in self._sections for name in _SCORE_PARTS):
            self._tell_scores()
        if self._scores and self._rewrite is None and all(name in self._sections for name in _REWRITE_PARTS):
            self._tell_rewrite()

    def _decide(self, value: FollowUp) -> None:
        self._timeline.mark("follow_up_complete")
        if self._decided:
            return
        attempt_id = self._attempt.id
        self._asked = value.should_ask and bool(value.question_text) and self._host.may_follow_up(self._attempt)
        self._decided = "asked" if self._asked else "none"
        if not self._asked:
            self._host.emit_for(attempt_id, payloads.no_follow_up(attempt_id))
            return
        task_id = new_id()
        self._host.emit_for(attempt_id, payloads.follow_up(attempt_id, value.question_text, task_id))
        self._host.speak_follow_up(attempt_id, value.question_text, task_id, self._timeline)

    def _tell_scores(self, *, updated: bool = False, notice: str = "") -> None:
        self._scores = tuple(self._sections[name] for name in _SCORE_PARTS)
        scoring, content, delivery = self._scores
        attempt = self._attempt.model_copy(update={"overall_score": None if notice else scoring.overall})
        siblings = self._host.siblings(attempt)
        earlier = [a.overall_score for a in siblings if a.id != attempt.id and a.overall_score is not None]
        event = payloads.scores(
            attempt,
            siblings,
            scoring,
            content,
            delivery,
            evidence=self._evidence,
            comparison="" if notice else comparison(scoring.overall, earlier, self._noise_sd),
            label=self._host.parts.brain.label,
            extra_notices=[notice] if notice else [],
            updated=updated,
        )
        self._host.emit_for(attempt.id, event)
        self._timeline.mark("first_scores")
        self._host.scores_out(attempt.id)

    def _tell_rewrite(self) -> None:
        self._rewrite = tuple(self._sections[name] for name in _REWRITE_PARTS)
        value, notes, suggestion = self._rewrite
        event = payloads.rewrite(self._attempt, value, notes, suggestion, self._evidence)
        self._host.emit_for(self._attempt.id, event)
        self._timeline.mark("rewrite")

    async def _settle(self, result: EvaluationResult) -> None:
        """Tells what the stream left untold, and mends what the whole evaluation decided otherwise."""
        final = result.evaluation
        self._evidence = list(result.evidence)
        if not self._decided:
            self._decide(final.follow_up)
        elif self._asked and not final.follow_up.should_ask:
            self._asked = False
            await self._host.withdraw_follow_up(self._attempt.id)
        self._sections.update({name: getattr(final, name) for name in (*_SCORE_PARTS, *_REWRITE_PARTS)})
        notice = payloads.DELAYED if result.status == "fallback" else ""
        if self._scores != tuple(self._sections[name] for name in _SCORE_PARTS):
            self._tell_scores(updated=self._scores is not None, notice=notice)
        if self._rewrite != tuple(self._sections[name] for name in _REWRITE_PARTS):
            self._tell_rewrite()

    def _scored(self, result: EvaluationResult) -> Attempt:
        """The attempt with everything the evaluation brought; a fallback never enters the roll-up."""
        fallback = result.status == "fallback"
        evaluation: Evaluation = result.evaluation
        return self._attempt.model_copy(
            update={
                "status": AttemptStatus.DELAYED if fallback else AttemptStatus.EVALUATED,
                "evaluation": evaluation,
                "evidence": result.evidence,
                "guards": result.guards,
                "failed_outputs": result.failed_outputs,
                "overall_score": None if fallback else evaluation.scoring.overall,
                "prompt_version": result.bundle or self._host.parts.bundle,
                "policy_version": evaluation.metadata.policy_version,
                "model": result.model,
                "brain": result.brain,
                "relevance_judged": result.relevance_judged,
                "extra": {**self._attempt.extra, "follow_up_asked": self._asked, "evaluation_status": result.status},
            }
        )
