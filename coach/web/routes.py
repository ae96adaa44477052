"""The table of the interface as Starlette serves it."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from coach.interview.service import WS_PATH
from coach.web import access, socket
from coach.web.endpoints import ENDPOINTS, Endpoint
from coach.web.openapi import document
from coach.web.rest import Rest, WebServices


def routes(services: WebServices, origins: Sequence[str] = ()) -> list[BaseRoute]:
    """REST, the WebSocket and `/openapi.json`.

    Args:
        services: anything with `hub` and `archive` (and `stories` where there is a library).
        origins: foreign pages that may call, as `https://host`.
    """
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
