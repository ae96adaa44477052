"""The voice port: text to sound, for the avatar (PCM) and for a browser (WAV)."""

import io
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from coach.contracts.usage import UsageEvent


@dataclass(frozen=True, slots=True)
class Spoken:
    """Sound of a text.

    Attributes:
        pcm: Int16 little-endian mono samples.
        sample_rate_hz: rate of `pcm`.
        usage: what it cost.
    """

    pcm: bytes
    sample_rate_hz: int
    usage: tuple[UsageEvent, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.pcm) / 2 / self.sample_rate_hz

    def wav(self) -> bytes:
        """The sound as a WAV file."""
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate_hz)
            file.writeframes(self.pcm)
        return out.getvalue()


LONGEST_TEXT = 2_000
"""Characters spoken at once."""


class Voice(Protocol):
    """Something that can speak."""

    name: str
    label: str

    def clip_key(self, persona_id: str) -> str:
        """What, beside the text, decides how a persona sounds: part of a clip cache's key."""

    async def speak(
        self, text: str, *, persona_id: str = "", interview_id: str = "", attempt_id: str | None = None
    ) -> Spoken:
        """Speaks a text in a persona's voice.

        Raises:
            VendorError: the vendor failed; the caller falls back to the browser's voice or a subtitle.
        """

    async def close(self) -> None:
        """Frees clients."""


@runtime_checkable
class WarmedVoice(Protocol):
    """A voice that has something to load before its first word."""

    async def warm_up(self) -> None:
        """Loads it.

        Raises:
            SettingsError: it is missing or altered.
        """


@runtime_checkable
class VoiceInParts(Voice, Protocol):
    """A voice whose first words can be heard while it still makes the rest."""

    def speak_parts(self, text: str, *, persona_id: str = "", quick: bool = False) -> AsyncIterator[Spoken]:
        """The same sound as `speak`, part by part; `quick`: somebody waits, so the first part is short.

        Raises:
            VendorError: it failed; what came before stays good.
        """
