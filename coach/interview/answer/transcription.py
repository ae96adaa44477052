"""From a recording to what is in it: its words, and what its sound alone tells."""

import asyncio
import logging
from pathlib import Path

from coach.contracts.interview import Attempt
from coach.errors import CoachError, VendorError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.speech_context import speech_context
from coach.interview.dependencies import off_loop
from coach.interview.recording_ports import Follower, HeardSound
from coach.speech.port import Heard

log = logging.getLogger(__name__)
HEARING_SLOW = "Understanding your answer takes longer than usual. Your recording is kept."


class AnswerTranscription:
    """Hears the answers of one interview; stores nothing and knows of no evaluation."""

    def __init__(self, session: InterviewAggregate) -> None:
        """The conductor's session."""
        self._s = session
        self._parts = session.parts

    async def followed(self, follower: Follower, recording: "asyncio.Future[Path]") -> "HeardSound | None":
        """What the sound alone tells, heard while it was recorded; where that failed, from the sealed recording."""
        try:
            return await off_loop(follower.finish)
        except Exception:
            log.exception("a recording could not be heard while it grew")
            return await self.listen(recording)

    async def listen(self, recording: "asyncio.Future[Path]") -> "HeardSound | None":
        """What the sound alone tells, beside the transcriber's work; None when the recording cannot be used."""
        try:
            return await off_loop(self._parts.listen, await recording)
        except CoachError:
            log.warning("the sound of an answer could not be measured; its words still are")
            return None

    async def transcript(
        self, attempt: Attempt, recording: "asyncio.Future[Path]", live: "asyncio.Future[Heard] | None"
    ) -> Heard:
        """The live stream's words; where there is none, or it fails, those of the recording. Who waits long is told.

        Raises:
            VendorError, AudioError: no text could be had; the recording is kept.
        """
        slow_s = self._parts.timing.hearing_slow_s
        late = asyncio.get_running_loop().call_later(slow_s, self._s.tell, "HEARING_SLOW", HEARING_SLOW)
        try:
            return await self._words(attempt, recording, live)
        finally:
            late.cancel()

    async def _words(
        self, attempt: Attempt, recording: "asyncio.Future[Path]", live: "asyncio.Future[Heard] | None"
    ) -> Heard:
        if live is not None:
            try:
                return await live
            except VendorError:
                log.warning("the live transcript failed; the recording is transcribed")
        sealed = await recording
        context = await speech_context(self._s)
        return await self._parts.transcriber.transcribe(sealed, context, attempt_id=attempt.id)

    async def verbatim(self, attempt: Attempt, recording: Path | None) -> Heard | None:
        """A second hearing that keeps um and uh; None when it fails or there is nothing to hear."""
        if recording is None:
            return None
        try:
            return await self._parts.transcriber.transcribe(
                recording, await speech_context(self._s), attempt_id=attempt.id, verbatim=True
            )
        except CoachError:
            log.warning("the verbatim pass failed; fillers stay provisional")
            return None
