"""A loopback LiveAvatar: REST and the LITE socket, speaking and enforcing what docs.liveavatar.com says.

Enforced: the key mints tokens and reads sessions, a session's own token (which expires) starts, keeps and stops it;
bodies by mode; no start without a minute's credits, nor above the plan's concurrency; credits for every started minute
from start to end, by this loop's clock; an end at the wished duration, after five idle minutes, when the credits are
used up, and after a minute in the sandbox, which has one avatar and costs nothing; no command before `connected`, sound
as base64 PCM of whole samples, at most 1 MB a message. What the documents only advise (pieces of about a second) and
everything a client does wrong is noted in `breaches`. Status and words of refusals are not documented: they are ours.
"""

import asyncio
import base64
import binascii
import itertools
import json
import math
import socket
import threading
import time
import uuid
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

KEY = "la-test-key"
WAYNE = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a"
LARGEST_MESSAGE = 1_000_000
LONGEST_PIECE_S = 1.5
BYTES_PER_S = 48_000
SANDBOX_S = 60.0
LITE_FIELDS = {"mode", "avatar_id", "is_sandbox", "video_settings", "max_session_duration"}
COMMANDS = {
    "agent.speak": {"audio"},
    "agent.speak_end": {"event_id"},
    "agent.interrupt": set(),
    "agent.start_listening": {"event_id"},
    "agent.stop_listening": {"event_id"},
    "session.keep_alive": {"event_id"},
}


