"""PROCESSING: from *Finish* to the stored evaluation, one task per attempt, exactly once per attempt."""

import asyncio
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from coach.contracts.brain import EvaluationResult
from coach.contracts.evaluation import Evaluation
from coach.contracts.events import Event, Notice, NoticePayload, TranscriptReview, TranscriptReviewPayload
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, ViewState
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.errors import AudioError, CoachError, StoreBusyError
from coach.interview import event_builders as payloads
from coach.interview import rollup
from coach.interview.aggregate import InterviewAggregate
from coach.interview.baseline import Baseline
from coach.interview.deferred_writes import Keeping
from coach.interview.dependencies import Dependencies, off_loop
from coach.interview.evaluation_run import EvaluationRun, evaluation_call
from coach.interview.latency import Timeline
from coach.interview.phases.asking import Asking
from coach.interview.recording import AnswerRecording
from coach.interview.transcription import AnswerTranscription
from coach.interview.verbatim import with_verbatim
from coach.speech.port import Heard, SpeechStream
from coach.speech.typed import typed_transcript

log = logging.getLogger(__name__)

REVIEW_REASON = (
    "The offline recogniser is unsure. Correct the text before it is scored; the timing of your speech is kept."
)
WITHDRAWN = NoticePayload(code="FOLLOW_UP_WITHDRAWN", message="No follow-up is needed after all: your answer has it.")
NO_WORDS = "We heard no words. Retry the question, or check the microphone."
OUR_FAULT = "Something failed on our side; your answer is kept."


def _known(recording: Path) -> "asyncio.Future[Path]":
    """A recording that is sealed already."""
    sealed: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    sealed.set_result(recording)
    return sealed


async def _last_words(stream: SpeechStream, sealed: "asyncio.Future[Path]") -> Heard:
    return await stream.finish_answer(await sealed)


