"""The table of the interface: what Starlette serves and what the OpenAPI document says come from the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from coach.interview.service import WS_PATH
from coach.web import access, models, socket
from coach.web.rest import Rest, WebServices


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


def routes(services: WebServices, origins: Sequence[str] = ()) -> list[BaseRoute]:
    """REST, the WebSocket and `/openapi.json`.

    Args:
        services: anything with `hub` and `archive` (and `stories` where there is a library).
        origins: foreign pages that may call, as `https://host`.
    """
    from coach.web.openapi import document

    access.hide_tokens()
    rest = Rest(services, tuple(origins))
    listed: list[BaseRoute] = [
        Route(row.path, rest.guarded(getattr(rest, row.handler)), methods=[row.method]) for row in ENDPOINTS
    ]

    async def openapi(_: Request) -> Response:
        return JSONResponse(document())

    async def interview_socket(connection: WebSocket) -> None:
        await socket.serve(connection, services.hub, tuple(origins))

    return [*listed, Route("/openapi.json", openapi), WebSocketRoute(WS_PATH, interview_socket)]


__all__ = ["ENDPOINTS", "Endpoint", "WebServices", "routes"]
