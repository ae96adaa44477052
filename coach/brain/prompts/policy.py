"""The policy of coaching as data: weights, thresholds and bands, carried by a prompt bundle.

Scores are 0-10, pace is words per minute, shares are 0-1.
"""

from typing import Any

from pydantic import Field, model_validator

from coach.contracts.base import Record
from coach.contracts.delivery import PACE_BAND_WPM
from coach.contracts.evaluation import StarChecklist, StarStatus


class FollowUpPolicy(Record):
    """When a follow-up may be asked at all (the server's gate, not the model's wish).

    Attributes:
        relevance_weak_below: relevance under this counts as weak.
        star_triggers: statuses of a STAR item that justify a follow-up.
    """

    relevance_weak_below: float = Field(default=5.0, ge=0, le=10)
    star_triggers: tuple[StarStatus, ...] = (StarStatus.MISSING, StarStatus.WEAK)

    @model_validator(mode="before")
    @classmethod
    def _without_what_left(cls, given: Any) -> Any:
        """Bundles written before this field left still load; it never changed an outcome."""
        return (
            {key: value for key, value in given.items() if key != "story_types"} if isinstance(given, dict) else given
        )


class MannerPolicy(Record):
    """When the interviewer goes on in a supportive way: each alone suffices.

    Attributes:
        score_below: overall score under this.
        restarts_from: so many times started over.
        long_pauses_from: so many pauses of 3 s and more.
        stumbles_from: so many clusters of hesitations and words begun again.
    """

    score_below: float = Field(default=4.0, ge=0, le=10)
    restarts_from: int = Field(default=2, ge=1)
    long_pauses_from: int = Field(default=2, ge=1)
    stumbles_from: int = Field(default=4, ge=1)


class Policy(Record):
    """Weights, thresholds and bands of one bundle. `version` goes into every evaluation's metadata."""

    version: str = Field(default="mi_v1.0", max_length=20)
    content_weight: float = Field(default=0.7, ge=0, le=1)
    delivery_weight: float = Field(default=0.3, ge=0, le=1)
    follow_up: FollowUpPolicy = FollowUpPolicy()
    manner: MannerPolicy = MannerPolicy()
    pace_band_wpm: tuple[float, float] = PACE_BAND_WPM
    rewrite_words: tuple[int, int] = (120, 220)

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> "Policy":
        if abs(self.content_weight + self.delivery_weight - 1) > 1e-6:
            raise ValueError("content_weight and delivery_weight must sum to 1")
        return self

    def overall(self, content: float, delivery: float) -> float:
        """`round((0.7 content + 0.3 delivery) * 10) / 10` (Python's `round`, ties to even), within 0-10."""
        return min(10.0, max(0.0, round((self.content_weight * content + self.delivery_weight * delivery) * 10) / 10))

    def star_incomplete(self, checklist: StarChecklist) -> bool:
        """True when at least one STAR item is missing or weak."""
        items = (checklist.situation, checklist.task, checklist.action, checklist.result)
        return any(item.status in self.follow_up.star_triggers for item in items)

    def relevance_weak(self, relevance: float) -> bool:
        """True when the answer does not address what was asked."""
        return relevance < self.follow_up.relevance_weak_below
