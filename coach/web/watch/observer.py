"""Watches every request and socket from outside: counts, times, gives each an id, logs the interface's own."""

import logging
import time
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coach.contracts.interview import new_id
from coach.logs import about
from coach.web.watch.figures import Figures, known_route

log = logging.getLogger(__name__)
_QUIET = {"pages", "/healthz", "/readyz", "/metrics"}


class Observer:
    """ASGI middleware around the front door."""

    def __init__(self, app: ASGIApp, *, figures: Figures, known: Collection[str]) -> None:
        """`known` are the paths, with `{id}`, that are told apart."""
        self._app = app
        self._figures = figures
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on and watches."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _route(self, scope: Scope) -> str:
        return known_route(scope["path"], scope.get("path_params", {}), self._known)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with about(request_id=new_id()[:12]):
            try:
                await self._app(scope, receive, noted)
            finally:
                route, took_s = self._route(scope), time.perf_counter() - begun
                self._figures.requests.labels(route, str(status)).inc()
                self._figures.seconds.labels(route).observe(took_s)
                if route not in _QUIET or status >= 400:
                    log.info("%s %s %s %.0f ms", scope["method"], route, status, took_s * 1000)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        gauge = self._figures.sockets.labels(self._route(scope))
        gauge.inc()
        try:
            with about(request_id=new_id()[:12]):
                await self._app(scope, receive, send)
        finally:
            gauge.dec()
