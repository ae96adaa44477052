"""A clip that is heard while it is still being made."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator

from coach.speech.voice.port import Spoken

_ENDLESS = 0xFFFFFFFF
"""A length nobody knows yet, as WAV readers understand it: the sound goes on until the stream ends."""


class GrowingClip:
    """What there is of a clip; lives on the event loop. `whole` is set when there will be no more."""

    def __init__(self) -> None:
        """Nothing is there yet."""
        self.parts: list[Spoken] = []
        self.failed = False
        self._first_s = 0.0
        self.begun = asyncio.Event()
        self.whole = asyncio.Event()
        self._asked = time.monotonic()
        self._more = asyncio.Event()

    def add(self, part: Spoken) -> None:
        """The next sound."""
        self._first_s = self._first_s or time.monotonic() - self._asked
        self.parts.append(part)
        self.begun.set()
        self._more.set()

    def end(self, *, failed: bool) -> None:
        """Nothing follows."""
        self.failed = failed
        for event in (self.begun, self.whole, self._more):
            event.set()

    @property
    def in_time(self) -> bool:
        """Whether sound is made faster than it is heard: else whoever listens would wait in the middle of it."""
        return bool(self.parts) and self._first_s < self.parts[0].duration_s

    @property
    def sound(self) -> Spoken:
        """All there is as one."""
        usage = tuple(event for part in self.parts for event in part.usage)
        return Spoken(b"".join(part.pcm for part in self.parts), self.parts[0].sample_rate_hz, usage)

    async def wav(self) -> AsyncIterator[bytes]:
        """A WAV file of unknown length, each part as soon as it is there.

        Raises:
            ConnectionError: the rest could not be made; what was heard was not all.
        """
        await self.begun.wait()
        if self.parts:
            yield header(self.parts[0].sample_rate_hz)
        sent = 0
        while True:
            self._more.clear()
            while sent < len(self.parts):
                yield self.parts[sent].pcm
                sent += 1
            if self.whole.is_set():
                break
            await self._more.wait()
        if self.failed:
            raise ConnectionError("the clip was not made to its end")


def header(sample_rate_hz: int) -> bytes:
    """The 44 bytes before Int16 mono samples of unknown number."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate_hz, sample_rate_hz * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _ENDLESS, b"WAVE") + form + struct.pack("<4sI", b"data", _ENDLESS)
