"""The drawn persona: drawn by the page, spoken by the browser's own voice or by clips made on the server."""

import asyncio
from typing import Protocol

from coach.avatar.port import AvatarEvent, AvatarListener, SpeechRequest
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError

PATIENCE_S = 3.0
"""How long a question waits for its clip before the browser says it."""
VOICE_GONE = "{problem} Your browser's own voice asks from here on."
TOO_SLOW = "The interviewer's voice does not answer."


class VoiceSource(Protocol):
    """Turns text into the address of a sound the browser can play."""

    async def __call__(self, request: SpeechRequest, *, persona_id: str, interview_id: str) -> str | None:
        """The address; None = let the browser speak.

        Raises:
            CoachError: there is no sound.
        """


class DrawnSession:
    """One drawn persona; every request for speech becomes a `say` for the browser."""

    def __init__(
        self, persona_id: str, interview_id: str, listener: AvatarListener, voice: VoiceSource | None, muted: bool
    ) -> None:
        self._persona_id = persona_id
        self._interview_id = interview_id
        self._listener = listener
        self._voice = voice
        self._muted = muted
        self._fetching: asyncio.Task[None] | None = None

    async def speak(self, request: SpeechRequest) -> None:
        """Hands the text to the browser; with a voice configured as soon as there is the address of a sound."""
        if self._voice is None:
            await self._listener(AvatarEvent("say", request.task_id))
            return
        await self.cancel()
        self._fetching = asyncio.create_task(self._fetch(self._voice, request))

    async def _fetch(self, voice: VoiceSource, request: SpeechRequest) -> None:
        """A voice that failed once is not asked again: one interviewer does not change voices at every question."""
        urls: list[str | None] = [None]
        trouble = ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                made = (
                    voice(part, persona_id=self._persona_id, interview_id=self._interview_id)
                    for part in request.parts()
                )
                urls = [*await asyncio.gather(*made)]
        except TimeoutError:
            trouble = TOO_SLOW
        except CoachError as error:
            trouble = str(error)
        if trouble:
            self._voice = None
        detail = VOICE_GONE.format(problem=trouble) if trouble else ""
        lead = urls[0] if len(urls) > 1 else None
        event = AvatarEvent("say", request.task_id, detail=detail, audio_url=urls[-1], lead_in_url=lead)
        await self._listener(event)

    async def cancel(self) -> None:
        """A clip nobody waits for any more; the page stops by itself when the next thing is said."""
        fetching, self._fetching = self._fetching, None
        if fetching and fetching is not asyncio.current_task():
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)

    async def seen(self, *, shown: bool) -> None:
        """There is no live picture."""

    def client_config(self) -> dict[str, object]:
        """Persona and kind of voice."""
        voice = "none" if self._muted else "server" if self._voice else "browser"
        return {"kind": "drawn", "persona_id": self._persona_id, "voice": voice}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """Nothing is metered here; a clip is when it is made."""
        return ()

    async def close(self) -> None:
        """Leaves no task running."""
        await self.cancel()


class DrawnAvatar:
    """The avatar that is always there."""

    name = "drawn"
    label = "drawn persona"

    def __init__(self, *, voice: VoiceSource | None = None, muted: bool = False) -> None:
        """`voice` makes sounds on the server; `muted` shows subtitles only."""
        self._voice = voice
        self._muted = muted

    async def open(self, *, interview_id: str, persona_id: str, listener: AvatarListener) -> DrawnSession:
        """Starts a session; there is nothing to fail."""
        return DrawnSession(persona_id, interview_id, listener, self._voice, self._muted)

    async def close(self) -> None:
        """Nothing to close."""
