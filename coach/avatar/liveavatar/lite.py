"""A LITE session: our own sound over the vendor's socket, its face in the browser.

Out: `agent.speak` (pieces of sound), `agent.speak_end`, `agent.interrupt`, `agent.start_listening`,
`session.keep_alive`. In: `session.state_updated`, `agent.speak_started`, `agent.speak_ended`, `error`. What belongs
together carries the id of its speech. Source: docs.liveavatar.com, LITE mode events, read 2026-11.
"""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from coach.avatar.liveavatar.paid import PaidSession
from coach.avatar.liveavatar.sound import LARGEST_PACKET_BYTES, SpokenSound, pcm_of, pieces
from coach.avatar.port import AvatarEvent, AvatarListener, AvatarView, SpeechRequest
from coach.contracts.interview import new_id
from coach.contracts.usage import UsageEvent
from coach.errors import VendorError, VendorProtocolError

log = logging.getLogger(__name__)
KEEP_ALIVE_S = 60.0
"""The vendor ends a session that was idle for five minutes."""
PING_S = 45.0
GONE = "LiveAvatar closed the session."


class LiteSession:
    """One connected avatar; says one thing at a time."""

    def __init__(
        self,
        paid: PaidSession,
        socket: ClientConnection,
        view: AvatarView,
        listener: AvatarListener,
        sound: SpokenSound,
        *,
        persona_id: str,
        interview_id: str,
        picture_patience_s: float,
    ) -> None:
        self._paid = paid
        self._socket = socket
        self._view = view
        self._listener = listener
        self._sound = sound
        self._persona_id = persona_id
        self._interview_id = interview_id
        self._picture_patience_s = picture_patience_s
        self._seen = asyncio.Event()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._current = ""
        self._past: set[str] = set()
        self._closing = False
        self._reading = asyncio.create_task(self._read())
        self._living = asyncio.create_task(self._live_on())

    @classmethod
    async def connect(
        cls,
        url: str,
        paid: PaidSession,
        view: AvatarView,
        listener: AvatarListener,
        sound: SpokenSound,
        *,
        persona_id: str,
        interview_id: str,
        picture_patience_s: float,
    ) -> Self:
        """Opens the socket and waits until the vendor says `connected`; how long is the caller's business.

        Raises:
            VendorError: no socket, or closed before it was connected.
        """
        if not url.startswith(("ws://", "wss://")):
            raise VendorProtocolError("LiveAvatar told no address for a LITE session.")
        try:
            socket = await connect(url, ping_interval=PING_S, max_size=LARGEST_PACKET_BYTES, open_timeout=None)
        except (OSError, WebSocketException) as error:
            raise VendorError("LiveAvatar's socket cannot be opened.") from error
        made = cls(
            paid,
            socket,
            view,
            listener,
            sound,
            persona_id=persona_id,
            interview_id=interview_id,
            picture_patience_s=picture_patience_s,
        )
        try:
            await asyncio.shield(made._ready)
        except BaseException:
            await made._hang_up()
            raise
        return made

    async def speak(self, request: SpeechRequest) -> None:
        """Sends the sound of a text once its picture is there, or will not be waited for any longer.

        Raises:
            CoachError: there is no sound, or the session is gone.
        """
        pcm = b""
        for part in request.parts():
            wav = await self._sound(part, persona_id=self._persona_id, interview_id=self._interview_id)
            pcm += await asyncio.to_thread(pcm_of, wav)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._picture_patience_s):
                await self._seen.wait()
        self._current = request.task_id
        for piece in pieces(pcm):
            await self._send("agent.speak", event_id=request.task_id, audio=piece)
        await self._send("agent.speak_end", event_id=request.task_id)

    async def cancel(self) -> None:
        """Interrupts what is being said, and looks attentive again."""
        if not self._current:
            return
        self._past.add(self._current)
        self._current = ""
        await self._send("agent.interrupt", event_id=new_id())
        await self._send("agent.start_listening", event_id=new_id())

    async def seen(self, *, shown: bool) -> None:
        """The browser shows the picture: words may begin."""
        if shown:
            self._seen.set()

    def client_config(self) -> dict[str, object]:
        """Where the browser joins the picture."""
        return {"kind": "liveavatar", "session_id": self._view.session_id, "url": self._view.url, "mode": "lite"}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """See `PaidSession.usage`."""
        return await self._paid.usage()

    async def close(self) -> None:
        """Ends the session at the vendor."""
        await self._hang_up()
        await self._paid.end()

    async def _hang_up(self) -> None:
        self._closing = True
        tasks = [task for task in (self._reading, self._living) if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(OSError, WebSocketException):
            await self._socket.close()

    async def _send(self, kind: str, **fields: str) -> None:
        try:
            await self._socket.send(json.dumps({"type": kind, **fields}))
        except ConnectionClosed as error:
            raise VendorError(GONE) from error

    async def _live_on(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            with suppress(VendorError):
                await self._send("session.keep_alive", event_id=new_id())

    async def _read(self) -> None:
        """Hears the vendor for as long as the socket is open; one that closes by itself means the avatar is down."""
        try:
            async for raw in self._socket:
                if not await self._take(raw):
                    break
        except ConnectionClosed:
            pass
        if not self._ready.done():
            self._ready.set_exception(VendorError("LiveAvatar closed the session before it was connected."))
        elif not self._closing:
            await self._listener(AvatarEvent("down"))

    async def _take(self, raw: str | bytes) -> bool:
        """Acts on one message; False when the session is over."""
        try:
            event = json.loads(raw)
        except ValueError:
            return True
        if not isinstance(event, dict):
            return True
        match event.get("type"):
            case "session.state_updated":
                return self._state(str(event.get("state")))
            case "agent.speak_started" if self._is_current(event):
                await self._listener(AvatarEvent("speech_started", self._current))
            case "agent.speak_ended" if self._is_current(event):
                await self._over("speech_ended")
            case "error":
                log.warning("LiveAvatar reports an error%s", " while it speaks" if self._current else "")
                if self._current:
                    await self._over("speech_failed")
        return True

    def _state(self, state: str) -> bool:
        if state == "connected" and not self._ready.done():
            self._ready.set_result(None)
        return state not in ("closing", "closed")

    def _is_current(self, event: dict[str, object]) -> bool:
        """Whether it speaks of what is being said; what was interrupted may still be heard of."""
        return bool(self._current) and event.get("event_id") not in self._past

    async def _over(self, kind: Any) -> None:
        said, self._current = self._current, ""
        self._past.add(said)
        await self._listener(AvatarEvent(kind, said))
        with suppress(VendorError):
            await self._send("agent.start_listening", event_id=new_id())
