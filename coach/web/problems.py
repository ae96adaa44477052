"""What goes wrong at the door, and how it is told: one sentence that is safe to show, a stable code, a status."""

from typing import ClassVar

from pydantic import ValidationError
from starlette.responses import JSONResponse

from coach.errors import (
    CoachError,
    EntitlementError,
    IllegalCommandError,
    InputError,
    NotFoundError,
    RateLimitError,
    StoppingError,
    StoreError,
    UsageError,
    VendorError,
)
from coach.interview.elsewhere import OpenElsewhereError
from coach.web import models

_STATUS: tuple[tuple[type[CoachError], int], ...] = (
    (RateLimitError, 429),
    (IllegalCommandError, 409),
    (OpenElsewhereError, 409),
    (NotFoundError, 404),
    (InputError, 422),
    (UsageError, 409),
    (EntitlementError, 402),
    (StoreError, 503),
    (VendorError, 503),
    (StoppingError, 503),
)

_HEADERS = {429: {"Retry-After": "60"}, 503: {"Retry-After": "10"}, 413: {"Connection": "close"}}
"""A body that is too large is not read to its end: the connection goes."""


class AccessError(CoachError):
    """Not let in."""

    code = "UNAUTHORIZED"
    status: ClassVar[int] = 401


class NotYoursError(AccessError):
    """Signed in, without the role it takes."""

    code = "NOT_YOURS"
    status = 403


class OriginError(AccessError):
    """Called from a foreign page."""

    code = "FOREIGN_ORIGIN"
    status = 403


class HostError(AccessError):
    """Called by a name that is not ours."""

    code = "FOREIGN_HOST"
    status = 421


class TooLargeError(AccessError):
    """More than is taken."""

    code = "TOO_LARGE"
    status = 413


def status_of(error: CoachError) -> int:
    """The HTTP status of an expected failure."""
    if isinstance(error, AccessError):
        return error.status
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 500)


def problem(error: CoachError) -> JSONResponse:
    """The answer to an expected failure."""
    status = status_of(error)
    recoverable = error.retryable or status in (409, 422)
    body = models.ErrorBody(error=models.Problem(code=error.code, message=str(error), recoverable=recoverable))
    return JSONResponse(body.model_dump(mode="json"), status, headers=_HEADERS.get(status))


_WHERE_CHARS = 80
"""A field that nobody knows is named by who sent it."""


def unusable(error: ValidationError, what: str) -> str:
    """The first fault of a message as a sentence; what was sent is not repeated."""
    first = error.errors(include_input=True, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])[:_WHERE_CHARS] or what
    if first["type"] == "union_tag_invalid":
        return f"{where}: its {first['ctx']['discriminator']} is none of {first['ctx']['expected_tags']}."
    if first["type"] == "string_too_long":
        length, most = len(str(first["input"])), int(first["ctx"]["max_length"])
        return f"{where} is too long: {length:,} characters, at most {most:,} are taken. Shorten it."
    return f"{where}: {first['msg']}."
