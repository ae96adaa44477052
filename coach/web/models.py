"""Bodies of the REST interface; the OpenAPI document is generated from these and from the contracts."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coach.contracts.brain import MAX_TYPED_CHARS
from coach.contracts.events import (
    SessionStatePayload,
    SummaryLine,
    SummaryQuestion,
    UpdateRewritePayload,
    UpdateScoresPayload,
)
from coach.interview.service import InitRequest, InitResult


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NextQuestion(_Body):
    """The question that is asked now."""

    exchange_id: str
    question_text: str
    clip_url: str | None = None
    mode: Literal["cached", "stream"] = "stream"
    attempt_id: str | None = None
    question_number: int
    question_count: int
    is_last_question: bool


class SubmitRequest(_Body):
    """Nothing, or the text of a typed or corrected answer."""

    transcript: str | None = Field(default=None, min_length=1, max_length=MAX_TYPED_CHARS)


class Submitted(_Body):
    """The answer is accepted; feedback comes as events."""

    attempt_id: str
    status: str


class Retried(_Body):
    """The new attempt."""

    new_attempt_id: str
    attempt_number: int


class FinishedInterview(_Body):
    """What the interview showed."""

    status: str
    summary: dict[str, Any]
    plan: list[str]
    overall_score: float | None = None
    questions: list[SummaryQuestion] = []
    lines: list[SummaryLine] = []
    readiness_why: str = ""


class AttemptFeedback(_Body):
    """What was told of an attempt, to be looked at again or laid beside another one."""

    question: str
    recorded: bool
    scores: UpdateScoresPayload
    rewrite: UpdateRewritePayload


class SaveRequest(_Body):
    """How the story is to be named; empty = as suggested."""

    title: str = Field(default="", max_length=80)
    category: str = Field(default="", max_length=40)


class Saved(_Body):
    """The story in the library."""

    story_id: str


class Problem(_Body):
    """An error: a stable code and a sentence that is safe to show."""

    code: str
    message: str
    recoverable: bool


class ErrorBody(_Body):
    """Every error answer."""

    error: Problem


__all__ = [
    "AttemptFeedback",
    "ErrorBody",
    "FinishedInterview",
    "InitRequest",
    "InitResult",
    "NextQuestion",
    "Problem",
    "Retried",
    "SaveRequest",
    "Saved",
    "SessionStatePayload",
    "SubmitRequest",
    "Submitted",
]
