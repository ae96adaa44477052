"""Watches a brain's stream: the time to the first useful section, stalls between deltas, the whole call."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from coach.brain.port import BrainChunk, TextDelta
from coach.errors import VendorTimeoutError


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds allowed per stage of one call, and for all calls of one evaluation together (`total_s`)."""

    connect_s: float = 5.0
    first_section_s: float = 20.0
    stall_s: float = 10.0
    call_s: float = 60.0
    total_s: float = 90.0


def patience_s(brain: object) -> float:
    """How long somebody waits for a brain's plan or summary: till a first section would be due, and one stall."""
    timeouts: Timeouts = getattr(brain, "timeouts", None) or Timeouts()
    return timeouts.first_section_s + timeouts.stall_s


class Watch:
    """Deadlines of one call, on the event loop's clock. Tell it when the first section is there."""

    def __init__(self, timeouts: Timeouts, *, total_deadline: float) -> None:
        now = asyncio.get_running_loop().time()
        self._stall_s = timeouts.stall_s
        self._call = min(now + timeouts.call_s, total_deadline)
        self._first_section: float | None = now + timeouts.first_section_s
        self._flowing = False

    def section_seen(self) -> None:
        """The first useful section has arrived; only stalls and the whole call count from here."""
        self._first_section = None

    async def next(self, stream: AsyncIterator[BrainChunk]) -> BrainChunk:
        """The next chunk.

        Raises:
            VendorTimeoutError: naming the stage that took too long.
            StopAsyncIteration: the stream has ended.
        """
        deadline, stage = self._deadline()
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(stream)
        except TimeoutError as error:
            raise VendorTimeoutError(f"The model took too long ({stage}).") from error
        self._flowing = self._flowing or isinstance(chunk, TextDelta)
        return chunk

    def _deadline(self) -> tuple[float, str]:
        stages = [(self._call, "whole call")]
        if self._first_section is not None:
            stages.append((self._first_section, "first section"))
        if self._flowing:
            stages.append((asyncio.get_running_loop().time() + self._stall_s, "stalled"))
        return min(stages)
