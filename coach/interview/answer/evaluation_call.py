"""An attempt on its way into an evaluation and out of it: the call made of records, the records made of its result."""

from collections.abc import Sequence

from coach.brain.port import EvaluationCall
from coach.contracts.brain import (
    MAX_ANSWER_CHARS,
    DeliveryInput,
    EvaluationInput,
    EvaluationResult,
    HistoryItem,
    JobContext,
    Question,
    UserAnswer,
)
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, AttemptStatus, Exchange
from coach.contracts.transcript import typed_transcript
from coach.interview.answer.completed import CompletedAnswer
from coach.interview.rollup import counted_score

CALLS_PER_EVALUATION = 10
"""Call numbers one evaluation with its repairs may use."""


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
    completed: CompletedAnswer | None = None,
) -> EvaluationCall:
    """The one call for `attempt`; it must have transcript and delivery. `completed` is the whole it is a part of.

    An evaluation that a crash cut off is called again under the same number, so that its use is billed once; feedback
    that failed and is asked for again is a new call.
    """
    transcript = completed.transcript if completed else attempt.transcript or typed_transcript("")
    question = Question(
        text=completed.question if completed else exchange.question_text,
        type=exchange.question_type,
        competency=exchange.competency,
        is_follow_up=exchange.follow_up_of is not None,
    )
    whole = EvaluationInput(
        policy_version=policy_version,
        question=question,
        job_context=job,
        user_answer=UserAnswer(
            transcript=transcript.text[:MAX_ANSWER_CHARS], duration_seconds=attempt.duration_seconds
        ),
        delivery_metrics=delivery_input(attempt.delivery or DeliveryMetrics()),
        attempt_history=_history(earlier),
    )
    return EvaluationCall(
        input=whole,
        attempt_id=attempt.id,
        resume_text=resume_text,
        call_number=1 + CALLS_PER_EVALUATION * attempt.extra.feedback_retries,
        interview_id=attempt.interview_id,
    )


def _history(earlier: Sequence[Attempt]) -> list[HistoryItem]:
    return [
        HistoryItem(
            attempt_number=a.attempt_number,
            overall=a.overall_score,
            headline=a.evaluation.content_feedback.headline if a.evaluation else "",
        )
        for a in earlier
        if a.overall_score is not None
    ]


def judged(
    attempt: Attempt,
    result: EvaluationResult,
    *,
    follow_up_asked: bool | None = None,
    completed: CompletedAnswer | None = None,
) -> Attempt:
    """The attempt with everything the evaluation brought; a fallback stays delayed and never enters the roll-up.

    `follow_up_asked` is None where it comes too late to be asked: what clients were told before stands.
    """
    fallback = result.status == "fallback"
    evaluation = result.evaluation
    known: dict[str, object] = {
        "evaluation_status": result.status,
        "care": result.care,
        "completes_answer": completed is not None,
    }
    if follow_up_asked is not None:
        known["follow_up_asked"] = follow_up_asked
    changes = {
        "status": AttemptStatus.DELAYED if fallback else AttemptStatus.EVALUATED,
        "evaluation": evaluation,
        "evidence": completed.of_own(result.evidence) if completed else result.evidence,
        "guards": result.guards,
        "failed_outputs": [*attempt.failed_outputs, *result.failed_outputs],
        "overall_score": counted_score(result),
        "prompt_version": result.bundle or attempt.prompt_version,
        "policy_version": evaluation.metadata.policy_version,
        "model": result.model,
        "brain": result.brain,
        "relevance_judged": result.relevance_judged,
    }
    return attempt.model_copy(update=changes).noting(**known)
