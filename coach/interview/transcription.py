"""What becomes of a recording: kept, archived, transcribed, and cleared away once both rest safely."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, StoreError, VendorError
from coach.interview import state_machine as states
from coach.interview.aggregate import InterviewAggregate
from coach.interview.dependencies import Follower, off_loop
from coach.speech.port import Heard, SpeechContext

log = logging.getLogger(__name__)


class AnswerTranscription:
    """From a recording to its transcript; nothing here knows of evaluations."""

    def __init__(self, session: InterviewAggregate) -> None:
        """The conductor's session."""
        self._s = session
        self._parts = session.parts

    async def keep(self, attempt: Attempt, *, claim: bool) -> bool:
        """Stores the attempt and, with `claim`, wins the right to evaluate it; False when someone else has it."""
        if not claim:
            await self._s.save(attempt)
            return False
        states.check_attempt(self._s.board.attempt(attempt.id).status, attempt.status)
        won = await self._parts.store.keep_and_claim(attempt, owner=self._parts.owner)
        status = AttemptStatus.EVALUATING if won else attempt.status
        self._s.board.attempts[attempt.id] = attempt.model_copy(update={"status": status})
        return won

    async def archive(self, attempt: Attempt, recording: Path) -> str | None:
        """Copies the recording to the archive; None when it does not take it (then it stays in the journal)."""
        try:
            return await off_loop(self._parts.archive.save, recording, attempt.id)
        except (CoachError, OSError):
            log.warning("the archive did not take a recording; it stays in the journal")
            return None

    async def followed(self, follower: Follower, recording: "asyncio.Future[Path]") -> Any:
        """What the sound alone tells, heard while it was recorded; where that failed, from the sealed recording."""
        try:
            return await off_loop(follower.finish)
        except Exception:
            log.exception("a recording could not be heard while it grew")
            return await self.listen(recording)

    async def listen(self, recording: "asyncio.Future[Path]") -> Any:
        """What the sound alone tells, beside the transcriber's work; None when the recording cannot be used."""
        try:
            return await off_loop(self._parts.listen, await recording)
        except CoachError:
            log.warning("the sound of an answer could not be measured; its words still are")
            return None

    async def transcript(
        self, attempt: Attempt, recording: "asyncio.Future[Path]", live: "asyncio.Future[Heard] | None"
    ) -> Heard:
        """The live stream's words; where there is none, or it fails, those of the recording.

        Raises:
            VendorError, AudioError: no text could be had; the recording is kept.
        """
        if live is not None:
            try:
                return await live
            except VendorError:
                log.warning("the live transcript failed; the recording is transcribed")
        sealed = await recording
        return await self._parts.transcriber.transcribe(sealed, self._context(attempt), attempt_id=attempt.id)

    async def verbatim(self, attempt: Attempt) -> Heard | None:
        """A second hearing that keeps um and uh; None when it fails or hears nothing."""
        try:
            recording = await off_loop(self.recording_of, attempt)
            if recording is None:
                return None
            heard = await self._parts.transcriber.transcribe(
                recording, self._context(attempt), attempt_id=attempt.id, verbatim=True
            )
        except CoachError:
            log.warning("the verbatim pass failed; fillers stay provisional")
            return None
        await self.meter(heard.usage)
        return heard if heard.transcript.text.strip() else None

    async def meter(self, usage: tuple[UsageEvent, ...]) -> None:
        """Records what was used, when it was used."""
        try:
            await self._parts.store.add_usage(usage)
        except StoreError:
            log.error("usage could not be stored: %d events", len(usage))

    def audio(self, uri: str | None) -> dict[str, Any]:
        """The attempt's columns for an archived recording."""
        if uri is None:
            return {}
        kept = timedelta(days=self._parts.timing.audio_kept_days)
        return {"audio_uri": uri, "audio_expires_at": self._parts.clock() + kept}

    def recording_of(self, attempt: Attempt) -> Path | None:
        """The recording of an attempt wherever it is: archive, sealed, or cut off by a crash (blocking).

        None when nothing was recorded.
        """
        sealed = self._parts.journal_dir / f"{attempt.id}.flac"
        if sealed.exists():
            return sealed
        if attempt.audio_uri:
            return self._parts.archive.local_path(attempt.audio_uri)
        journal = self._parts.journals.create(self._parts.journal_dir, attempt.id)
        if journal.seconds:
            return journal.seal()
        journal.discard()
        return None

    async def clear(self, attempt: Attempt) -> None:
        """The archive has the recording and the store says where: the journal is not needed any more.

        An archive that did not take it the first time is asked once more; after that it is repaired at the next start.
        """
        sealed = self._parts.journal_dir / f"{attempt.id}.flac"
        if not attempt.audio_uri and await off_loop(sealed.exists):
            audio = self.audio(await self.archive(attempt, sealed))
            attempt = await self._s.save(self._s.board.attempt(attempt.id).model_copy(update=audio))
        if attempt.audio_uri:
            await off_loop(self._discard, attempt.id)

    def _discard(self, attempt_id: str) -> None:
        self._parts.journals.create(self._parts.journal_dir, attempt_id).discard()

    def _context(self, attempt: Attempt) -> SpeechContext:
        terms = tuple(self._s.board.interview.job.key_skills)
        return SpeechContext(keyterms=terms, interview_id=attempt.interview_id)
