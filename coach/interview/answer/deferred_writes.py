"""What must be on disk, but not before the scores are out: usage, transcript, archived recording.

The claim is written before any vendor is asked to judge; all the rest has a copy elsewhere until it is written (the
recording, from which a restart begins anew). It takes its turn when the scores are out, so that it never holds them up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from coach.contracts.interview import Attempt
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, StoreError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.recording_files import RecordingFiles
from coach.interview.answer.tasks import AnswerTasks

log = logging.getLogger(__name__)
KEEP_WITHIN_S = 0.25
"""Transcript and usage are written when the scores are out, or this long after they are known."""


async def _after(scored: asyncio.Event, write: Callable[[], Awaitable[object]]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(KEEP_WITHIN_S):
            await scored.wait()
    await write()


class DeferredWrites:
    """The writes of one interview that nobody waits for."""

    def __init__(self, session: InterviewAggregate, files: RecordingFiles, tasks: AnswerTasks) -> None:
        """All are of the interview."""
        self._s = session
        self._files = files
        self._tasks = tasks
        self._scored: dict[str, asyncio.Event] = {}
        self._archiving: dict[str, asyncio.Future[str | None]] = {}
        self._keeping: dict[str, asyncio.Future[None]] = {}

    def scored(self, attempt_id: str) -> None:
        """The scores are out: what waited is written."""
        self._event(attempt_id).set()

    def _event(self, attempt_id: str) -> asyncio.Event:
        return self._scored.setdefault(attempt_id, asyncio.Event())

    def meter(self, attempt_id: str, usage: Sequence[UsageEvent]) -> None:
        """Begins to store what the transcriber used; closing the interview waits for it."""
        self._tasks.to_the_end(_after(self._event(attempt_id), lambda: self._meter(usage)))

    def meter_now(self, usage: Sequence[UsageEvent]) -> None:
        """Begins to store what was used by something that was given up; closing the interview waits for it."""
        self._tasks.to_the_end(self._meter(usage))

    async def _meter(self, usage: Sequence[UsageEvent]) -> None:
        try:
            if usage:
                await self._s.parts.store.add_usage(usage)
        except StoreError:
            log.error("usage could not be stored: %d events", len(usage))

    def keep(self, attempt: Attempt) -> "asyncio.Task[None]":
        """Begins to store the attempt with its words."""
        work = _after(self._event(attempt.id), lambda: self._s.save(attempt))
        keeping = self._keeping[attempt.id] = self._tasks.beside(work)
        return keeping

    def archive(self, attempt: Attempt, sealed: "asyncio.Future[Path]", claimed: "asyncio.Future[bool]") -> None:
        """Begins to archive the recording once the claim is written."""
        self._archiving[attempt.id] = self._tasks.beside(self._archive(attempt, sealed, claimed))

    async def _archive(
        self, attempt: Attempt, sealed: "asyncio.Future[Path]", claimed: "asyncio.Future[bool]"
    ) -> str | None:
        await asyncio.wait([claimed])
        try:
            return await self._files.archive(attempt, await sealed)
        except CoachError:
            return None

    async def with_audio(self, attempt: Attempt) -> Attempt:
        """`attempt` with the address of its recording, once the archive has it."""
        archiving = self._archiving.pop(attempt.id, None)
        return self._files.archived(attempt, await archiving) if archiving else attempt

    async def flush(self, attempt_id: str) -> None:
        """Has everything that waited written, before anything else is."""
        self.scored(attempt_id)
        if attempt_id in self._keeping:
            await asyncio.wait([self._keeping[attempt_id]])

    def forget(self, attempt_id: str) -> None:
        """The attempt is done with: nothing waits for its scores any more."""
        self.scored(attempt_id)
        for waiting in (self._scored, self._keeping, self._archiving):
            waiting.pop(attempt_id, None)
