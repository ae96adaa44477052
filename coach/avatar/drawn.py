"""The drawn persona: drawn by the page, spoken by the browser's own voice. Costs nothing, needs no network."""

from collections.abc import Awaitable, Callable
from typing import Any

from coach.avatar.port import AvatarEvent, AvatarListener, SpeechRequest
from coach.contracts.usage import UsageEvent

VoiceSource = Callable[[SpeechRequest], Awaitable[str | None]]
"""Turns text into the address of a sound the browser can play; None = let the browser speak."""


class DrawnSession:
    """One drawn persona; every request for speech becomes a `say` for the browser."""

    def __init__(self, persona_id: str, listener: AvatarListener, voice: VoiceSource | None, muted: bool) -> None:
        self._persona_id = persona_id
        self._listener = listener
        self._voice = voice
        self._muted = muted

    async def speak(self, request: SpeechRequest) -> None:
        """Hands the text to the browser, with the address of a sound where a voice is configured."""
        url = await self._voice(request) if self._voice else None
        await self._listener(AvatarEvent("say", request.task_id, audio_url=url))

    async def cancel(self) -> None:
        """Nothing runs on our side; the page stops by itself when the next thing is said."""

    def client_config(self) -> dict[str, Any]:
        """Persona and kind of voice."""
        voice = "none" if self._muted else "server" if self._voice else "browser"
        return {"kind": "drawn", "persona_id": self._persona_id, "voice": voice}

    async def usage(self) -> tuple[UsageEvent, ...]:
        """Nothing is metered."""
        return ()

    async def close(self) -> None:
        """Nothing to close."""


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
        return DrawnSession(persona_id, listener, self._voice, self._muted)

    async def close(self) -> None:
        """Nothing to close."""
