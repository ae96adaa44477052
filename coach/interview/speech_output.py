"""What is said aloud in one interview: the avatar, its fallback to the browser's voice, and when speech is over."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from coach.avatar.port import Avatar, AvatarEvent, AvatarSession, AvatarView, Purpose, SpeechRequest
from coach.contracts.events import (
    AvatarStream,
    AvatarStreamPayload,
    Event,
    Notice,
    NoticePayload,
    Speak,
    SpeakPayload,
    SpeechEnd,
)
from coach.contracts.interview import new_id
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.interview.dependencies import InterviewTiming

AUDIO_MODE = NoticePayload(code="AVATAR_DOWN", message="The avatar is not available; continuing in audio mode.")


def text_hash(text: str) -> str:
    """Identity of a spoken text (SHA-256, 16 hex digits); the text itself is never stored as video."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Speech:
    request: SpeechRequest
    asked: Callable[[], None]
    started: Callable[[], None]
    in_browser: bool = False
    audio_url: str | None = None
    lead_in_url: str | None = None
    relayed: bool = False
    timer: asyncio.TimerHandle | None = None


def _speak(speech: _Speech) -> Speak:
    request = speech.request
    return Speak(
        payload=SpeakPayload(
            task_id=request.task_id,
            text=request.text,
            purpose=request.purpose,
            audio_url=speech.audio_url,
            lead_in=request.lead_in,
            lead_in_url=speech.lead_in_url,
            by="avatar" if speech.relayed else "browser",
        )
    )


def _stream(view: AvatarView | None) -> AvatarStream:
    if view is None:
        return AvatarStream()
    payload = AvatarStreamPayload(session_id=view.session_id, url=view.url, token=view.token, mode=view.mode)
    return AvatarStream(payload=payload)


def _nothing() -> None:
    return None


