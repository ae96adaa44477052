"""The WebSocket of one client: JSON commands and audio frames in, events out.

What cannot be used is answered with a typed ERROR to this client alone; nothing a client sends ends the service.
Heartbeat: the server's WebSocket pings; a client that does not answer is cut off and comes back to its place. A client
whose frames carry a clock also hears once a second what of its sound rests on disk, so that it notices a line that is
open and silent, and knows what to send again.
"""

import asyncio
import itertools
import logging
from contextlib import aclosing, suppress

from aiolimiter import AsyncLimiter
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from coach.contracts.commands import Command, command_adapter
from coach.contracts.events import ErrorEvent, ErrorPayload
from coach.contracts.interview import InterviewStatus
from coach.errors import CoachError, InputError
from coach.interview.broadcast import Subscription
from coach.interview.conductor import Conductor
from coach.interview.elsewhere import OpenElsewhereError
from coach.interview.service import InterviewService
from coach.web import access
from coach.web.frames import HEAD, FrameError, unpack
from coach.web.opus import OpusDecoder
from coach.web.problems import unusable
from coach.web.rest import require_candidate
from coach.web.watching import Watching

log = logging.getLogger(__name__)
CLOSE_COMPLETED = 1000
CLOSE_OVERRUN = 4408
CLOSE_UNAUTHORIZED = 4401
CLOSE_TOO_MANY = 4429
BEAT_S = 1.0
QUIET_BACKLOG = 64
"""A client that does not read its errors gets no more of them than this at a time."""


_sources = itertools.count(10)


class Line:
    """One connected client."""

    def __init__(self, socket: WebSocket, hub: InterviewService, conductor: Conductor) -> None:
        self._socket = socket
        self._hub = hub
        self._conductor = conductor
        self._events: Subscription = conductor.subscribe()
        self._rate = AsyncLimiter(access.COMMANDS_PER_S, 1.0)
        self._opus = OpusDecoder() if socket.query_params.get("codec") == "opus" else None
        self._clocked = socket.query_params.get("framing") == "clocked"
        self._source = -next(_sources)

    async def run(self) -> None:
        """Serves until either side ends it."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        if self._clocked:
            tasks.append(asyncio.create_task(self._beat()))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.close()
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, WebSocketDisconnect | RuntimeError):
                    log.error("a client's line broke", exc_info=ended, extra={"interview_id": self._conductor.id})

    def close(self) -> None:
        """Listens no more."""
        self._events.close()

    async def _write(self) -> None:
        async for event in self._events:
            await self._socket.send_text(event.model_dump_json())
            if event.type == "SESSION_STATE" and event.payload.status == InterviewStatus.COMPLETED:
                break
        code = CLOSE_OVERRUN if self._events.overrun else CLOSE_COMPLETED
        with suppress(RuntimeError):
            await self._socket.close(code)

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                data, text = message.get("bytes"), message.get("text")
                if data is not None:
                    self._audio(data)
                elif text is not None:
                    await self._command(text)
            except CoachError as error:
                self._refuse(error)

    async def _beat(self) -> None:
        while True:
            if not self._events.backlog:
                self._events.put(self._conductor.sound_kept())
            await asyncio.sleep(BEAT_S)

    def _audio(self, data: bytes) -> None:
        if len(data) > access.MAX_AUDIO_FRAME_BYTES + (HEAD.size if self._clocked else 0):
            raise FrameError("An audio frame may be 1 s long at most.")
        if self._clocked:
            self._conductor.push_clocked(unpack(data, self._pcm))
        elif pcm16 := self._pcm(data):
            self._conductor.push_audio(pcm16, self._source)

    def _pcm(self, data: bytes) -> bytes:
        if self._opus:
            data = self._opus.decode(data)
        if len(data) % 2:
            raise FrameError("Audio is Int16: a frame has an even number of bytes.")
        return data

    async def _command(self, text: str) -> None:
        if len(text) > access.MAX_TEXT_FRAME_BYTES:
            raise FrameError("The message is too large.")
        if not self._rate.has_capacity():
            raise TooManyError("Too many messages in a second.")
        await self._rate.acquire()
        try:
            command = command_adapter.validate_json(text)
        except ValidationError as error:
            raise MessageError(f"The message cannot be used: {unusable(error, 'frame')}") from error
        finishes = command.type == "FINISH_INTERVIEW"
        await self._hub.detached.see_through(self._finish(command) if finishes else self._conductor.send(command))

    async def _finish(self, command: Command) -> None:
        """A summary by a model takes seconds, in which a tab is closed."""
        await self._conductor.send(command)
        self._hub.forget_token(self._conductor.id)
        await self._hub.left(self._conductor.id)

    def _refuse(self, error: CoachError) -> None:
        if self._events.backlog < QUIET_BACKLOG:
            payload = ErrorPayload(code=error.code, message=str(error), recoverable=True)
            self._events.put(ErrorEvent(payload=payload))


class MessageError(InputError):
    """A text frame that is none of the commands."""

    code = "BAD_MESSAGE"


class TooManyError(InputError):
    """More messages than a person can cause."""

    code = "RATE_LIMITED"


async def serve(socket: WebSocket, hub: InterviewService, origins: tuple[str, ...]) -> None:
    """Lets a client in and serves it."""
    if not access.origin_allowed(socket.headers, socket.url.scheme, origins):
        await socket.close(1008)
        return
    token = access.bearer(socket.headers, socket.query_params)
    try:
        require_candidate()
        interview_id = await hub.check(token)
        conductor = await hub.open(interview_id) if interview_id else None
    except OpenElsewhereError:
        await _show_from_elsewhere(socket, hub, str(interview_id))
        return
    except CoachError as error:
        await _turn_away(socket, error.code, str(error), 1013, recoverable=error.retryable)
        return
    if conductor is None:
        message = "The token is unknown or has expired: open the interview again."
        await _turn_away(socket, "UNAUTHORIZED", message, CLOSE_UNAUTHORIZED)
        return
    if conductor.listeners >= access.SOCKETS_PER_TOKEN:
        await _turn_away(socket, "TOO_MANY_SOCKETS", "This interview is open in too many tabs.", CLOSE_TOO_MANY)
        return
    line = Line(socket, hub, conductor)  # a listener from now on: what has one is not put away
    try:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            await line.run()
    finally:
        line.close()
        await hub.left(conductor.id)


async def _show_from_elsewhere(socket: WebSocket, hub: InterviewService, interview_id: str) -> None:
    await socket.accept()
    async with aclosing(hub.watch(interview_id)) as events:
        with suppress(WebSocketDisconnect):
            await Watching(socket, events).run()


async def _turn_away(socket: WebSocket, code: str, message: str, close: int, *, recoverable: bool = False) -> None:
    """Browsers hide why a handshake failed, so the reason is told before closing; `recoverable`: come again."""
    await socket.accept()
    payload = ErrorPayload(code=code, message=message, recoverable=recoverable)
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(ErrorEvent(payload=payload).model_dump_json())
        await socket.close(close)
