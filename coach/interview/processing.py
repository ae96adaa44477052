"""PROCESSING: from *Finish* to the stored evaluation, one task per attempt, exactly once per attempt."""

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

from coach.contracts.brain import EvaluationResult
from coach.contracts.events import Event, Notice, NoticePayload, TranscriptReview, TranscriptReviewPayload
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, ViewState
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.contracts.usage import UsageEvent
from coach.errors import AudioError, CoachError
from coach.interview import rollup
from coach.interview.asking import Asking
from coach.interview.capture import Capture
from coach.interview.parts import Parts, off_loop
from coach.interview.race import Race, evaluation_call
from coach.interview.session import Session
from coach.interview.waterfall import Timeline
from coach.speech.port import Heard, SpeechContext

log = logging.getLogger(__name__)

REVIEW_REASON = (
    "The offline recogniser is unsure. Correct the text before it is scored; the timing of your speech is kept."
)
WITHDRAWN = NoticePayload(
    code="FOLLOW_UP_WITHDRAWN", message="No follow-up is needed after all: your answer covers it."
)
NO_WORDS = "We heard no words. Retry the question, or check the microphone."


class Processing:
    """Runs the races of one interview; implements what a race needs of its host."""

    def __init__(self, session: Session, asking: Asking) -> None:
        """Both are the conductor's."""
        self._s = session
        self._asking = asking
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._side: set[asyncio.Task[Any]] = set()
        self._rollup = asyncio.Lock()
        self._reviewing: dict[str, Timeline] = {}

    @property
    def parts(self) -> Parts:
        """The injected parts."""
        return self._s.parts

    def busy(self, attempt_id: str = "") -> bool:
        """Whether an attempt (or any) is being worked on."""
        return attempt_id in self._tasks if attempt_id else bool(self._tasks)

    async def settle(self, timeout_s: float) -> None:
        """Waits until nothing is being worked on, at most `timeout_s`."""
        until = asyncio.get_running_loop().time() + timeout_s
        while tasks := [*self._tasks.values(), *self._side]:
            left_s = until - asyncio.get_running_loop().time()
            if left_s <= 0:
                return
            await asyncio.wait(tasks, timeout=left_s)

    async def close(self) -> None:
        """Cancels what runs; it is resumed from the store."""
        tasks = [*self._tasks.values(), *self._side]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- entrances -----------------------------------------------------------------------------------------------

    def start_recorded(self, attempt: Attempt, capture: Capture, timeline: Timeline) -> None:
        """*Finish*: from the recording in hand."""
        self._start(attempt, self._from_capture(attempt, capture, timeline))

    def start_file(self, attempt: Attempt, recording: Path, timeline: Timeline) -> None:
        """From a finished recording: an upload, or one found after a crash."""
        self._start(attempt, self._from_file(attempt, recording, timeline, heard=None))

    def start_text(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, capture: Capture | None = None
    ) -> None:
        """From a text: typed, corrected, or known from before."""
        self._start(attempt, self._from_text(attempt, transcript, timeline, capture))

    def start_review(self, attempt: Attempt, transcript: Transcript) -> None:
        """From the transcript the person looked over; the recording is in the archive."""
        timeline = self._reviewing.pop(attempt.id, None) or self._begun()
        timeline.mark("reviewed")
        self._start(attempt, self._from_text(attempt, transcript, timeline, None))

    def resume(self, attempt: Attempt, timeline: Timeline) -> None:
        """Goes on with an attempt that was captured but never judged: after a crash, or when feedback was delayed."""
        if attempt.transcript and attempt.transcript.text.strip():
            self._start(attempt, self._from_text(attempt, attempt.transcript, timeline, None))
        else:
            self._start(attempt, self._from_kept(attempt, timeline))

    async def review_empty(self, attempt: Attempt, capture: Capture | None) -> None:
        """*Finish* without sound where the person can type: asks for the text."""
        if capture:
            await off_loop(capture.discard)
        nothing = typed("")
        changes = {"status": AttemptStatus.CAPTURED, "transcript": nothing, "finished_at": self.parts.clock()}
        await self._review(await self._s.save(attempt.model_copy(update=changes)), nothing)

    async def keep_for_later(self, attempt: Attempt, capture: Capture) -> None:
        """The interview ends in the middle of an answer: it is kept, feedback can be had later."""
        recording = await off_loop(capture.seal)
        changes = {"duration_seconds": round(capture.seconds, 3), "finished_at": self.parts.clock()}
        attempt = await self._s.save(attempt.model_copy(update={**changes, "status": AttemptStatus.CAPTURED}))
        audio = self._audio(await self._archive(attempt, recording))
        await self._s.save(attempt.model_copy(update={**audio, "status": AttemptStatus.DELAYED}))

    def _begun(self) -> Timeline:
        timeline = Timeline(self.parts.monotonic)
        timeline.begin()
        return timeline

    async def _from_kept(self, attempt: Attempt, timeline: Timeline) -> None:
        recording = await off_loop(self._kept_recording, attempt)
        await self._from_file(attempt, recording, timeline, heard=None)

    def _kept_recording(self, attempt: Attempt) -> Path:
        if attempt.audio_uri:
            return self.parts.archive.local_path(attempt.audio_uri)
        journal = self.parts.journals.create(self.parts.journal_dir, attempt.id)
        return journal.seal()

    def _start(self, attempt: Attempt, work: Coroutine[Any, Any, None]) -> None:
        if attempt.id in self._tasks:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(self._guarded(attempt.id, work))
        self._tasks[attempt.id] = task

    def _beside(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)
        return task

    async def _guarded(self, attempt_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CoachError as error:
            await self._failed(attempt_id, error)
        except Exception:
            log.exception("processing of an attempt failed")
            await self._failed(attempt_id, CoachError("Something failed on our side.", mend="Your answer is kept."))
        finally:
            self._tasks.pop(attempt_id, None)

    # -- the way of an answer --------------------------------------------------------------------------------------

    async def _from_capture(self, attempt: Attempt, capture: Capture, timeline: Timeline) -> None:
        recording = await off_loop(capture.seal)
        attempt = attempt.model_copy(update={"duration_seconds": round(capture.seconds, 3)})
        heard = None
        if capture.stream:
            heard = asyncio.ensure_future(capture.stream.finish_answer(recording))
        await self._from_file(attempt, recording, timeline, heard=heard)

    async def _from_file(
        self, attempt: Attempt, recording: Path, timeline: Timeline, heard: "asyncio.Future[Heard] | None"
    ) -> None:
        changes = {"status": AttemptStatus.CAPTURED, "finished_at": attempt.finished_at or self.parts.clock()}
        captured = attempt.model_copy(update=changes)
        review = self.parts.transcriber.capabilities.needs_review
        kept = self._beside(self._keep(captured, claim=not review))
        archived = self._beside(self._archive(captured, recording))
        result = await self._hear(captured, recording, heard)
        timeline.mark("transcript_final")
        self._beside(self._meter(result.usage))
        claimed, uri = await kept, await archived
        transcript = result.transcript
        attempt = self._heard(self._s.board.attempt(attempt.id), transcript, uri)
        if review:
            self._reviewing[attempt.id] = timeline
            await self._review(attempt, transcript)
        elif claimed:
            await self._judge(attempt, transcript, timeline, recording)

    async def _from_text(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, capture: Capture | None
    ) -> None:
        recording: Path | None = None
        if capture and capture.frames:
            recording = await off_loop(capture.seal)
        elif capture:
            await off_loop(capture.journal.discard)
        changes: dict[str, Any] = {"finished_at": attempt.finished_at or self.parts.clock(), "transcript": transcript}
        if attempt.status == AttemptStatus.RECORDING:
            changes["status"] = AttemptStatus.CAPTURED
        timeline.mark("transcript_final")
        if await self._keep(attempt.model_copy(update=changes), claim=True):
            if recording:
                uri = await self._archive(attempt, recording)
                changes |= self._audio(uri)
            attempt = self._s.board.attempt(attempt.id).model_copy(update=self._audio_only(changes))
            await self._judge(attempt, transcript, timeline, recording)

    async def _keep(self, attempt: Attempt, *, claim: bool) -> bool:
        """Stores the attempt and, with `claim`, wins the right to evaluate it; False when someone else has it."""
        await self._s.save(attempt)
        if not claim:
            return False
        if not await self.parts.store.claim_evaluation(attempt.id, owner=self.parts.owner):
            return False
        self._s.board.attempts[attempt.id] = attempt.model_copy(update={"status": AttemptStatus.EVALUATING})
        return True

    async def _archive(self, attempt: Attempt, recording: Path) -> str | None:
        try:
            return await off_loop(self.parts.archive.save, recording, attempt.id)
        except (CoachError, OSError):
            log.warning("the archive did not take a recording; it stays in the journal")
            return None

    async def _hear(self, attempt: Attempt, recording: Path, heard: "asyncio.Future[Heard] | None") -> Heard:
        if heard is not None:
            return await heard
        context = SpeechContext(
            keyterms=tuple(self._s.board.interview.job.key_skills), interview_id=attempt.interview_id
        )
        return await self.parts.transcriber.transcribe(recording, context, attempt_id=attempt.id)

    async def _meter(self, usage: tuple[UsageEvent, ...]) -> None:
        if usage:
            await self.parts.store.add_usage(usage)

    def _heard(self, attempt: Attempt, transcript: Transcript, uri: str | None) -> Attempt:
        duration_s = attempt.duration_seconds or transcript.duration_s
        changes = {"transcript": transcript, "duration_seconds": duration_s, **self._audio(uri)}
        return attempt.model_copy(update=changes)

    def _audio(self, uri: str | None) -> dict[str, Any]:
        if uri is None:
            return {}
        kept = timedelta(days=self.parts.timing.audio_kept_days)
        return {"audio_uri": uri, "audio_expires_at": self.parts.clock() + kept}

    @staticmethod
    def _audio_only(changes: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in changes.items() if k.startswith("audio_")}

    async def _review(self, attempt: Attempt, transcript: Transcript) -> None:
        await self._s.save(attempt.model_copy(update={"status": AttemptStatus.REVIEW}))
        self.ask_review(attempt, transcript)

    def ask_review(self, attempt: Attempt, transcript: Transcript) -> None:
        """Shows the offline transcript for correction."""
        payload = TranscriptReviewPayload(
            attempt_id=attempt.id,
            text=transcript.text,
            reason=REVIEW_REASON,
            auto_submit_s=self.parts.timing.review_auto_submit_s if transcript.text.strip() else 0,
        )
        self._s.emit_for(attempt.id, TranscriptReview(payload=payload))

    async def _judge(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, recording: Path | None
    ) -> None:
        if not transcript.text.strip():
            raise AudioError(NO_WORDS)
        self._s.told.pop(attempt.id, None)
        delivery = await off_loop(self.parts.measure, transcript, recording, attempt.extra.get("eye_contact"))
        attempt = attempt.model_copy(update={"delivery": delivery})
        exchange = self._s.board.exchange(attempt.exchange_id)
        earlier = [a for a in self._s.board.attempts_of(exchange.id) if a.attempt_number < attempt.attempt_number]
        job = self._s.board.interview.job
        version = getattr(self.parts.policy, "version", "")
        call = evaluation_call(exchange, attempt, earlier, job, version, await self._resume())
        noise_sd = await self.parts.store.scores_noise(self.parts.bundle) if earlier else None
        await Race(self, attempt, timeline, noise_sd).run(call)

    async def _resume(self) -> str:
        resume_id = self._s.board.interview.resume_id
        if not resume_id or not self.parts.materials:
            return ""
        return await self.parts.materials.resume_text(resume_id)

    async def _failed(self, attempt_id: str, error: CoachError) -> None:
        attempt = self._s.board.attempt(attempt_id)
        try:
            if attempt.status not in (AttemptStatus.DELAYED, AttemptStatus.RECORDING):
                attempt = await self._s.save(attempt.model_copy(update={"status": AttemptStatus.DELAYED}))
        except CoachError:
            log.warning("the failure of an attempt could not be stored; it is resumed at the next start")
        self._s.fail(error)
        async with self._s.lock:
            if self._s.attempt_id == attempt_id and self._s.view == ViewState.PROCESSING:
                self._s.change(ViewState.ERROR_RECOVERABLE, notice=str(error))

    # -- what a race asks of us ------------------------------------------------------------------------------------

    def emit_for(self, attempt_id: str, event: Event) -> None:
        """See `RaceHost`."""
        self._s.emit_for(attempt_id, event)

    def siblings(self, attempt: Attempt) -> list[Attempt]:
        """See `RaceHost`."""
        others = [a for a in self._s.board.attempts_of(attempt.exchange_id) if a.id != attempt.id]
        return rollup.standing([*others, attempt])

    def scores_out(self, attempt_id: str) -> None:
        """See `RaceHost`."""
        self._beside(self._show_feedback(attempt_id))

    async def _show_feedback(self, attempt_id: str) -> None:
        await asyncio.sleep(self._s.skeleton_left_s(attempt_id))
        async with self._s.lock:
            if self._s.attempt_id == attempt_id and self._s.view == ViewState.PROCESSING:
                self._s.change(ViewState.FEEDBACK)

    def may_follow_up(self, attempt: Attempt) -> bool:
        """See `RaceHost`."""
        exchange = self._s.board.exchange(attempt.exchange_id)
        return not exchange.follow_up_of and self._s.board.follow_up_to(exchange) is None

    def speak_follow_up(self, attempt_id: str, text: str, task_id: str, timeline: Timeline) -> None:
        """See `RaceHost`."""
        self._beside(self._asking.speak_follow_up(attempt_id, text, task_id, timeline))

    async def withdraw_follow_up(self, attempt_id: str) -> None:
        """See `RaceHost`."""
        exchange = self._s.board.exchange(self._s.board.attempt(attempt_id).exchange_id)
        if self._s.board.follow_up_to(exchange):
            return
        self._s.withdrawn.add(attempt_id)
        await self._asking.withdraw(attempt_id)
        self._s.emit(Notice(payload=WITHDRAWN))
        self._s.emit(self._s.state())

    async def complete(self, attempt: Attempt, result: EvaluationResult, timeline: Timeline) -> Attempt:
        """See `RaceHost`."""
        attempt = attempt.model_copy(update={"timeline": dict(timeline.marks)})
        async with self._rollup:
            exchange = self._rolled_up(attempt, result)
            await self.parts.store.complete_attempt(attempt, exchange, result.usage)
            self._s.board.attempts[attempt.id] = attempt
            self._s.board.exchanges[exchange.id] = exchange
        timeline.mark("stored")
        attempt = await self._s.save(attempt.model_copy(update={"timeline": dict(timeline.marks)}))
        board = self._s.board
        score = rollup.session_score([*board.exchanges.values()], [*board.attempts.values()])
        await self._s.touch(overall_score=score)
        if attempt.audio_uri:
            await off_loop(self._clear_journal, attempt.id)
        return attempt

    def _clear_journal(self, attempt_id: str) -> None:
        """The archive has the recording and the store says where: the journal is not needed any more."""
        self.parts.journals.create(self.parts.journal_dir, attempt_id).discard()

    def _rolled_up(self, attempt: Attempt, result: EvaluationResult) -> Exchange:
        exchange = self._s.board.exchange(attempt.exchange_id)
        best = rollup.best_attempt(self.siblings(attempt))
        changes: dict[str, Any] = {"final_attempt_id": best.id if best else None}
        if attempt.extra.get("follow_up_asked"):
            changes["follow_up_question_text"] = result.evaluation.follow_up.question_text
        return exchange.model_copy(update=changes)


def typed(text: str, duration_s: float = 0.0) -> Transcript:
    """The transcript of an answer that was typed."""
    return Transcript(
        text=text.strip(), duration_s=duration_s, transcriber="typed", source=TranscriptSource.TYPED, verbatim=False
    )
