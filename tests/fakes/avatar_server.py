"""A loopback avatar that speaks `coach.avatar.remote`'s interface and can be told to fail."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


class AvatarServer:
    """`speaks_for_s` per request; `refuse` = status of every answer but to open; `drop_events` ends event streams.

    With `minute_s` it counts as vendors do: one credit for every started minute from opening to closing, by the loop's
    clock, told in the answer to the closing.
    """

    def __init__(self, speaks_for_s: float = 0.01, *, minute_s: float = 0.0, chars_per_s: float = 0.0) -> None:
        self.speaks_for_s = speaks_for_s
        self.url = ""
        self.minute_s = minute_s
        self.chars_per_s = chars_per_s
        self.credits: dict[str, int] = {}
        self._opened: dict[str, float] = {}
        self.refuse = 0
        self.refuse_open = 0
        self.spoken: list[dict[str, Any]] = []
        self.cancelled = 0
        self.open_sessions: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self.app = Starlette(
            routes=[
                Route("/sessions", self._open, methods=["POST"]),
                Route("/sessions/{id}/speak", self._speak, methods=["POST"]),
                Route("/sessions/{id}/cancel", self._cancel, methods=["POST"]),
                Route("/sessions/{id}/events", self._events),
                Route("/sessions/{id}", self._close, methods=["DELETE"]),
            ]
        )

    async def _open(self, request: Request) -> Response:
        if self.refuse_open:
            return Response(status_code=self.refuse_open)
        self._count += 1
        name = f"s{self._count}"
        self.open_sessions[name] = asyncio.Queue()
        self._opened[name] = asyncio.get_running_loop().time()
        return JSONResponse({"session_id": name, "view": {"url": "about:blank"}}, 201)

    async def _speak(self, request: Request) -> Response:
        received_ns = time.monotonic_ns()
        body = await request.json()
        if self.refuse:
            return Response(status_code=self.refuse)
        self.spoken.append({**body, "received_ns": received_ns})
        speech_s = len(body["text"]) / self.chars_per_s if self.chars_per_s else self.speaks_for_s
        task = asyncio.create_task(self._perform(request.path_params["id"], body["task_id"], speech_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return JSONResponse({}, 202)

    async def _perform(self, session: str, task_id: str, speech_s: float) -> None:
        queue = self.open_sessions.get(session)
        if queue is None:
            return
        queue.put_nowait({"kind": "speech_started", "task_id": task_id})
        await asyncio.sleep(speech_s)
        queue.put_nowait({"kind": "speech_ended", "task_id": task_id})

    async def _cancel(self, request: Request) -> Response:
        self.cancelled += 1
        return Response(status_code=204)

    async def _events(self, request: Request) -> Response:
        queue = self.open_sessions[request.path_params["id"]]

        async def lines() -> AsyncIterator[bytes]:
            while (event := await queue.get()) is not None:
                yield json.dumps(event).encode() + b"\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def _close(self, request: Request) -> Response:
        name = request.path_params["id"]
        queue = self.open_sessions.pop(name, None)
        if queue:
            queue.put_nowait(None)
        if not queue or not self.minute_s:
            return Response(status_code=204)
        duration = asyncio.get_running_loop().time() - self._opened[name]
        self.credits[name] = max(1, math.ceil(round(duration, 6) / self.minute_s))
        return JSONResponse({"duration": round(duration, 3), "credits_consumed": self.credits[name]})

    def drop_events(self) -> None:
        """Every event stream ends, as when the vendor falls over."""
        for queue in self.open_sessions.values():
            queue.put_nowait(None)
