"""The words of an answer that was kept unheard: had from its recording afterwards, without a session being open."""

import logging
from pathlib import Path

from coach.contracts.interview import Attempt, AttemptStatus, Interview
from coach.errors import AudioError, CoachError
from coach.interview.answer.baseline import EARLIER_MOST, compared_with
from coach.interview.answer.path import NO_WORDS
from coach.interview.answer.recording_files import find_recording
from coach.interview.answer.speech_context import speech_terms
from coach.interview.dependencies import Dependencies, off_loop
from coach.interview.recording_ports import HeardSound
from coach.speech.pieces.confidence import is_doubtful
from coach.speech.port import Heard
from coach.vault import ambient

log = logging.getLogger(__name__)
GONE = "The recording of this answer is not there any more."
DEAF = "There is nothing that could hear the recording: answers are typed here."
DOUBTFUL = "Too little of the recording was understood to score it; what was heard is kept with the answer."


class LateHearing:
    """Hears recordings and measures them as *Finish answer* would have."""

    def __init__(self, parts: Dependencies) -> None:
        """`parts`: with the policy the answers are judged by."""
        self._parts = parts
        self.troubles: dict[str, CoachError] = {}
        """What kept an attempt from being heard, by its id."""

    async def heard(self, attempt: Attempt, interview: Interview) -> Attempt:
        """The attempt, whose evaluation is claimed, with its words and delivery, both stored.

        What it used is stored as soon as it is known. An attempt that could not be heard comes back delayed, one that
        was not understood waits for review; why stands in `troubles`.
        """
        try:
            return await self._heard(attempt, interview)
        except CoachError as error:
            log.warning("an answer could not be heard afterwards (%s)", error.code)
            self.troubles[attempt.id] = error
            return attempt

    async def _heard(self, attempt: Attempt, interview: Interview) -> Attempt:
        parts = self._parts
        with ambient.belonging_to(interview.user_id):
            recording = await off_loop(find_recording, parts, attempt)
        if recording is None:
            raise AudioError(GONE)
        sound = await self._sound(recording)
        transcript = (await self._words(recording, attempt, interview)).transcript
        duration_s = attempt.duration_seconds or transcript.duration_s
        attempt = attempt.model_copy(update={"transcript": transcript, "duration_seconds": duration_s})
        if is_doubtful(transcript, parts.transcriber.capabilities.review_below):
            self.troubles[attempt.id] = AudioError(DOUBTFUL)
            return attempt.model_copy(update={"status": AttemptStatus.REVIEW})
        if not transcript.text.strip():
            self.troubles[attempt.id] = AudioError(NO_WORDS)
            return attempt
        attempt = await self._measured(attempt, interview, sound)
        if attempt.audio_uri:
            await off_loop(parts.journals.forget, parts.journal_dir, attempt.id)
        return attempt

    async def _sound(self, recording: Path) -> "HeardSound | None":
        try:
            return await off_loop(self._parts.listen, recording)
        except CoachError:
            log.warning("the sound of an answer could not be measured; its words still are")
            return None

    async def _words(self, recording: Path, attempt: Attempt, interview: Interview) -> Heard:
        """One hearing, which keeps um and uh where the transcriber can.

        Raises:
            AudioError, VendorError: there is no text.
        """
        transcriber = self._parts.transcriber
        if transcriber.capabilities.needs_review:
            raise AudioError(DEAF, mend="Set COACH_TRANSCRIBER, or give --transcriber.")
        context = await speech_terms(interview, self._parts.materials)
        verbatim = transcriber.capabilities.verbatim_batch
        heard = await transcriber.transcribe(recording, context, attempt_id=attempt.id, verbatim=verbatim)
        await self._parts.store.add_usage(heard.usage)
        return heard

    async def _measured(self, attempt: Attempt, interview: Interview, sound: "HeardSound | None") -> Attempt:
        parts, words = self._parts, attempt.transcript
        assert words is not None
        band, eyes = parts.policy.pace_band_wpm, attempt.extra.eye_contact
        delivery = await off_loop(parts.measure, words, sound, eyes, band)
        earlier = await parts.store.earlier_deliveries(
            interview.user_id, transcriber=parts.transcriber.name, but=attempt.id, limit=EARLIER_MOST
        )
        attempt = compared_with(attempt.model_copy(update={"delivery": delivery}), earlier)
        await parts.store.update_attempt(attempt.model_copy(update={"status": AttemptStatus.EVALUATING}))
        return attempt
