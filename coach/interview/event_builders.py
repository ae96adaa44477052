"""Events made of records: the one place where a record becomes what a client sees."""

from collections.abc import Sequence
from typing import Any

from coach.contracts.brain import Care, Evidence
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import (
    CoachNote,
    ContentFeedback,
    DeliveryFeedback,
    Evaluation,
    LibrarySuggestion,
    Rewrite,
    Scoring,
)
from coach.contracts.events import (
    AttemptDot,
    EvidenceSpan,
    FollowUpQueued,
    FollowUpQueuedPayload,
    NoFollowUp,
    NoFollowUpPayload,
    UpdateRewrite,
    UpdateRewritePayload,
    UpdateScores,
    UpdateScoresPayload,
)
from coach.contracts.interview import Attempt, AttemptRank
from coach.interview.rollup import ranks, standing
from coach.interview.spoken_text import gaps, timed_sentences

NOT_VERBATIM = "Fillers not measurable with this transcriber."
DELAYED = "We captured your answer. Feedback is delayed."
STOOD_IN = "The model on this computer did not manage this answer. The offline coach judged it."


def spans(evidence: Sequence[Evidence]) -> list[EvidenceSpan]:
    """Evidence without its quotes: the client has the transcript."""
    return [EvidenceSpan(path=e.path, start=e.start, end=e.end, start_s=e.start_s, end_s=e.end_s) for e in evidence]


def dots(attempts: Sequence[Attempt]) -> list[AttemptDot]:
    """History of a question, by attempt number."""
    rank = ranks(attempts)
    return [
        AttemptDot(
            attempt_id=a.id,
            attempt_number=a.attempt_number,
            overall=a.overall_score,
            rank=rank[a.id],
            status=a.status.value,
        )
        for a in standing(attempts)
    ]


def delivery_dict(attempt: Attempt) -> dict[str, object]:
    """The measured delivery as the client shows it.

    `baseline` is empty without a history of the speaker's own; `gaps` are the pauses of a second and more with the
    place in the text where they fall; `sentences` are `[start, end, start_s, end_s]` of what was said.
    """
    delivery = attempt.delivery or DeliveryMetrics()
    return {
        **delivery.model_dump(mode="json"),
        "baseline": [row.model_dump() for row in attempt.extra.baseline],
        "gaps": [gap._asdict() for gap in gaps(attempt.transcript, delivery)],
        "sentences": timed_sentences(attempt.transcript),
    }


def notices(attempt: Attempt) -> list[str]:
    """What the person must be told about how this feedback came about."""
    said = list(attempt.transcript.notes) if attempt.transcript else []
    if attempt.delivery and not attempt.delivery.verbatim:
        said.append(NOT_VERBATIM)
    return said


def scores(
    attempt: Attempt,
    attempts: Sequence[Attempt],
    scoring: Scoring,
    content: ContentFeedback,
    delivery: DeliveryFeedback,
    *,
    evidence: Sequence[Evidence] = (),
    comparison: str = "",
    label: str = "",
    extra_notices: Sequence[str] = (),
    updated: bool = False,
    care: Care | None = None,
) -> UpdateScores:
    """UPDATE_SCORES; `attempts` are those of the exchange, this one included with its overall."""
    history = dots(attempts)
    rank = next((d.rank for d in history if d.attempt_id == attempt.id), AttemptRank.CURRENT)
    return UpdateScores(
        payload=UpdateScoresPayload(
            attempt_id=attempt.id,
            attempt_number=attempt.attempt_number,
            attempt_status=rank,
            overall=scoring.overall,
            content=scoring.content,
            delivery=scoring.delivery,
            star_checklist=content.star_checklist,
            scoring=scoring,
            content_feedback=content,
            delivery_feedback=delivery,
            delivery_metrics=delivery_dict(attempt),
            history=history,
            comparison=comparison,
            evidence=spans(evidence),
            label=label,
            notices=[*extra_notices, *notices(attempt)],
            updated=updated,
            care=care,
            self_rating=attempt.extra.self_rating,
        )
    )


def rewrite(
    attempt: Attempt,
    value: Rewrite,
    notes: Sequence[CoachNote],
    suggestion: LibrarySuggestion,
    evidence: Sequence[Evidence] = (),
) -> UpdateRewrite:
    """UPDATE_REWRITE."""
    hits = attempt.delivery.filler_hits if attempt.delivery else []
    repeated = attempt.delivery.repetitions if attempt.delivery else []
    return UpdateRewrite(
        payload=UpdateRewritePayload(
            attempt_id=attempt.id,
            transcript=attempt.transcript.text if attempt.transcript else "",
            polished_answer=value.polished_answer,
            rewrite=value,
            coach_notes=list(notes),
            library_suggestion=suggestion,
            filler_hits=[(h.start, h.end) for h in hits],
            repetitions=[(r.start, r.end) for r in repeated],
            evidence=spans(evidence),
        )
    )


def stored_scores(attempt: Attempt, attempts: Sequence[Attempt], evaluation: Evaluation, **how: Any) -> UpdateScores:
    """UPDATE_SCORES of an attempt that has its evaluation."""
    return scores(
        attempt,
        attempts,
        evaluation.scoring,
        evaluation.content_feedback,
        evaluation.delivery_feedback,
        evidence=attempt.evidence,
        care=attempt.care,
        **how,
    )


def stored_rewrite(attempt: Attempt, evaluation: Evaluation) -> UpdateRewrite:
    """UPDATE_REWRITE of an attempt that has its evaluation."""
    return rewrite(attempt, evaluation.rewrite, evaluation.coach_notes, evaluation.library_suggestion, attempt.evidence)


def follow_up(attempt_id: str, text: str, task_id: str = "") -> FollowUpQueued:
    """FOLLOW_UP_QUEUED."""
    return FollowUpQueued(
        payload=FollowUpQueuedPayload(question_text=text, heygen_task_id=task_id, attempt_id=attempt_id)
    )


def no_follow_up(attempt_id: str) -> NoFollowUp:
    """NO_FOLLOW_UP."""
    return NoFollowUp(payload=NoFollowUpPayload(attempt_id=attempt_id))