class Refusal(Exception):
    """An answer that is none."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Session:
    """One session, from its token on."""

    id: str
    token: str
    wish: dict[str, Any]
    minted_s: float
    started_s: float | None = None
    ended_s: float | None = None
    end_reason: str = ""
    idle_since_s: float = 0.0
    pcm: bytearray = field(default_factory=bytearray)
    first_audio_ns: int = 0
    event_id: str = ""
    speaking: asyncio.Task[None] | None = None
    socket: WebSocket | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def runs(self) -> bool:
        return self.started_s is not None and self.ended_s is None

    @property
    def per_minute(self) -> int:
        return 0 if self.wish["is_sandbox"] else 2 if self.wish["mode"] == "FULL" else 1


class LiveAvatarServer:
    """State and behaviour.

    Faults: `statuses[path]` answers that path so; `never_connects`; `drop_after_s` cuts the socket so long after a
    speech began; `told_late` answers that many reads of a session without a count. `speed` makes speech shorter.
    """

    def __init__(
        self, *, credits: int = 10_000, concurrent: int = 1_000, minute_s: float = 60.0, speed: float = 1.0
    ) -> None:
        self.credits = credits
        self.concurrent = concurrent
        self.minute_s = minute_s
        self.speed = speed
        self.idle_s = 300.0
        self.token_s = 300.0
        self.connect_s = 0.0
        self.statuses: dict[str, int] = {}
        self.never_connects = False
        self.drop_after_s: float | None = None
        self.told_late = 0
        self.sessions: dict[str, Session] = {}
        self.said: list[dict[str, Any]] = []
        self.commands: list[str] = []
        self.breaches: list[str] = []
        self.calls: list[str] = []
        self.most_at_once = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._url = ""
        self.url = ""
        self.app = Starlette(
            routes=[
                Route("/v1/sessions/token", self._answer(self._token), methods=["POST"]),
                Route("/v1/sessions/start", self._answer(self._start), methods=["POST"]),
                Route("/v1/sessions/keep-alive", self._answer(self._keep_alive), methods=["POST"]),
                Route("/v1/sessions/stop", self._answer(self._stop), methods=["POST"]),
                Route("/v1/sessions", self._answer(self._list), methods=["GET"]),
                Route("/v1/sessions/{id}", self._answer(self._read), methods=["GET"]),
                WebSocketRoute("/v1/sockets/{id}", self._socket),
            ]
        )

    # -- what tests read ---------------------------------------------------------------------------------------------

    @property
    def running(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.runs]

    @property
    def used(self) -> int:
        """Credits of all sessions that are over: the vendor's own count."""
        return sum(self.count(each) for each in self.sessions.values() if each.ended_s is not None)

    def count(self, session: Session) -> int:
        if session.started_s is None or session.ended_s is None:
            return 0
        return max(1, math.ceil(round(session.ended_s - session.started_s, 6) / self.minute_s)) * session.per_minute

    # -- REST --------------------------------------------------------------------------------------------------------

    def _answer(self, handler: Any) -> Any:
        async def answered(request: Request) -> JSONResponse:
            path = request.url.path.removeprefix("/v1/sessions").strip("/") or "list"
            name = path if path in ("token", "start", "keep-alive", "stop", "list") else "read"
            self.calls.append(name)
            try:
                if name in self.statuses:
                    raise Refusal(self.statuses[name], "Something went wrong.")
                body = await request.json() if request.method == "POST" else {}
                status, data = await handler(request, body)
            except Refusal as refusal:
                told = {"code": 4000 + refusal.status, "data": None, "message": str(refusal)}
                return JSONResponse(told, refusal.status)
            return JSONResponse({"code": 1000, "data": data, "message": "ok"}, status)

        return answered

    @staticmethod
    def _keyed(request: Request) -> None:
        if request.headers.get("X-API-KEY") != KEY or "Authorization" in request.headers:
            raise Refusal(401, "Invalid API key.")

    def _own(self, request: Request, body: dict[str, Any]) -> Session:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        found = next((each for each in self.sessions.values() if each.token == token), None)
        if found is None or "X-API-KEY" in request.headers:
            raise Refusal(401, "Invalid session token.")
        if body.get("session_id", found.id) != found.id:
            raise Refusal(403, "The token is another session's.")
        return found

    async def _token(self, request: Request, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._keyed(request)
        wish = {"mode": "FULL", "is_sandbox": False} | body
        self._check(wish)
        number = next(self._numbers)
        session = Session(str(uuid.UUID(int=number)), f"session-token-{number}", wish, self._now())
        self.sessions[session.id] = session
        return 200, {"session_id": session.id, "session_token": session.token}

    @staticmethod
    def _check(wish: dict[str, Any]) -> None:
        allowed = LITE_FIELDS | ({"avatar_persona"} if wish["mode"] == "FULL" else set())
        if wish["mode"] not in ("LITE", "FULL") or set(wish) - allowed:
            raise Refusal(422, "Validation error: mode or unknown field.")
        if wish["mode"] == "FULL" and "avatar_persona" not in wish:
            raise Refusal(422, "Validation error: avatar_persona is required.")
        try:
            uuid.UUID(str(wish.get("avatar_id")))
        except ValueError as error:
            raise Refusal(422, "Validation error: avatar_id.") from error
        if wish["is_sandbox"] and wish["avatar_id"] != WAYNE:
            raise Refusal(422, "The sandbox has one avatar.")
        longest = wish.get("max_session_duration", 1)
        if isinstance(longest, bool) or not isinstance(longest, int) or longest < 1:
            raise Refusal(422, "Validation error: max_session_duration.")

    async def _start(self, request: Request, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        session = self._own(request, body)
        if session.started_s is not None:
            raise Refusal(409, "The session was started before.")
        if self._now() - session.minted_s > self.token_s:
            raise Refusal(401, "The session token has expired.")
        if self._left() < session.per_minute:
            raise Refusal(402, "Insufficient credits to start a session.")
        if len(self.running) >= self.concurrent:
            raise Refusal(429, "Too many concurrent sessions.")
        session.started_s = session.idle_since_s = self._now()
        self.most_at_once = max(self.most_at_once, len(self.running))
        self._beside(self._watch(session))
        lite = session.wish["mode"] == "LITE"
        data = {
            "session_id": session.id,
            "livekit_url": f"{self._url.replace('http', 'ws')}/livekit",
            "livekit_client_token": f"room-{session.id}",
            "max_session_duration": session.wish.get("max_session_duration"),
            **({"ws_url": f"{self._base(request)}/v1/sockets/{session.id}"} if lite else {}),
        }
        return 201, data

    async def _keep_alive(self, request: Request, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        session = self._own(request, body)
        if not session.runs:
            raise Refusal(404, "The session is over.")
        session.idle_since_s = self._now()
        return 200, {}

    async def _stop(self, request: Request, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        session = self._own(request, body)
        if not session.runs:
            raise Refusal(404, "The session is over.")
        await self._end(session, str(body.get("reason") or "USER_CLOSED"))
        return 200, {}

    async def _read(self, request: Request, _: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._keyed(request)
        session = self.sessions.get(request.path_params["id"])
        if session is None or session.started_s is None:
            raise Refusal(404, "There is no such session.")
        if session.ended_s is None or self.told_late > 0:
            self.told_late -= session.ended_s is not None
            return 200, {"id": session.id, "duration": None, "credits_consumed": None, "end_reason": None}
        duration = round(session.ended_s - session.started_s, 3)
        told = {"duration": duration, "credits_consumed": self.count(session), "end_reason": session.end_reason}
        return 200, {"id": session.id, **told}

    async def _list(self, request: Request, _: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._keyed(request)
        return 200, {"count": len(self.sessions), "results": [{"id": key} for key in self.sessions]}

    # -- a session's life --------------------------------------------------------------------------------------------

    def _left(self) -> float:
        running = sum(
            max(1, math.ceil((self._now() - (each.started_s or 0)) / self.minute_s)) * each.per_minute
            for each in self.running
        )
        return self.credits - self.used - running

    async def _watch(self, session: Session) -> None:
        """Ends it for what the documents name: duration, idleness, sandbox, credits."""
        started = session.started_s or 0.0
        longest = min(
            float(session.wish.get("max_session_duration", math.inf)),
            SANDBOX_S if session.wish["is_sandbox"] else math.inf,
        )
        while session.runs:
            now = self._now()
            used = max(1, math.ceil(round((now - started) / self.minute_s, 6)))
            dues = [
                (started + longest, "MAX_DURATION_REACHED"),
                (session.idle_since_s + self.idle_s, "IDLE_TIMEOUT"),
            ]
            if self._left() < session.per_minute:
                dues.append((started + used * self.minute_s, "INSUFFICIENT_CREDITS"))
            due, reason = min(dues)
            if due <= now:
                await self._end(session, reason)
                return
            minute_over = started + (math.floor((now - started + 1e-3) / self.minute_s) + 1) * self.minute_s
            with suppress(TimeoutError):
                async with asyncio.timeout(max(1e-3, min(due, minute_over) - now)):
                    await session.over.wait()

    async def _end(self, session: Session, reason: str) -> None:
        if session.ended_s is not None:
            return
        session.ended_s, session.end_reason = self._now(), reason
        session.over.set()
        if session.speaking:
            session.speaking.cancel()
        if session.socket:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._tell(session, "session.state_updated", state="closed")
                await session.socket.close(1000)

    # -- the socket --------------------------------------------------------------------------------------------------

    async def _socket(self, socket: WebSocket) -> None:
        session = self.sessions.get(socket.path_params["id"])
        if session is None or not session.runs or session.wish["mode"] != "LITE":
            await socket.close(4404)
            return
        await socket.accept()
        session.socket = socket
        connected = asyncio.create_task(self._connect(session))
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if not await self._command(session, message, connected.done()):
                    break
        connected.cancel()
        session.socket = None

    async def _connect(self, session: Session) -> None:
        await self._tell(session, "session.state_updated", state="connecting")
        await asyncio.sleep(self.connect_s)
        if self.never_connects:
            await asyncio.Event().wait()
        await self._tell(session, "session.state_updated", state="connected")

    async def _command(self, session: Session, message: MutableMapping[str, Any], connected: bool) -> bool:
        text = message.get("text") or ""
        if len(text) > LARGEST_MESSAGE:
            self.breaches.append("message above 1 MB")
            await session.socket.close(1009)
            return False
        try:
            event = json.loads(text)
            kind = str(event["type"])
            if not connected or COMMANDS[kind] - set(event):
                raise ValueError(kind)
        except (ValueError, KeyError, TypeError) as error:
            self.breaches.append(f"bad command or too early: {error}")
            await self._tell(session, "error", error={"type": "invalid_event", "message": "Cannot be used."})
            return True
        self.commands.append(kind)
        session.idle_since_s = self._now()
        if kind == "agent.speak":
            await self._sound(session, event)
        elif kind == "agent.speak_end":
            session.speaking = self._beside(self._perform(session, str(event["event_id"])))
        elif kind == "agent.interrupt" and session.speaking and not session.speaking.done():
            session.speaking.cancel()
            session.pcm.clear()
            await self._tell(session, "agent.speak_interrupted", event_id=session.event_id)
        return True

    async def _sound(self, session: Session, event: dict[str, Any]) -> None:
        try:
            pcm = base64.b64decode(event["audio"], validate=True)
        except (binascii.Error, TypeError):
            pcm = b""
        if not pcm or len(pcm) % 2 or pcm[:4] == b"RIFF":
            self.breaches.append("sound that is no PCM")
            await self._tell(session, "error", error={"type": "invalid_audio", "message": "No PCM."})
            return
        if len(pcm) > LONGEST_PIECE_S * BYTES_PER_S:
            self.breaches.append("a piece of more than about a second")
        if not session.pcm:
            session.first_audio_ns = time.monotonic_ns()
        session.pcm += pcm

    async def _perform(self, session: Session, event_id: str) -> None:
        seconds, session.event_id = len(session.pcm) / BYTES_PER_S, event_id
        pcm = bytes(session.pcm)
        session.pcm.clear()
        said = {"session_id": session.id, "event_id": event_id, "seconds": seconds, "pcm": pcm}
        self.said.append(said | {"received_ns": session.first_audio_ns})
        task = {"id": f"task-{len(self.said)}"}
        await self._tell(session, "agent.speak_started", event_id=event_id, task=task)
        if self.drop_after_s is not None:
            await asyncio.sleep(self.drop_after_s)
            session.speaking = None
            if session.socket:
                await session.socket.close(1011)
            return
        await asyncio.sleep(seconds / self.speed)
        session.idle_since_s = self._now()
        await self._tell(session, "agent.speak_ended", event_id=event_id, task=task)

    @staticmethod
    async def _tell(session: Session, kind: str, **fields: Any) -> None:
        if session.socket:
            with suppress(RuntimeError, WebSocketDisconnect):
                await session.socket.send_text(json.dumps({"type": kind, **fields}))

    def _beside(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @staticmethod
    def _base(request: Request) -> str:
        return f"ws://{request.url.netloc}"

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class _QuietServer(uvicorn.Server):
    """Waits for its end instead of looking at the clock ten times a second, which a clock that jumps would follow."""

    async def main_loop(self) -> None:
        self.over = asyncio.Event()
        await self.over.wait()


class Serving:
    """The server in the running event loop, on a free port."""

    def __init__(self, vendor: LiveAvatarServer) -> None:
        self.vendor = vendor
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = vendor._url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            vendor.app, log_level="critical", lifespan="off", loop="none", ws_ping_interval=None, ws="websockets-sansio"
        )
        self._server = _QuietServer(config)

    async def __aenter__(self) -> "Serving":
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
            await asyncio.sleep(0.005)
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self.vendor.running:
            await self.vendor._end(session, "SERVER_CLOSED")
        for task in tuple(self.vendor._tasks):
            task.cancel()
        self._server.over.set()
        await self._task


@contextmanager
def liveavatar(vendor: LiveAvatarServer) -> Iterator[str]:
    """The server in a thread of its own, for what has another loop; its address."""
    ready, stop = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve() -> None:
        async with Serving(vendor) as serving:
            found.append(serving.url)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        stop.set()
        thread.join(10)
