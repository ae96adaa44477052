"""The brain port: a stream of raw text deltas and usage; everything that makes it an evaluation is ours.

A brain yields the evaluation as text in the contract's key order. The offline coach streams in the same way, so that
sectioning, guards and pages know one path only.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from coach.contracts.brain import EvaluationInput, JobContext
from coach.contracts.interview import PlannedQuestion, SessionSummary
from coach.contracts.usage import UsageEvent

BATCH_CALL = "batch"
"""`call_id` of what a vendor's batch used: read again after a restart, it is the same use."""


@dataclass(frozen=True, slots=True)
class RequestSent:
    """The request left us."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the model's text, of any size down to one character."""

    text: str


@dataclass(frozen=True, slots=True)
class Used:
    """Units used by this call; arrives also when the call fails where the vendor tells."""

    events: tuple[UsageEvent, ...]


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The model stopped. `truncated` = it ran out of output tokens, which is not bad JSON."""

    reason: Literal["complete", "truncated", "refused"]
    model: str = ""


BrainChunk = RequestSent | TextDelta | Used | StreamEnd


@dataclass(frozen=True, slots=True)
class EvaluationCall:
    """One call: what to evaluate, for which attempt, with which correction if this is a retry."""

    input: EvaluationInput
    attempt_id: str
    resume_text: str = ""
    correction: str = ""
    """Why the last output could not be used, empty on the first call: `invalid_json`, `invalid_schema` or `truncated`,
    then `: ` and which fields. The brain says it in its bundle's words."""
    call_number: int = 1
    interview_id: str = ""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """A posting (or role profile text) and how many questions are wanted.

    Attributes:
        asked: what this person was asked before, newest first; nothing of it comes again while there is something new.
        day: today as ISO date, so that not every day opens alike.
    """

    title: str
    company: str
    description: str
    questions: int = 3
    asked: tuple[PlannedQuestion, ...] = ()
    day: str = ""


@dataclass(frozen=True, slots=True)
class InterviewPlan:
    """Parsed job and planned questions."""

    job: JobContext
    questions: tuple[PlannedQuestion, ...]
    usage: tuple[UsageEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryItem:
    """One question of a finished interview as call 2 sees it: best attempt only."""

    question: str
    competency: str
    transcript: str
    evaluation: dict[str, Any]
    attempts: int
    first_overall: float
    best_overall: float


class Brain(Protocol):
    """Who judges."""

    name: str
    label: str
    """Shown on the page, e.g. "offline coach"."""
    model: str
    judges_relevance: bool
    """False where it cannot tell whether an answer fits its question; its number for that is then neutral."""

    def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        """Streams one evaluation as text. Closing the iterator cancels the call.

        Raises:
            VendorError: connection, limit, timeout or protocol failures, split by kind.
        """

    async def plan(self, request: PlanRequest) -> InterviewPlan:
        """Parses a job and plans questions."""

    async def summarise(
        self, items: tuple[SummaryItem, ...], job: JobContext, *, interview_id: str
    ) -> tuple[SessionSummary, tuple[UsageEvent, ...]]:
        """Call 2: what the session showed."""

    async def warm_up(self) -> None:
        """Loads or connects what the first answer would wait for; trouble is left for that answer to tell."""

    async def close(self) -> None:
        """Frees clients."""
