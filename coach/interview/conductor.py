"""One conductor per interview: commands in, events out; it alone changes state.

Commands are taken one at a time. An illegal one raises a typed error and changes nothing; one that repeats what was
done already is accepted and does nothing, so double clicks, two tabs and reconnects are harmless.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from coach.audio.takes import ClockedFrame
from coach.contracts.events import (
    AnswerFollowUp,
    AvatarViewed,
    Command,
    EyeContactSample,
    FinishAnswer,
    ListeningReset,
    ListeningResetPayload,
    ReadyForNext,
    RestartAnswer,
    RetryFeedback,
    RetryQuestion,
    SelfRating,
    SessionState,
    SoundKept,
    SoundKeptPayload,
    SpeechDone,
    SubmitTranscript,
    SummaryPayload,
)
from coach.contracts.interview import (
    Attempt,
    AttemptStatus,
    Exchange,
    InterviewSnapshot,
    InterviewStatus,
    OwnView,
    ViewState,
    new_id,
)
from coach.contracts.transcript import Transcript, normalise_space, typed_transcript
from coach.errors import CoachError, EntitlementError, IllegalCommandError, InputError
from coach.interview import state_machine as states
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.baseline import Baseline
from coach.interview.answer.deferred_writes import DeferredWrites
from coach.interview.answer.path import AnswerPath
from coach.interview.answer.pending_reviews import PendingReviews
from coach.interview.answer.recording_files import RecordingFiles
from coach.interview.answer.results import Results
from coach.interview.answer.tasks import AnswerTasks
from coach.interview.answer.transcription import AnswerTranscription
from coach.interview.answer.verbatim_pass import VerbatimPass
from coach.interview.broadcast import Subscription
from coach.interview.dependencies import Dependencies, off_loop
from coach.interview.latency import Timeline
from coach.interview.live_state import LiveState
from coach.interview.phases.asking import Asking
from coach.interview.phases.closing import Closing
from coach.interview.phases.feedback import Feedback
from coach.interview.phases.listening import Listening
from coach.interview.phases.processing import Processing
from coach.interview.phases.resuming import MIN_ANSWER_S, Resuming
from coach.interview.speech_output import SpeechOutput
from coach.speech.correction import apply_correction

log = logging.getLogger(__name__)
_NOTHING_HEARD = "We have not heard anything yet: check the microphone, or type your answer."


class Conductor:
    """Commands in (`send`, `push_audio`), events out (`subscribe`). Made and kept by `InterviewService`."""

    def __init__(self, parts: Dependencies, snapshot: InterviewSnapshot) -> None:
        """Nothing is opened yet."""
        self.id = snapshot.interview.id
        self.parts = parts
        voice = SpeechOutput(self._emit, self._speech_ended, parts.timing)
        self._s = InterviewAggregate(parts=parts, board=LiveState.of(snapshot), voice=voice)
        self._baseline = Baseline(self._s)
        self._listening = Listening(self._s, self._baseline)
        self._asking = Asking(self._s, self._listening)
        self._processing = Processing(self._s, answer_path(self._s, self._asking, self._baseline))
        self._closing = Closing(self._s, self._listening, self._processing)
        self._loop = asyncio.get_running_loop()
        self._handlers: dict[str, Callable[[Any], Awaitable[None]]] = {
            "START_INTERVIEW": self._start,
            "FINISH_ANSWER": self._finish_answer,
            "RESTART_ANSWER": self._restart_answer,
            "READY_FOR_NEXT": self._ready_for_next,
            "RETRY_QUESTION": self._retry_question,
            "ANSWER_FOLLOW_UP": self._answer_follow_up,
            "SUBMIT_TRANSCRIPT": self._submit_transcript,
            "RETRY_FEEDBACK": self._retry_feedback,
            "FINISH_INTERVIEW": self._finish_interview,
            "SPEECH_DONE": self._speech_done,
            "SELF_RATING": self._self_rating,
            "EYE_CONTACT": self._eye_contact,
            "AVATAR_VIEW": self._avatar_viewed,
        }

    # -- the outside -----------------------------------------------------------------------------------------------

    async def send(self, command: Command) -> None:
        """Carries a command out.

        Raises:
            IllegalCommandError: the present state does not allow it; nothing was changed.
            RateLimitError, NotFoundError, StoreError: likewise.
        """
        async with self._s.lock:
            await self._handlers[command.type](command)

    def greet(self, notice: str) -> None:
        """A notice for the first client that connects."""
        self._s.notice = notice

    def tell(self, code: str, message: str) -> None:
        """A quiet notice to every listener."""
        self._s.tell(code, message)

    def subscribe(self) -> Subscription:
        """A listener that starts with what puts a client where the interview is."""
        return self._s.subscribe()

    def snapshot(self) -> SessionState:
        """Where the interview is."""
        return self._s.state()

    @property
    def board(self) -> LiveState:
        """The facts (read only)."""
        return self._s.board

    @property
    def listeners(self) -> int:
        """How many clients listen."""
        return len(self._s.fanout)

    @property
    def working(self) -> bool:
        """Whether an answer is being processed."""
        return self._processing.busy()

    @property
    def over(self) -> bool:
        """Whether the interview is finished and nothing of it runs any more."""
        return self.board.interview.status == InterviewStatus.COMPLETED and self._processing.resting

    @property
    def avatar_config(self) -> dict[str, Any]:
        """What the browser needs to show the avatar."""
        return self._s.voice.config

    def push_audio(self, pcm16: bytes, source: int = -1) -> bool:
        """Takes a frame without a clock on the event loop; False when no answer is being recorded.

        `source` (negative) says whose it is: of several, the one that began last is heard.
        """
        capture = self._listening.capture
        if capture is None:
            return False
        capture.push(pcm16, source)
        return True

    def push_clocked(self, frame: ClockedFrame) -> bool:
        """Takes a frame that knows its place, on the event loop; False when its answer is over.

        Raises:
            FrameClockError: the place cannot be.
        """
        return self._listening.hear(frame)

    def push_audio_threadsafe(self, pcm16: bytes, clock_s: float | None = None, source: int = 0) -> bool:
        """Takes a frame in any other thread (streamlit-webrtc); never waits for the loop.

        With `clock_s`, the frame's begin on the clock of its connection `source`, it stands in for what the socket
        does not bring; without one it is recorded as it comes. False when no answer is being recorded.
        """
        capture = self._listening.capture
        if capture is None:
            return False
        if clock_s is None:
            capture.push_from_thread(pcm16)
        else:
            capture.stand_in(clock_s, pcm16, source)
        return True

    def sound_kept(self) -> SoundKept:
        """What of the answer in hand rests on disk: a client need not keep or send it any more."""
        attempt_id, take, samples = self._listening.kept()
        return SoundKept(payload=SoundKeptPayload(attempt_id=attempt_id, take=take, samples=samples))

    async def submit_recording(self, path: Path, *, attempt_id: str = "") -> None:
        """An uploaded recording as the answer to the question in hand; it replaces what was recorded live.

        Raises:
            AudioError: it is no recording, or is empty.
            IllegalCommandError: no answer is awaited.
        """
        async with self.parts.decoding:
            if not self.takes_recording(attempt_id):
                return
            taken = self.parts.journal_dir / f".{new_id()}.part"
            try:
                notice = await off_loop(self.parts.take_upload, path, taken)
                if notice:
                    self.tell("RECORDING_DAMAGED", notice)
                async with self._s.lock:
                    if self.takes_recording(attempt_id):
                        await self._answer_with(taken, self._s.board.attempt(attempt_id or self._s.attempt_id))
            finally:
                taken.unlink(missing_ok=True)

    async def _answer_with(self, taken: Path, attempt: Attempt) -> None:
        await self._listening.drop()
        recording = taken.replace(self.parts.journal_dir / f"{attempt.id}.flac")
        self._processing.start_file(attempt, recording, self._acknowledge(attempt))

    def takes_recording(self, attempt_id: str = "") -> bool:
        """Whether a recording would be this attempt's answer; False when it has one.

        Raises:
            IllegalCommandError: no answer is awaited.
            NotFoundError: there is no such attempt.
        """
        attempt = self._s.board.attempt(attempt_id or self._s.attempt_id)
        if not self._awaited(attempt):
            return False
        states.after("FINISH_ANSWER", self._s.view)
        return True

    async def finish(self) -> SummaryPayload:
        """*Finish interview*: its summary; a second call gives it again."""
        async with self._s.lock:
            return await self._finish_now()

    async def open(self) -> None:
        """Starts the avatar and finds the place after a restart."""
        interview = self._s.board.interview
        resuming = Resuming(self._s, self._listening, self._asking, self._processing)
        if interview.status == InterviewStatus.COMPLETED:
            resuming.find_place()
            return
        await self._s.voice.open(self.parts.avatar, self.id, interview.persona_id)
        self.parts.rehearse([question.question_text for question in self._s.board.questions()], interview.persona_id)
        async with self._s.lock:
            await resuming.resume()

    async def settle(self, timeout_s: float = 10.0) -> None:
        """Waits until no answer is being processed any more."""
        await self._processing.settle(timeout_s)

    async def reawaken(self) -> None:
        """*Resume interview*: an abandoned one goes on."""
        async with self._s.lock:
            interview = self._s.board.interview
            if interview.status != InterviewStatus.ABANDONED:
                return
            begun = any(a.status != AttemptStatus.RECORDING for a in self._s.board.attempts.values())
            await self._s.touch(status=InterviewStatus.IN_PROGRESS if begun else InterviewStatus.PLANNED)

    async def close(self) -> None:
        """Ends every task and stream; what is unfinished is resumed from the store."""
        await self._listening.close()
        await self._processing.close()
        await self._baseline.close()
        with suppress(CoachError):
            await self.parts.store.add_usage(await self._s.voice.usage())
        await self._s.voice.close()
        self._s.fanout.close()

    # -- commands ----------------------------------------------------------------------------------------------------

    async def _start(self, _: Command) -> None:
        if self._s.exchange_id:
            return
        states.after("START_INTERVIEW", self._s.view)
        await self._listening.open_stream()
        await self._asking.ask(self._s.board.questions()[0])

    async def _finish_answer(self, command: FinishAnswer) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        if not self._awaited(attempt):
            return
        states.after("FINISH_ANSWER", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being recorded.")
        capture = self._listening.capture
        silent = capture is None or capture.seconds < MIN_ANSWER_S
        if silent and not self.parts.transcriber.capabilities.needs_review:
            raise InputError(_NOTHING_HEARD)
        timeline = self._acknowledge(attempt)
        capture = self._listening.take(command.payload.take, command.payload.timestamp_ms)
        attempt = self._with_eyes(attempt)
        if capture is None or not capture.seconds:
            await self._processing.review_empty(attempt, capture)
        else:
            self._processing.start_recorded(attempt, capture, timeline)

    def _awaited(self, attempt: Attempt) -> bool:
        """Whether the answer of this attempt is still to come; if not, finishing it again is nothing new."""
        return attempt.status == AttemptStatus.RECORDING and not self._processing.busy(attempt.id)

    def _acknowledge(self, attempt: Attempt) -> Timeline:
        timeline = Timeline.begun(self.parts.monotonic)
        self._s.change(ViewState.PROCESSING, quiet=True)
        self._s.hint(attempt.id)
        return timeline

    def _with_eyes(self, attempt: Attempt) -> Attempt:
        eyes = self._listening.eye_contact()
        return attempt if eyes is None else attempt.noting(eye_contact=eyes)

    async def _restart_answer(self, command: RestartAnswer) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        if attempt.status == AttemptStatus.DISCARDED:
            return
        states.after("RESTART_ANSWER", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being recorded.")
        new = await self._listening.restart()
        self._s.emit(ListeningReset(payload=ListeningResetPayload(new_attempt_id=new)))

    async def _ready_for_next(self, command: ReadyForNext) -> None:
        current = self._current()
        if command.payload.last_question_id != current.id:
            self._s.board.exchange(command.payload.last_question_id)
            return
        if self._s.view == ViewState.LISTENING:
            return
        self._goes_on("READY_FOR_NEXT")
        if self._s.view == ViewState.ASKING:
            self._asking.done_current()
            return
        following = self._s.board.after(current)
        if following is None:
            raise IllegalCommandError("That was the last question; finish the interview.")
        await self._keep_place()
        await self._asking.ask(following, after=current)

    async def _retry_question(self, command: RetryQuestion) -> None:
        exchange = self._s.board.exchange(command.payload.question_id)
        if self._s.view == ViewState.LISTENING and exchange.id == self._s.exchange_id:
            return
        self._goes_on("RETRY_QUESTION")
        await self._ask_leave()
        await self._s.voice.stop()
        await self._listening.arm(await self._listening.new_attempt(exchange))

    def _goes_on(self, command: str) -> None:
        """A finished interview keeps its feedback on the screen, and nothing is added to it."""
        states.after(command, self._s.view)
        if self._s.board.interview.status == InterviewStatus.COMPLETED:
            raise IllegalCommandError("This interview is finished.", mend="Start a new one to practise again.")

    async def _keep_place(self) -> None:
        """An interview whose place in the plan lapsed takes it again before it goes on."""
        if self.parts.entitlements is None:
            return
        interview = self._s.board.interview
        leave = await self.parts.entitlements.before_session(interview.user_id, self.id, questions=interview.q_count)
        if not leave.allowed:
            raise EntitlementError("Your plan does not include another interview.", mend=leave.offer)

    async def _ask_leave(self) -> None:
        """Whether the plan includes a retry; nothing is cut off in the middle of an answer."""
        if self.parts.entitlements is None:
            return
        leave = await self.parts.entitlements.before_retry(self._s.board.interview.user_id, self.id)
        if not leave.allowed:
            raise EntitlementError("Your plan does not include another retry.", mend=leave.offer)
        if leave.notice:
            self._s.tell("PLAN", leave.notice)

    async def _answer_follow_up(self, command: AnswerFollowUp) -> None:
        current = self._current()
        if current.follow_up_of == command.payload.question_id:
            return
        self._goes_on("ANSWER_FOLLOW_UP")
        text = self._s.follow_up_text()
        if current.id != command.payload.question_id or not text:
            raise IllegalCommandError("There is no follow-up to this question.")
        exchange = Exchange(
            interview_id=self.id,
            order=current.order,
            question_text=text,
            competency=current.competency,
            question_type=current.question_type,
            follow_up_of=current.id,
        )
        await self.parts.store.add_exchange(exchange)
        self._s.board.exchanges[exchange.id] = exchange
        await self._asking.ask_follow_up(exchange, self._s.attempt_id)

    async def _submit_transcript(self, command: SubmitTranscript) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        text = command.payload.text.strip()
        waits = attempt.status in (AttemptStatus.REVIEW, AttemptStatus.EVALUATED)
        if not self._awaited(attempt) and (not waits or self._processing.busy(attempt.id)):
            return
        states.after("SUBMIT_TRANSCRIPT", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being answered.")
        if not text:
            raise InputError("The answer is empty.")
        if attempt.status == AttemptStatus.RECORDING:
            timeline = self._acknowledge(attempt)
            self._processing.start_text(attempt, typed_transcript(text), timeline, self._listening.take())
        elif attempt.status == AttemptStatus.EVALUATED:
            await self._score_again(attempt, text)
        else:
            self._processing.start_review(attempt, corrected(attempt.transcript, text))

    async def _score_again(self, attempt: Attempt, text: str) -> None:
        """Not what was said: the same attempt with the corrected text, at no charge to the person."""
        if attempt.transcript and normalise_space(text) == normalise_space(attempt.transcript.text):
            return
        transcript = corrected(attempt.transcript, text)
        attempt = attempt.noting(feedback_retries=attempt.extra.feedback_retries + 1)
        changes = {"transcript": transcript, "status": AttemptStatus.REVIEW}
        attempt = await self._s.save(attempt.model_copy(update=changes))
        self._acknowledge(attempt)
        self._processing.start_review(attempt, transcript)

    async def _retry_feedback(self, command: RetryFeedback) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        if self._processing.busy(attempt.id) or attempt.status == AttemptStatus.EVALUATED:
            return
        states.after("RETRY_FEEDBACK", self._s.view)
        if attempt.status != AttemptStatus.DELAYED or attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Feedback on this attempt is not delayed.")
        attempt = await self._s.save(attempt.noting(feedback_retries=attempt.extra.feedback_retries + 1))
        timeline = self._acknowledge(attempt)
        self._processing.resume(attempt, timeline)

    async def _finish_interview(self, _: Command) -> None:
        await self._finish_now()

    async def _finish_now(self) -> SummaryPayload:
        if self._s.board.interview.status != InterviewStatus.COMPLETED:
            states.after("FINISH_INTERVIEW", self._s.view)
        return await self._closing.finish()

    async def _self_rating(self, command: SelfRating) -> None:
        """Kept beside the scores; the first one counts, because it was given before they were seen."""
        given = command.payload
        attempt = self._s.board.attempt(given.attempt_id)
        if attempt.evaluation is None or attempt.extra.self_rating is not None:
            return
        own = OwnView(overall=given.overall, content=given.content, delivery=given.delivery)
        await self._s.save(attempt.noting(self_rating=own))

    async def _speech_done(self, command: SpeechDone) -> None:
        self._asking.done(command.payload.task_id)

    async def _eye_contact(self, command: EyeContactSample) -> None:
        self._listening.look(command.payload)

    async def _avatar_viewed(self, command: AvatarViewed) -> None:
        await self._s.voice.seen(command.payload.session_id, shown=command.payload.shown)

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _current(self) -> Exchange:
        exchange = self._s.exchange
        if exchange is None:
            raise IllegalCommandError("The interview has not started.")
        return exchange

    def _emit(self, event: Any) -> None:
        self._s.emit(event)

    async def _speech_ended(self, task_id: str) -> None:
        await self._asking.ended(task_id)


def answer_path(session: InterviewAggregate, asking: Asking, baseline: Baseline) -> AnswerPath:
    """The way of an answer, wired for one interview."""
    tasks, files, transcription = AnswerTasks(), RecordingFiles(session), AnswerTranscription(session)
    writes, results = DeferredWrites(session, files, tasks), Results(session, tasks)
    return AnswerPath(
        session,
        tasks,
        files,
        transcription,
        writes,
        reviews=PendingReviews(session),
        baseline=baseline,
        feedback=Feedback(session, asking, writes, results, tasks),
        verbatim=VerbatimPass(session, transcription, files, writes, results, baseline, tasks),
    )


def corrected(heard: Transcript | None, text: str) -> Transcript:
    """The transcript as the person corrected it; the timing of the recording is kept."""
    if heard is None or not heard.words:
        return typed_transcript(text).model_copy(update={"duration_s": heard.duration_s if heard else 0.0})
    return apply_correction(heard, text)