class SpeechOutput:
    """One thing is said at a time; the end of each is told exactly once."""

    def __init__(
        self, emit: Callable[[Event], None], ended: Callable[[str], Awaitable[None]], timing: InterviewTiming
    ) -> None:
        """`ended` is awaited with the task id when a speech is over, however it ended."""
        self._emit = emit
        self._ended = ended
        self._timing = timing
        self._session: AvatarSession | None = None
        self._current: _Speech | None = None
        self._view: AvatarView | None = None
        self._quieting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.down = False

    @property
    def config(self) -> dict[str, object]:
        """What the browser needs to show the avatar."""
        return self._session.client_config() if self._session else {"kind": "none"}

    async def open(self, avatar: Avatar, interview_id: str, persona_id: str) -> None:
        """Starts the avatar's session; without one, speech goes to the browser."""
        try:
            self._session = await avatar.open(interview_id=interview_id, persona_id=persona_id, listener=self._heard)
        except CoachError:
            self._lose()

    def speaking(self, task_id: str = "") -> bool:
        """Whether something (or that task) is being said."""
        return self._current is not None and task_id in ("", self._current.request.task_id)

    async def say(
        self,
        text: str,
        purpose: Purpose,
        *,
        task_id: str = "",
        clip_key: str = "",
        lead_in: str = "",
        asked: Callable[[], None] = _nothing,
        started: Callable[[], None] = _nothing,
    ) -> str:
        """Asks for speech and returns its task id; `asked` and `started` are called when it happens."""
        await self.stop()
        request = SpeechRequest(task_id or new_id(), text, purpose, clip_key, lead_in)
        speech = self._current = _Speech(request, asked, started)
        self._arm(speech, self._timing.avatar_start_s if self._session and not self.down else 0.0)
        if self._session is None or self.down:
            self._in_browser(speech)
        else:
            await self._ask(self._session, speech)
        return request.task_id

    async def _ask(self, session: AvatarSession, speech: _Speech) -> None:
        try:
            await session.speak(speech.request)
            speech.asked()
        except CoachError:
            self._lose()
            self._in_browser(speech)

    def _in_browser(self, speech: _Speech, audio_url: str | None = None, *, relayed: bool = False) -> None:
        if self._current is not speech or speech.in_browser:
            return
        speech.in_browser, speech.audio_url, speech.relayed = True, audio_url, relayed
        self._disarm()
        self._arm(speech)
        self._emit(_speak(speech))
        speech.asked()
        speech.started()

    def resend(self) -> list[Event]:
        """For a client that has just come: the live picture, and what the browser is to say now."""
        picture: list[Event] = [_stream(self._view)] if self._view else []
        if self._current is None or not self._current.in_browser:
            return picture
        return [*picture, _speak(self._current)]

    async def seen(self, session_id: str, *, shown: bool) -> None:
        """A browser shows the live picture, or cannot; of a picture that is over it is old news."""
        if self._session and self._view and self._view.session_id == session_id:
            await self._session.seen(shown=shown)

    def done(self, task_id: str) -> None:
        """The browser (or the avatar) says that `task_id` is over; anything else is old news."""
        if self._current and self._current.request.task_id == task_id:
            self._cut(self._current)

    async def stop(self) -> None:
        """Cuts off what is being said."""
        if self._current is not None:
            self._cut(self._current)
        quieting, self._quieting = self._quieting, None
        if quieting:
            await quieting

    def _cut(self, speech: _Speech) -> None:
        """It is over for us; whoever else still says it is told to stop."""
        self._finish(speech)
        if self._session and not self.down:
            self._quieting = self._beside(self._quiet(self._session))

    async def _quiet(self, session: AvatarSession) -> None:
        try:
            await session.cancel()
        except CoachError:
            self._lose()

    async def usage(self) -> tuple[UsageEvent, ...]:
        """What the avatar's session used."""
        return await self._session.usage() if self._session else ()

    async def close(self) -> None:
        """Ends the session and leaves nothing running."""
        self._disarm()
        self._current = None
        session, self._session = self._session, None
        if session:
            await session.close()
        for task in tuple(self._tasks):
            task.cancel()

    def _arm(self, speech: _Speech, first_s: float = 0.0) -> None:
        wait_s = first_s + self._timing.speech_timeout_s(speech.request.words)
        speech.timer = asyncio.get_running_loop().call_later(wait_s, self._too_long, speech)

    def _too_long(self, speech: _Speech) -> None:
        if self._current is speech:
            self._cut(speech)

    def _disarm(self) -> None:
        if self._current and self._current.timer:
            self._current.timer.cancel()

    def _finish(self, speech: _Speech) -> None:
        if self._current is not speech:
            return
        self._disarm()
        self._current = None
        self._emit(SpeechEnd())
        self._beside(self._tell(speech.request.task_id))

    def _beside(self, work: Coroutine[object, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _tell(self, task_id: str) -> None:
        await self._ended(task_id)

    def _lose(self) -> None:
        if not self.down:
            self.down = True
            self._emit(Notice(payload=AUDIO_MODE))

    async def _heard(self, event: AvatarEvent) -> None:
        match event.kind:
            case "view":
                self._view = event.view
                self._emit(_stream(event.view))
                return
            case "told":
                self._emit(Notice(payload=NoticePayload(code=event.code, message=event.detail)))
                return
            case "down":
                self._lose()
        if self._current is not None and event.task_id in ("", self._current.request.task_id):
            self._heard_of(self._current, event)

    def _heard_of(self, speech: _Speech, event: AvatarEvent) -> None:
        match event.kind:
            case "say":
                if event.detail:
                    self._emit(Notice(payload=NoticePayload(code="VOICE_FAILED", message=event.detail)))
                speech.lead_in_url = event.lead_in_url
                self._in_browser(speech, event.audio_url)
            case "relay":
                self._in_browser(speech, relayed=True)
            case "speech_started":
                self._disarm()
                self._arm(speech)
                speech.started()
            case "speech_ended":
                self._finish(speech)
            case "speech_failed" | "down":
                self._in_browser(speech)
