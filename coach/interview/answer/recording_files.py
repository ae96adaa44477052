"""The recording of an attempt as files: in its journal, sealed, archived, and cleared away once it rests safely."""

import logging
from datetime import timedelta
from pathlib import Path

from coach.contracts.interview import Attempt
from coach.contracts.usage import UsageEvent, usage_list
from coach.errors import CoachError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.dependencies import Dependencies, off_loop
from coach.vault import ambient

log = logging.getLogger(__name__)


def sealed_path(parts: Dependencies, attempt_id: str) -> Path:
    """Where a finished recording lies until the archive has it."""
    return parts.journal_dir / f"{attempt_id}.flac"


def find_recording(parts: Dependencies, attempt: Attempt) -> Path | None:
    """The recording of an attempt wherever it is: archive, sealed, or cut off by a crash (blocking).

    None when nothing was recorded. What is fetched from a bucket lies in the journal and is cleared with it.
    """
    sealed = sealed_path(parts, attempt.id)
    if sealed.exists():
        return sealed
    if attempt.audio_uri:
        return parts.archive.local_path(attempt.audio_uri, sealed)
    journal = parts.journals.create(parts.journal_dir, attempt.id)
    if journal.seconds or sealed.exists():  # sealed since the first look, by a process taken for dead
        return journal.seal()
    journal.discard()
    return None


class RecordingFiles:
    """Where the recordings of one interview are."""

    def __init__(self, session: InterviewAggregate) -> None:
        """The conductor's session."""
        self._s = session
        self._parts = session.parts

    async def archive(self, attempt: Attempt, recording: Path) -> str | None:
        """Copies the recording to the archive; None when it does not take it (then it stays in the journal)."""
        try:
            with ambient.belonging_to(self._s.board.interview.user_id):
                return await off_loop(self._parts.archive.save, recording, attempt.id)
        except (CoachError, OSError):
            log.warning("the archive did not take a recording; it stays in the journal")
            return None

    def archived(self, attempt: Attempt, uri: str | None) -> Attempt:
        """The attempt with the address of its archived recording, and how long that is kept."""
        if uri is None:
            return attempt
        expires = self._parts.clock() + timedelta(days=self._parts.timing.audio_kept_days)
        return attempt.model_copy(update={"audio_uri": uri, "audio_expires_at": expires})

    def sealed(self, attempt_id: str) -> Path:
        """Where a finished recording lies until the archive has it."""
        return sealed_path(self._parts, attempt_id)

    def find(self, attempt: Attempt) -> Path | None:
        """`find_recording` of an attempt of this interview (blocking)."""
        return find_recording(self._parts, attempt)

    def left_use(self, attempt_id: str) -> list[UsageEvent]:
        """What a process that died used for the answer and may not have stored (blocking); each event counts once."""
        try:
            return usage_list.validate_json(self._parts.journals.noted_use(self._parts.journal_dir, attempt_id) or "[]")
        except ValueError:
            log.warning("what an answer had used before cannot be read")
            return []

    async def clear(self, attempt: Attempt) -> None:
        """The archive has the recording and the store says where: the journal is not needed any more.

        An archive that did not take it the first time is asked once more; after that it is repaired at the next start.
        """
        sealed = self.sealed(attempt.id)
        if not attempt.audio_uri and await off_loop(sealed.exists):
            uri = await self.archive(attempt, sealed)
            attempt = await self._s.save(self.archived(self._s.board.attempt(attempt.id), uri))
        if attempt.audio_uri:
            await off_loop(self._discard, attempt.id)

    def _discard(self, attempt_id: str) -> None:
        self._parts.journals.forget(self._parts.journal_dir, attempt_id)
