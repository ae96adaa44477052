"""PROCESSING: begins the work on an answer, exactly once per attempt, and says what became of one that failed."""

import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.transcript import Transcript, typed_transcript
from coach.errors import CoachError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.path import AnswerPath
from coach.interview.answer.recording import AnswerRecording
from coach.interview.dependencies import off_loop
from coach.interview.latency import Timeline

log = logging.getLogger(__name__)
OUR_FAULT = "Something failed on our side; your answer is kept."


class Processing:
    """The entrances to the way of an answer; what happens on it stands in `AnswerPath`."""

    def __init__(self, session: InterviewAggregate, path: AnswerPath) -> None:
        """Both are of the interview."""
        self._s = session
        self._path = path
        self._tasks = path.tasks

    def busy(self, attempt_id: str = "") -> bool:
        """Whether an attempt (or any) is being worked on."""
        return self._tasks.busy(attempt_id)

    @property
    def resting(self) -> bool:
        """Whether nothing runs at all, not even what would be cancelled unnoticed."""
        return self._tasks.resting

    async def settle(self, timeout_s: float) -> None:
        """Waits until nothing is being worked on, at most `timeout_s`."""
        await self._tasks.settle(timeout_s)

    async def close(self) -> None:
        """Cancels what runs; it is resumed from the store."""
        await self._tasks.close()

    def start_recorded(self, attempt: Attempt, capture: AnswerRecording, timeline: Timeline) -> None:
        """*Finish*: from the recording in hand."""
        self._start(attempt, self._path.from_capture(attempt, capture, timeline))

    def start_file(self, attempt: Attempt, recording: Path, timeline: Timeline) -> None:
        """From a finished recording: an upload, or one found after a crash."""
        self._start(attempt, self._path.from_file(attempt, recording, timeline))

    def start_text(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, capture: AnswerRecording | None = None
    ) -> None:
        """From a text that was typed instead of spoken (what was recorded all the same is kept)."""
        self._start(attempt, self._path.from_text(attempt, transcript, timeline, capture))

    def start_review(self, attempt: Attempt, transcript: Transcript) -> None:
        """From the transcript the person looked over."""
        self._start(attempt, self._path.from_text(attempt, transcript, self._path.reviews.reviewed(attempt.id)))

    def resume(self, attempt: Attempt, timeline: Timeline) -> None:
        """Goes on with an attempt that was captured but never judged: after a crash, or when feedback was delayed."""
        if attempt.transcript and attempt.transcript.text.strip():
            self._start(attempt, self._path.from_text(attempt, attempt.transcript, timeline))
        else:
            self._start(attempt, self._path.from_kept(attempt, timeline))

    async def resume_sealed(self, attempt: Attempt) -> bool:
        """Goes on with an answer that was finished, and sealed, just before its row could say so; False for others."""
        sealed = self._path.files.sealed(attempt.id)
        if not sealed.exists():
            return False
        await self.meter_left(attempt)
        self.start_file(attempt, sealed, Timeline.begun(self._s.parts.monotonic))
        return True

    async def meter_left(self, attempt: Attempt) -> None:
        """Stores what a process that died had used for an answer, where it could not do so itself."""
        self._path.writes.meter_now(await off_loop(self._path.files.left_use, attempt.id))

    def show_review(self, attempt: Attempt) -> None:
        """After a restart: a transcript that still waits for correction."""
        if attempt.transcript:
            self._path.reviews.show(attempt, attempt.transcript)

    async def review_empty(self, attempt: Attempt, capture: AnswerRecording | None) -> None:
        """*Finish* without sound where the person can type: asks for the text."""
        if capture:
            await off_loop(capture.discard)
        nothing = typed_transcript("")
        changes = {"status": AttemptStatus.CAPTURED, "transcript": nothing, "finished_at": self._s.parts.clock()}
        await self._path.reviews.ask(await self._s.save(attempt.model_copy(update=changes)), nothing)

    async def keep_for_later(self, attempt: Attempt, capture: AnswerRecording, end: Callable[[], object]) -> None:
        """The interview ends in the middle of an answer: it is kept, feedback can be had later.

        The row comes first, and the answer is recorded on while it is written; then `end` ends the recording. What
        fails after that is made good by `delay`.

        Raises:
            StoreError: the row cannot be written (nothing was ended), or the disk is full.
        """
        now = {"status": AttemptStatus.CAPTURED, "finished_at": self._s.parts.clock()}
        lasts = {"duration_seconds": round(capture.seconds, 3)}
        attempt = await self._s.save(attempt.model_copy(update={**now, **lasts}))
        end()
        recording = await off_loop(capture.seal)
        await off_loop(capture.rest)
        lasts = {"duration_seconds": round(capture.seconds, 3)}
        await self._put_off(attempt.model_copy(update=lasts), recording)

    async def delay(self, attempt: Attempt) -> None:
        """What was captured and nobody works on waits for its feedback.

        Raises:
            StoreError: it cannot be written.
        """
        if not self.busy(attempt.id):
            await self._put_off(attempt, await off_loop(self._path.files.find, attempt))

    async def _put_off(self, attempt: Attempt, recording: Path | None) -> None:
        files = self._path.files
        if recording:
            attempt = files.archived(attempt, await files.archive(attempt, recording))
        await files.clear(await self._s.save(attempt.model_copy(update={"status": AttemptStatus.DELAYED})))

    def _start(self, attempt: Attempt, work: Coroutine[Any, Any, None]) -> None:
        if self._tasks.busy(attempt.id):
            work.close()
            return
        self._tasks.start(attempt.id, self._guarded(attempt.id, work))

    async def _guarded(self, attempt_id: str, work: Coroutine[object, None, None]) -> None:
        try:
            await work
        except CoachError as error:
            await self._failed(attempt_id, error)
        except Exception:
            log.exception("processing of an attempt failed")
            await self._failed(attempt_id, CoachError(OUR_FAULT))
        finally:
            self._path.writes.forget(attempt_id)

    async def _failed(self, attempt_id: str, error: CoachError) -> None:
        writes = self._path.writes
        try:
            await writes.flush(attempt_id)
            attempt = await writes.with_audio(self._s.board.attempt(attempt_id))
            if attempt.status == AttemptStatus.RECORDING:
                attempt = await self._s.save(attempt.model_copy(update={"status": AttemptStatus.CAPTURED}))
            if attempt.status != AttemptStatus.EVALUATED:
                await self._s.save(attempt.model_copy(update={"status": AttemptStatus.DELAYED}))
        except CoachError:
            log.warning("the failure of an attempt could not be stored; it is resumed at the next start")
        self._s.fail(error)
        if not self._s.skeleton_stands(attempt_id):  # `Feedback._show` says why
            return
        async with self._s.lock:
            self._s.broken(attempt_id, str(error))