class Processing:
    """Runs the races of one interview; implements what a race needs of its host."""

    def __init__(self, session: InterviewAggregate, asking: Asking, baseline: Baseline) -> None:
        """All are the conductor's."""
        self._s = session
        self._baseline = baseline
        self._asking = asking
        self._hearing = AnswerTranscription(session)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._side: set[asyncio.Task[Any]] = set()
        self._rollup = asyncio.Lock()
        self._reviewing: dict[str, Timeline] = {}
        self._keeping = Keeping(session, self._hearing)
        self._prepared: dict[str, asyncio.Task[tuple[str, float | None]]] = {}

    @property
    def parts(self) -> Dependencies:
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

    def start_recorded(self, attempt: Attempt, capture: AnswerRecording, timeline: Timeline) -> None:
        """*Finish*: from the recording in hand."""
        self._start(attempt, self._from_capture(attempt, capture, timeline))

    def start_file(self, attempt: Attempt, recording: Path, timeline: Timeline) -> None:
        """From a finished recording: an upload, or one found after a crash."""
        self._start(attempt, self._from_file(attempt, _known(recording), timeline))

    def start_text(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, capture: AnswerRecording | None = None
    ) -> None:
        """From a text that was typed instead of spoken (what was recorded all the same is kept)."""
        self._start(attempt, self._from_text(attempt, transcript, timeline, capture))

    def start_review(self, attempt: Attempt, transcript: Transcript) -> None:
        """From the transcript the person looked over."""
        timeline = self._reviewing.pop(attempt.id, None) or Timeline.begun(self.parts.monotonic)
        timeline.mark("reviewed")
        self._start(attempt, self._from_text(attempt, transcript, timeline, None))

    def resume(self, attempt: Attempt, timeline: Timeline) -> None:
        """Goes on with an attempt that was captured but never judged: after a crash, or when feedback was delayed."""
        if attempt.transcript and attempt.transcript.text.strip():
            self._start(attempt, self._from_text(attempt, attempt.transcript, timeline, None))
        else:
            self._start(attempt, self._from_kept(attempt, timeline))

    async def review_empty(self, attempt: Attempt, capture: AnswerRecording | None) -> None:
        """*Finish* without sound where the person can type: asks for the text."""
        if capture:
            await off_loop(capture.discard)
        nothing = typed_transcript("")
        changes = {"status": AttemptStatus.CAPTURED, "transcript": nothing, "finished_at": self.parts.clock()}
        await self._review(await self._s.save(attempt.model_copy(update=changes)), nothing)

    async def keep_for_later(self, attempt: Attempt, capture: AnswerRecording) -> None:
        """The interview ends in the middle of an answer: it is kept, feedback can be had later."""
        recording = await off_loop(capture.seal)
        changes = {"duration_seconds": round(capture.seconds, 3), "finished_at": self.parts.clock()}
        attempt = await self._s.save(attempt.model_copy(update={**changes, "status": AttemptStatus.CAPTURED}))
        audio = self._hearing.audio(await self._hearing.archive(attempt, recording))
        kept = await self._s.save(attempt.model_copy(update={**audio, "status": AttemptStatus.DELAYED}))
        await self._hearing.clear(kept)

    def _start(self, attempt: Attempt, work: Coroutine[Any, Any, None]) -> None:
        if attempt.id in self._tasks:
            work.close()
            return
        self._tasks[attempt.id] = asyncio.get_running_loop().create_task(self._guarded(attempt.id, work))

    def _beside(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        return self._follow(asyncio.get_running_loop().create_task(work))

    def _follow(self, task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
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
            await self._failed(attempt_id, CoachError(OUR_FAULT))
        finally:
            self._tasks.pop(attempt_id, None)
            self._keeping.forget(attempt_id)

    # -- the way of an answer --------------------------------------------------------------------------------------

    async def _from_capture(self, attempt: Attempt, capture: AnswerRecording, timeline: Timeline) -> None:
        """The transcriber gives its last words while the recording is sealed."""
        if capture.stream:
            capture.stream.end_answer()
        sealed = self._beside(off_loop(capture.seal))
        attempt = attempt.model_copy(update={"duration_seconds": round(capture.seconds, 3)})
        sound = self._beside(self._hearing.followed(capture.follower, sealed)) if capture.follower else None
        live = self._beside(_last_words(capture.stream, sealed)) if capture.stream else None
        await self._from_file(attempt, sealed, timeline, sound, live)

    async def _from_kept(self, attempt: Attempt, timeline: Timeline) -> None:
        recording = await off_loop(self._hearing.recording_of, attempt)
        if recording is None:
            raise AudioError(NO_WORDS)
        await self._from_file(attempt, _known(recording), timeline)

    async def _from_file(
        self,
        attempt: Attempt,
        sealed: "asyncio.Future[Path]",
        timeline: Timeline,
        sound: "asyncio.Future[Any] | None" = None,
        live: "asyncio.Future[Heard] | None" = None,
    ) -> None:
        """Keeps, claims and archives while the transcriber works; then asks for review or judges."""
        review = self.parts.transcriber.capabilities.needs_review
        changes = {"status": AttemptStatus.CAPTURED, "finished_at": attempt.finished_at or self.parts.clock()}
        captured = attempt.model_copy(update=changes)
        kept = self._beside(self._hearing.keep(captured, claim=not review))
        sound = sound or self._beside(self._hearing.listen(sealed))
        self._follow(self._keeping.archive(captured, sealed, kept))
        self._prepared[attempt.id] = self._beside(self._prepare())
        self._baseline.load(attempt.id)
        try:
            heard = await self._hearing.transcript(captured, sealed, live)
            timeline.mark("transcript_final")
        finally:
            await kept
        self._follow(self._keeping.meter(attempt.id, heard))
        attempt, transcript = self._s.board.attempt(attempt.id), heard.transcript
        duration_s = attempt.duration_seconds or transcript.duration_s
        attempt = attempt.model_copy(update={"transcript": transcript, "duration_seconds": duration_s})
        if review:
            self._reviewing[attempt.id] = timeline
            await self._review(await self._keeping.with_audio(attempt), transcript)
        else:
            await self._judge(attempt, transcript, timeline, sound, kept)

    async def _from_text(
        self, attempt: Attempt, transcript: Transcript, timeline: Timeline, capture: AnswerRecording | None
    ) -> None:
        if capture and not capture.frames:
            await off_loop(capture.discard)
        recording = await off_loop(self._recording, attempt, capture)
        changes: dict[str, Any] = {"finished_at": attempt.finished_at or self.parts.clock(), "transcript": transcript}
        if attempt.status == AttemptStatus.RECORDING:
            changes["status"] = AttemptStatus.CAPTURED
        attempt = attempt.model_copy(update=changes)
        timeline.mark("transcript_final")
        kept, sound = self._beside(self._hearing.keep(attempt, claim=True)), None
        if recording:
            sound = self._beside(self._hearing.listen(_known(recording)))
            if not attempt.audio_uri:
                self._follow(self._keeping.archive(attempt, _known(recording), kept))
        await self._judge(attempt, transcript, timeline, sound, kept)

    def _recording(self, attempt: Attempt, capture: AnswerRecording | None) -> Path | None:
        return capture.seal() if capture and capture.frames else self._hearing.recording_of(attempt)

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
        self,
        attempt: Attempt,
        transcript: Transcript,
        timeline: Timeline,
        sound: "asyncio.Future[Any] | None",
        kept: "asyncio.Future[bool]",
    ) -> None:
        """Measures while the claim is being written; nothing is asked of a vendor before it is won."""
        empty = not transcript.text.strip()
        heard, eyes = (await sound if sound and not empty else None), attempt.extra.get("eye_contact")
        delivery = None if empty else await off_loop(self.parts.measure, transcript, heard, eyes)
        if not await kept:
            self._elsewhere(attempt)
            return
        status = self._s.board.attempt(attempt.id).status
        attempt = attempt.model_copy(update={"status": status, "delivery": delivery})
        self._s.board.attempts[attempt.id] = attempt
        if empty:
            raise AudioError(NO_WORDS)
        self._s.told.get(attempt.id, {}).pop("TRANSCRIPT_REVIEW", None)
        timeline.mark("measured")
        attempt = self._s.board.attempts[attempt.id] = await self._baseline.compared(attempt)
        keeping = self._follow(self._keeping.keep(attempt))
        second = self._second_hearing(attempt, transcript) if sound else None
        judged = await self._race(attempt, timeline, keeping)
        if second:
            await self._correct(judged, await second, heard)
        await self._hearing.clear(judged)

    async def _race(self, attempt: Attempt, timeline: Timeline, kept: "asyncio.Task[Any]") -> Attempt:
        exchange = self._s.board.exchange(attempt.exchange_id)
        earlier = [a for a in self._s.board.attempts_of(exchange.id) if a.attempt_number < attempt.attempt_number]
        job, version = self._s.board.interview.job, getattr(self.parts.policy, "version", "")
        prepared = self._prepared.pop(attempt.id) if attempt.id in self._prepared else self._beside(self._prepare())
        resume_text, noise_sd = await prepared
        call = evaluation_call(exchange, attempt, earlier, job, version, resume_text)
        return await EvaluationRun(self, attempt, timeline, noise_sd, kept).run(call)

    def _elsewhere(self, attempt: Attempt) -> None:
        """Another process evaluates this attempt: nothing is done twice, the person is told to come back."""
        error = StoreBusyError("This answer is being evaluated already.", mend="Reload in a moment.")
        self._s.fail(error)
        if self._s.attempt_id == attempt.id and self._s.view == ViewState.PROCESSING:
            self._s.change(ViewState.ERROR_RECOVERABLE, notice=str(error))

    async def _prepare(self) -> tuple[str, float | None]:
        """Resume text and scoring noise, fetched while the transcriber works."""
        noise_sd = await self.parts.store.scores_noise(self.parts.bundle)
        resume_id = self._s.board.interview.resume_id
        if not resume_id or not self.parts.materials:
            return "", noise_sd
        return await self.parts.materials.resume_text(resume_id), noise_sd

    async def _failed(self, attempt_id: str, error: CoachError) -> None:
        try:
            await self._keeping.flush(attempt_id)
            attempt = await self._keeping.with_audio(self._s.board.attempt(attempt_id))
            if attempt.status == AttemptStatus.RECORDING:
                attempt = await self._s.save(attempt.model_copy(update={"status": AttemptStatus.CAPTURED}))
            if attempt.status != AttemptStatus.EVALUATED:
                await self._s.save(attempt.model_copy(update={"status": AttemptStatus.DELAYED}))
        except CoachError:
            log.warning("the failure of an attempt could not be stored; it is resumed at the next start")
        self._s.fail(error)
        async with self._s.lock:
            if self._s.attempt_id == attempt_id and self._s.view == ViewState.PROCESSING:
                self._s.change(ViewState.ERROR_RECOVERABLE, notice=str(error))

    # -- the verbatim pass -----------------------------------------------------------------------------------------

    def _second_hearing(self, attempt: Attempt, transcript: Transcript) -> "asyncio.Task[Heard | None] | None":
        """Starts the pass that keeps fillers, where the first one did not and a second one can."""
        wanted = not transcript.verbatim and self.parts.transcriber.capabilities.verbatim_batch
        if not wanted or transcript.source == TranscriptSource.TYPED:
            return None
        return self._beside(self._hearing.verbatim(attempt))

    async def _correct(self, attempt: Attempt, heard: Heard | None, sound: Any) -> None:
        """Replaces provisional counts, delivery scores and overall, and says so."""
        if heard is None or attempt.evaluation is None:
            return
        delivery = await off_loop(self.parts.measure, heard.transcript, sound, attempt.extra.get("eye_contact"))
        attempt = await off_loop(with_verbatim, attempt, heard.transcript, delivery, self.parts.policy)
        attempt = await self._baseline.compared(attempt)
        await self._store(attempt, ())
        if attempt.evaluation is None:
            return
        siblings = self.siblings(attempt)
        earlier = [a.overall_score for a in siblings if a.id != attempt.id and a.overall_score is not None]
        noise_sd = await self.parts.store.scores_noise(self.parts.bundle) if earlier else None
        scored = attempt.overall_score
        scores = payloads.stored_scores(
            attempt,
            siblings,
            attempt.evaluation,
            comparison=rollup.comparison(scored, earlier, noise_sd) if scored is not None else "",
            label=self.parts.brain.label,
            updated=True,
        )
        self.emit_for(attempt.id, scores)
        self.emit_for(attempt.id, payloads.stored_rewrite(attempt, attempt.evaluation))
        await self._score_session()

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
        self._keeping.scored(attempt_id)
        self._beside(self._show_feedback(attempt_id))

    async def _show_feedback(self, attempt_id: str) -> None:
        await asyncio.sleep(self._s.skeleton_left_s(attempt_id))
        async with self._s.lock:
            if self._s.attempt_id == attempt_id and self._s.view == ViewState.PROCESSING:
                self._s.change(ViewState.FEEDBACK)

    def decided(self, attempt_id: str) -> str:
        """See `RaceHost`."""
        told = self._s.told.get(attempt_id, {})
        return "asked" if "FOLLOW_UP_QUEUED" in told else "none" if "NO_FOLLOW_UP" in told else ""

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
        attempt = await self._keeping.with_audio(attempt)
        await self._store(attempt.model_copy(update={"timeline": dict(timeline.marks)}), result.usage)
        timeline.mark("stored")
        attempt = await self._keep_marks(attempt.id, timeline)
        timeline.late = lambda: self._keep_late_marks(attempt.id, timeline)
        await self._score_session()
        return attempt

    def _keep_late_marks(self, attempt_id: str, timeline: Timeline) -> None:
        self._beside(self._keep_marks(attempt_id, timeline))

    async def _keep_marks(self, attempt_id: str, timeline: Timeline) -> Attempt:
        known = self._s.board.attempt(attempt_id)
        return await self._s.save(known.model_copy(update={"timeline": dict(timeline.marks)}))

    async def _store(self, attempt: Attempt, usage: Any) -> None:
        async with self._rollup:
            exchange = self._rolled_up(attempt, attempt.evaluation)
            await self.parts.store.complete_attempt(attempt, exchange, usage)
            self._s.board.attempts[attempt.id] = attempt
            self._s.board.exchanges[exchange.id] = exchange

    async def _score_session(self) -> None:
        board = self._s.board
        score = rollup.session_score([*board.exchanges.values()], [*board.attempts.values()])
        await self._s.touch(overall_score=score)

    def _rolled_up(self, attempt: Attempt, evaluation: Evaluation | None) -> Exchange:
        exchange = self._s.board.exchange(attempt.exchange_id)
        best = rollup.best_attempt(self.siblings(attempt))
        changes: dict[str, Any] = {"final_attempt_id": best.id if best else None}
        if evaluation and attempt.extra.get("follow_up_asked"):
            changes["follow_up_question_text"] = evaluation.follow_up.question_text
        return exchange.model_copy(update=changes)
