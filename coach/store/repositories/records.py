"""Records to rows and back. The contracts decide the shapes; only this module knows which column holds what."""

from sqlalchemy.engine import RowMapping

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import Evaluation
from coach.contracts.interview import Attempt, Exchange, Interview
from coach.contracts.transcript import Transcript
from coach.contracts.usage import UsageEvent
from coach.speech.pieces.confidence import mean_confidence
from coach.store.tables.core import SCORE_COLUMNS

Row = dict[str, object]

_JSON_FIELDS = ("evidence", "guards")
_SAME_FIELDS = (
    "id", "exchange_id", "interview_id", "attempt_number", "overall_score", "audio_uri", "audio_expires_at",
    "audio_deleted_at", "duration_seconds", "prompt_version", "policy_version", "model", "brain", "transcriber",
    "created_at", "finished_at",
)  # fmt: skip


def interview_row(interview: Interview) -> Row:
    """The row of an interview."""
    row = interview.model_dump()
    plain = interview.model_dump(mode="json", include={"status", "summary", "job"})
    return row | plain


def interview_from(row: RowMapping) -> Interview:
    """The interview of a row."""
    values = {name: row[name] for name in Interview.model_fields}
    for name in ("strengths", "gaps", "plan"):
        values[name] = values[name] or []
    values["job"] = values["job"] or {}
    return Interview.model_validate(values)


def exchange_row(exchange: Exchange) -> Row:
    """The row of an exchange."""
    return exchange.model_dump()


def exchange_from(row: RowMapping) -> Exchange:
    """The exchange of a row."""
    return Exchange.model_validate({name: row[name] for name in Exchange.model_fields})


def attempt_row(attempt: Attempt) -> Row:
    """The row of an attempt: whole records as JSON, and typed columns for what charts read."""
    plain = attempt.model_dump(mode="json", include={*_JSON_FIELDS, "failed_outputs", "timeline", "extra", "status"})
    row = {name: getattr(attempt, name) for name in _SAME_FIELDS} | plain
    row |= {"evaluation_status": attempt.extra.evaluation_status or None, "guard_count": len(attempt.guards)}
    return (
        row
        | _transcript_columns(attempt.transcript)
        | _delivery_columns(attempt.delivery)
        | _score_columns(
            attempt.evaluation,
            relevance_judged=attempt.relevance_judged,
            scored=not (attempt.care and attempt.care.unscored),
        )
    )


def attempt_from(row: RowMapping) -> Attempt:
    """The attempt of a row."""
    values = {name: row[name] for name in _SAME_FIELDS}
    values |= {name: row[name] or [] for name in (*_JSON_FIELDS, "failed_outputs")}
    values |= {"timeline": row["timeline"] or {}, "extra": row["extra"] or {}, "status": row["status"]}
    values["transcript"] = _transcript_from(row)
    values["delivery"] = row["delivery_metrics"]
    values["evaluation"] = row["evaluation"]
    values["relevance_judged"] = row["evaluation"] is None or row["relevance_score"] is not None
    return Attempt.model_validate(values)


def usage_row(event: UsageEvent) -> Row:
    """The row of a usage event, waiting to be billed when it is billable."""
    return event.model_dump() | {"billed_state": "pending" if event.billable else "skipped", "outbox_tries": 0}


def usage_from(row: RowMapping) -> UsageEvent:
    """The usage event of a row."""
    return UsageEvent.model_validate({name: row[name] for name in UsageEvent.model_fields})


def _transcript_columns(transcript: Transcript | None) -> Row:
    if transcript is None:
        return {"transcript": None, "words": None, "transcript_origin": None}
    plain = transcript.model_dump(mode="json")
    sure = {"recognition_confidence": mean_confidence(transcript.words)}
    return {"transcript": plain.pop("text"), "words": plain.pop("words"), "transcript_origin": plain, **sure}


def _transcript_from(row: RowMapping) -> Transcript | None:
    if row["transcript"] is None or row["transcript_origin"] is None:
        return None
    parts = {"text": row["transcript"], "words": row["words"] or []}
    return Transcript.model_validate({**row["transcript_origin"], **parts})


def _delivery_columns(delivery: DeliveryMetrics | None) -> Row:
    names = ("wpm", "articulation_wpm", "word_count", "filler_count", "long_pause_count", "verbatim")
    row: Row = {name: getattr(delivery, name) if delivery else None for name in names}
    row["speech_seconds"] = delivery.speech_s if delivery else None
    row["delivery_metrics"] = delivery.model_dump(mode="json") if delivery else None
    return row


def _score_columns(evaluation: Evaluation | None, *, relevance_judged: bool, scored: bool) -> Row:
    """The typed scores; relevance stays empty where it was not judged, all of them where coaching stopped."""
    if evaluation is None:
        return dict.fromkeys((*SCORE_COLUMNS, "content_scores", "evaluation", "coach_notes", "rewritten_answer"))
    plain = evaluation.model_dump(mode="json")
    scoring, said, spoken = (
        evaluation.scoring,
        evaluation.scoring.content_breakdown,
        evaluation.scoring.delivery_breakdown,
    )
    seen = evaluation.metadata.eye_contact_available
    numbers: Row = {
        "content_score": scoring.content,
        "delivery_score": scoring.delivery,
        "star_score": said.star,
        "relevance_score": said.relevance if relevance_judged else None,
        "clarity_score": said.clarity,
        "impact_score": said.impact,
        "pace_score": spoken.pace,
        "filler_score": spoken.fillers,
        "pause_score": spoken.pauses,
        "confidence_score": spoken.confidence,
        "eye_contact_score": spoken.eye_contact_proxy if seen else None,
        "content_scores": plain["scoring"]["content_breakdown"]
        | {"content": scoring.content}
        | ({} if relevance_judged else {"relevance": None}),
    }
    if not scored:
        numbers = dict.fromkeys(numbers)
    return numbers | {
        "evaluation": plain,
        "coach_notes": plain["coach_notes"],
        "rewritten_answer": evaluation.rewrite.polished_answer,
    }
