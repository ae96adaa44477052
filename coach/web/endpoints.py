"""The table of the interface: what is served and what the OpenAPI document says come from the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from coach.web import models


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row: `handler` is a method of `Rest`."""

    method: str
    path: str
    handler: str
    summary: str
    status: int
    response: type[BaseModel] | None = None
    request: type[BaseModel] | None = None
    errors: Sequence[int] = (401, 403, 404, 503)
    open: bool = False


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/mock-interviews/init",
        "init",
        "Plan an interview and get the way in.",
        201,
        models.InitResult,
        models.InitRequest,
        errors=(403, 404, 413, 422, 429, 503),
        open=True,
    ),
    Endpoint(
        "GET",
        "/mock-interviews/{id}",
        "state",
        "Where the interview is: the payload of SESSION_STATE.",
        200,
        models.SessionStatePayload,
    ),
    Endpoint(
        "POST",
        "/mock-interviews/{id}/next-question",
        "next_question",
        "Start, go on to the next question, or learn what is being asked.",
        200,
        models.NextQuestion,
        errors=(401, 403, 404, 409, 413, 422, 503),
    ),
    Endpoint(
        "POST",
        "/attempts/{id}/submit",
        "submit",
        "Finish the answer; idempotent. With a text: the typed or corrected answer.",
        202,
        models.Submitted,
        models.SubmitRequest,
        errors=(401, 403, 404, 409, 413, 422, 503),
    ),
    Endpoint(
        "POST",
        "/attempts/{id}/recording",
        "upload",
        "Upload a recording as the answer; idempotent.",
        202,
        models.Submitted,
        errors=(400, 401, 403, 404, 409, 413, 422, 503),
    ),
    Endpoint(
        "GET",
        "/attempts/{id}/audio",
        "audio",
        "The recording of an attempt; understands Range.",
        200,
        errors=(400, 401, 403, 404, 416, 503),
    ),
    Endpoint(
        "GET",
        "/attempts/{id}/feedback",
        "feedback",
        "The feedback of an attempt, as UPDATE_SCORES and UPDATE_REWRITE told it.",
        200,
        models.AttemptFeedback,
    ),
    Endpoint(
        "POST",
        "/attempts/{id}/save",
        "save",
        "Save the rewrite of an attempt to the library, once.",
        201,
        models.Saved,
        models.SaveRequest,
        errors=(401, 403, 404, 409, 413, 422, 503),
    ),
    Endpoint(
        "POST",
        "/exchanges/{id}/retry",
        "retry",
        "Retry a question after its feedback.",
        201,
        models.Retried,
        errors=(401, 402, 403, 404, 409, 503),
    ),
    Endpoint(
        "POST",
        "/mock-interviews/{id}/finish",
        "finish",
        "Finish the interview; its token is dead afterwards.",
        200,
        models.FinishedInterview,
        errors=(401, 403, 404, 409, 503),
    ),
)
