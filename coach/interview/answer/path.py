"""The straight way of one answer: recording or text -> words and sound -> measured -> judged -> stored.

Each step hands an `AnswerUnderway` to the next; nothing here is called back.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.transcript import Transcript
from coach.errors import AudioError, StoreBusyError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.baseline import Baseline
from coach.interview.answer.deferred_writes import DeferredWrites
from coach.interview.answer.pending_reviews import PendingReviews
from coach.interview.answer.recording import AnswerRecording
from coach.interview.answer.recording_files import RecordingFiles
from coach.interview.answer.tasks import AnswerTasks
from coach.interview.answer.transcription import AnswerTranscription
from coach.interview.answer.verbatim_pass import VerbatimPass
from coach.interview.dependencies import off_loop
from coach.interview.latency import Timeline
from coach.interview.phases.feedback import Feedback
from coach.interview.recording_ports import HeardSound
from coach.speech.pieces.confidence import is_doubtful
from coach.speech.port import Heard, SpeechStream

NO_WORDS = "We heard no words. Retry the question, or check the microphone."


@dataclass(slots=True)
class AnswerUnderway:
    """An answer on its way.

    Attributes:
        attempt: as far as it is known.
        timeline: marks since *Finish*.
        sealed: its recording, once that is finished.
        live: what the live stream heard of it.
        sound: what its sound alone tells.
        claimed: whether this process has the right to judge it, once that is written.
        rests: done when its recording would outlive this machine; None where none is meant to.
    """

    attempt: Attempt
    timeline: Timeline
    sealed: "asyncio.Future[Path] | None" = None
    live: "asyncio.Future[Heard] | None" = None
    sound: "asyncio.Future[HeardSound | None] | None" = None
    claimed: "asyncio.Future[bool] | None" = None
    rests: "asyncio.Future[None] | None" = None


@dataclass(frozen=True, slots=True)
class AnswerPath:
    """Takes answers of one interview along the way; every part is the interview's."""

    session: InterviewAggregate
    tasks: AnswerTasks
    files: RecordingFiles
    transcription: AnswerTranscription
    writes: DeferredWrites
    reviews: PendingReviews
    baseline: Baseline
    feedback: Feedback
    verbatim: VerbatimPass

    async def from_capture(self, attempt: Attempt, capture: AnswerRecording, timeline: Timeline) -> None:
        """From the recording in hand: the transcriber gives its last words while it is sealed."""
        if capture.stream:
            capture.stream.end_answer()
        sealed = self.tasks.beside(off_loop(capture.seal))
        attempt = attempt.model_copy(update={"duration_seconds": round(capture.seconds, 3)})
        answer = AnswerUnderway(attempt, timeline, sealed)
        if capture.journal.shared:
            answer.rests = self.tasks.beside(_at_rest(capture, sealed))
        if capture.followed:
            answer.sound = self.tasks.beside(self.transcription.followed(capture.followed, sealed))
        if capture.stream and capture.heard_live:
            answer.live = self.tasks.beside(_last_words(capture.stream, sealed))
        await self._heard(answer)

    async def from_file(self, attempt: Attempt, recording: Path, timeline: Timeline) -> None:
        """From a finished recording: an upload, or one found after a crash."""
        await self._heard(AnswerUnderway(attempt, timeline, _known(recording)))

    async def from_kept(self, attempt: Attempt, timeline: Timeline) -> None:
        """From whatever was recorded of an attempt before a crash.

        Raises:
            AudioError: nothing was.
        """
        recording = await off_loop(self.files.find, attempt)
        self.writes.meter_now(await off_loop(self.files.left_use, attempt.id))
        if recording is None:
            raise AudioError(NO_WORDS)
        await self.from_file(attempt, recording, timeline)

    async def from_text(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, capture: AnswerRecording | None = None
    ) -> None:
        """From a text, typed or looked over; what was recorded is kept, and measured unless all of it was typed."""
        recording = await off_loop(self._recording, attempt, capture)
        captured = _captured(attempt, attempt.finished_at or self.session.parts.clock())
        answer = AnswerUnderway(captured.model_copy(update={"transcript": transcript}), timeline)
        timeline.mark("transcript_final")
        answer.claimed = self.tasks.beside(self.session.claim(answer.attempt))
        if recording:
            answer.sealed = _known(recording)
            answer.sound = self.tasks.beside(self.transcription.listen(answer.sealed))
            if not attempt.audio_uri:
                self.writes.archive(answer.attempt, answer.sealed, answer.claimed)
        await self._measured(answer, transcript)

    def _recording(self, attempt: Attempt, capture: AnswerRecording | None) -> Path | None:
        if capture and capture.seconds:
            return capture.seal()
        if capture:
            capture.discard()
        return self.files.find(attempt)

    async def _heard(self, answer: AnswerUnderway) -> None:
        """Keeps, claims and archives while the transcriber works; then asks for review or judges."""
        parts, sealed = self.session.parts, answer.sealed
        assert sealed is not None
        review = parts.transcriber.capabilities.needs_review
        captured = answer.attempt.model_copy(
            update={"status": AttemptStatus.CAPTURED, "finished_at": answer.attempt.finished_at or parts.clock()}
        )
        claimed = answer.claimed = self.tasks.beside(self._keep(captured, answer.rests, claim=not review))
        answer.sound = answer.sound or self.tasks.beside(self.transcription.listen(sealed))
        self.writes.archive(captured, sealed, claimed)
        self.feedback.prepare(captured.id)
        self.baseline.load(captured.id)
        try:
            heard = await self.transcription.transcript(captured, sealed, answer.live)
            answer.timeline.mark("transcript_final")
            self.writes.meter(captured.id, heard.usage)
        finally:
            await claimed
        answer.attempt = _with_words(self.session.board.attempt(captured.id), heard.transcript)
        if not review and not await claimed:
            self._elsewhere(answer.attempt)
        elif review or is_doubtful(heard.transcript, parts.transcriber.capabilities.review_below):
            attempt = await self.writes.with_audio(answer.attempt)
            await self.reviews.ask(attempt, heard.transcript, answer.timeline)
        else:
            await self._measured(answer, heard.transcript)

    async def _keep(self, attempt: Attempt, rests: "asyncio.Future[None] | None", *, claim: bool) -> bool:
        """Nobody takes an answer for captured whose end could die with this machine."""
        if rests:
            await asyncio.wait([rests])
        if claim:
            return await self.session.claim(attempt)
        await self.session.save(attempt)
        return False

    async def _measured(self, answer: AnswerUnderway, transcript: Transcript) -> None:
        """Measures while the claim is being written; nothing is asked of a vendor before it is won."""
        attempt, board = answer.attempt, self.session.board
        assert answer.claimed is not None
        empty = not transcript.text.strip()
        sound = await answer.sound if answer.sound and not empty and not transcript.is_typed else None
        parts, eyes = self.session.parts, attempt.extra.eye_contact
        band = parts.policy.pace_band_wpm
        delivery = None if empty else await off_loop(parts.measure, transcript, sound, eyes, band)
        if not await answer.claimed:
            self._elsewhere(attempt)
            return
        status = board.attempt(attempt.id).status
        attempt = attempt.model_copy(update={"status": status, "delivery": delivery})
        board.attempts[attempt.id] = attempt
        if empty:
            raise AudioError(NO_WORDS)
        self.reviews.done(attempt.id)
        answer.timeline.mark("measured")
        attempt = board.attempts[attempt.id] = await self.baseline.compared(attempt)
        second = self.verbatim.begin(attempt, transcript) if answer.sound else None
        judged = await self.feedback.judge(attempt, answer.timeline)
        if second:
            await self.verbatim.apply(judged, await second, sound)
        await self.files.clear(judged)

    def _elsewhere(self, attempt: Attempt) -> None:
        """Another process evaluates this attempt: nothing is done twice, the person is told to come back."""
        error = StoreBusyError("This answer is being evaluated already.", mend="Reload in a moment.")
        self.session.fail(error)
        self.session.broken(attempt.id, str(error))


async def _at_rest(capture: AnswerRecording, sealed: "asyncio.Future[Path]") -> None:
    await asyncio.wait([sealed])
    await off_loop(capture.rest)


def _known(recording: Path) -> "asyncio.Future[Path]":
    """A recording that is sealed already."""
    sealed: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    sealed.set_result(recording)
    return sealed


async def _last_words(stream: SpeechStream, sealed: "asyncio.Future[Path]") -> Heard:
    return await stream.finish_answer(await sealed)


def _captured(attempt: Attempt, finished_at: object) -> Attempt:
    """The attempt as finished; one that was captured before stays what it is."""
    status = AttemptStatus.CAPTURED if attempt.status == AttemptStatus.RECORDING else attempt.status
    return attempt.model_copy(update={"finished_at": finished_at, "status": status})


def _with_words(attempt: Attempt, transcript: Transcript) -> Attempt:
    duration_s = attempt.duration_seconds or transcript.duration_s
    return attempt.model_copy(update={"transcript": transcript, "duration_seconds": duration_s})
