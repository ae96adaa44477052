"""What must be on disk, but not before the scores are out: usage, transcript, archived recording.

The claim is written before any vendor is asked to judge; all the rest has a copy elsewhere until it is written (the
recording, from which a restart begins anew). It takes its turn when the scores are out, so that it never holds them up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from coach.contracts.interview import Attempt
from coach.errors import CoachError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.transcription import AnswerTranscription
from coach.speech.port import Heard

KEEP_WITHIN_S = 0.25
"""Transcript and usage are written when the scores are out, or this long after they are known."""


async def _after(scored: asyncio.Event, write: Callable[[], Awaitable[object]]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(KEEP_WITHIN_S):
            await scored.wait()
    await write()


class Keeping:
    """The writes of one interview that nobody waits for."""

    def __init__(self, session: InterviewAggregate, hearing: AnswerTranscription) -> None:
        """Both are of the interview."""
        self._s = session
        self._hearing = hearing
        self._scored: dict[str, asyncio.Event] = {}
        self._archiving: dict[str, asyncio.Future[str | None]] = {}
        self._keeping: dict[str, asyncio.Future[None]] = {}

    def scored(self, attempt_id: str) -> None:
        """The scores are out: what waited is written."""
        self._event(attempt_id).set()

    def _event(self, attempt_id: str) -> asyncio.Event:
        return self._scored.setdefault(attempt_id, asyncio.Event())

    def meter(self, attempt_id: str, heard: Heard) -> "asyncio.Task[None]":
        """Begins to store what the transcriber used."""
        work = _after(self._event(attempt_id), lambda: self._hearing.meter(heard.usage))
        return asyncio.get_running_loop().create_task(work)

    def keep(self, attempt: Attempt) -> "asyncio.Task[None]":
        """Begins to store the attempt with its words."""
        work = _after(self._event(attempt.id), lambda: self._s.save(attempt))
        keeping = self._keeping[attempt.id] = asyncio.get_running_loop().create_task(work)
        return keeping

    def archive(
        self, attempt: Attempt, sealed: "asyncio.Future[Path]", kept: "asyncio.Future[bool]"
    ) -> "asyncio.Task[str | None]":
        """Begins to archive the recording once the claim is written."""
        archiving = asyncio.get_running_loop().create_task(self._archive(attempt, sealed, kept))
        self._archiving[attempt.id] = archiving
        return archiving

    async def _archive(
        self, attempt: Attempt, sealed: "asyncio.Future[Path]", kept: "asyncio.Future[bool]"
    ) -> str | None:
        await asyncio.wait([kept])
        try:
            return await self._hearing.archive(attempt, await sealed)
        except CoachError:
            return None

    async def with_audio(self, attempt: Attempt) -> Attempt:
        """`attempt` with the address of its recording, once the archive has it."""
        archiving = self._archiving.pop(attempt.id, None)
        return attempt.model_copy(update=self._hearing.audio(await archiving)) if archiving else attempt

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
