"""Scores and numbers the server measured itself, whatever a coach says."""

from coach.brain.guards.limits import cut_at_word
from coach.brain.prompts.policy import Policy
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import (
    Scoring,
)

FILLERS_UNMEASURED = "Fillers are not measurable with this transcriber."


NOT_MEASURED = "Delivery was not measured for this answer."


def delivery_numbers(delivery: DeliveryMetrics) -> dict[str, object]:
    """The measured figures in the contract's types: 0 stands for "not measured", and the note says so."""
    return {
        "wpm": _whole(delivery.wpm, 400),
        "filler_count": _whole(delivery.filler_count, 999),
        "long_pause_count": _whole(delivery.long_pause_count, 999),
        "clarity_note": _clarity_note(delivery),
    }


def _whole(value: float | None, limit: int) -> int:
    return min(limit, max(0, round(value))) if value is not None else 0


def _clarity_note(delivery: DeliveryMetrics) -> str:
    if delivery.wpm is None and delivery.filler_count is None and not delivery.speech_s:
        return cut_at_word(delivery.clarity_note or NOT_MEASURED, 160)
    if delivery.filler_count is not None or "not measurable" in delivery.clarity_note:
        return cut_at_word(delivery.clarity_note, 160)
    room = 160 - len(FILLERS_UNMEASURED) - 1
    return f"{cut_at_word(delivery.clarity_note, room)} {FILLERS_UNMEASURED}".strip()


def eye_contact(delivery: DeliveryMetrics) -> float | None:
    """The eye contact proxy 0-10 when a camera was allowed, else None."""
    return delivery.scores.eye_contact if delivery.scores.eye_contact is not None else delivery.eye_contact


def measured_scoring(scoring: Scoring, delivery: DeliveryMetrics, policy: Policy) -> Scoring:
    """Delivery as measured and overall recomputed.

    A sub-score that was not measured takes the mean of those that were, which pulls neither way; eye contact is 0 when
    there is none. When nothing was measured at all (a typed answer) delivery equals content, so overall is content.
    """
    scores = delivery.scores
    parts = {name: getattr(scores, name) for name in ("pace", "fillers", "pauses", "confidence")}
    measured = [value for value in parts.values() if value is not None]
    total = scores.delivery if scores.delivery is not None else _mean(measured, scoring.content)
    neutral = _mean(measured, total)
    filled = {name: neutral if value is None else value for name, value in parts.items()}
    breakdown = {**filled, "eye_contact_proxy": eye_contact(delivery) or 0.0}
    return scoring.model_copy(
        update={
            "overall": policy.overall(scoring.content, total),
            "delivery": _tenth(total),
            "delivery_breakdown": scoring.delivery_breakdown.model_copy(
                update={name: _tenth(value) for name, value in breakdown.items()}
            ),
        }
    )


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _tenth(value: float) -> float:
    return min(10.0, max(0.0, round(float(value), 1)))
