"""What an evaluation decides, in the order it becomes known."""

from dataclasses import dataclass

from coach.contracts.brain import Care, Evidence
from coach.contracts.evaluation import (
    CoachNote,
    ContentFeedback,
    DeliveryFeedback,
    LibrarySuggestion,
    Rewrite,
    Scoring,
)
from coach.contracts.interview import Attempt
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError


@dataclass(frozen=True, slots=True)
class FollowUpKnown:
    """Whether a follow-up is asked; `question` is empty when none is."""

    question: str


@dataclass(frozen=True, slots=True)
class FollowUpWithdrawn:
    """The rest of the evaluation contradicts the follow-up that was asked."""


@dataclass(frozen=True, slots=True)
class ScoresKnown:
    """Scores and feedback; `updated` when they were known before and the end corrected them, `late` for a fallback.

    `stood_in`: who judged in the brain's place.
    """

    scoring: Scoring
    content: ContentFeedback
    delivery: DeliveryFeedback
    evidence: tuple[Evidence, ...]
    updated: bool = False
    late: bool = False
    care: Care | None = None
    stood_in: str = ""


@dataclass(frozen=True, slots=True)
class RewriteKnown:
    """Rewrite, notes and what to do with the story."""

    rewrite: Rewrite
    notes: list[CoachNote]
    suggestion: LibrarySuggestion
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class EvaluationDone:
    """The end: the attempt with its evaluation, and what that used."""

    attempt: Attempt
    usage: tuple[UsageEvent, ...]


@dataclass(frozen=True, slots=True)
class EvaluationFailed:
    """The end where no evaluation could be had."""

    error: CoachError


Decision = FollowUpKnown | FollowUpWithdrawn | ScoresKnown | RewriteKnown | EvaluationDone | EvaluationFailed
