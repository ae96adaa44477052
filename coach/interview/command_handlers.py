"""What each command does to an interview: checked against its state, told to the phase concerned.

A command that the state does not allow raises and changes nothing; one that was carried out already does nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from coach.contracts.commands import (
    AnswerFollowUp,
    AvatarViewed,
    Command,
    EyeContactSample,
    FinishAnswer,
    ReadyForNext,
    RestartAnswer,
    RetryFeedback,
    RetryQuestion,
    SelfRating,
    SpeechDone,
    SubmitTranscript,
)
from coach.contracts.events import ListeningReset, ListeningResetPayload, SummaryPayload
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, InterviewStatus, OwnView, ViewState
from coach.contracts.transcript import Transcript, normalise_space, typed_transcript
from coach.errors import EntitlementError, IllegalCommandError, InputError
from coach.interview import state_machine as states
from coach.interview.aggregate import InterviewAggregate
from coach.interview.latency import Timeline
from coach.interview.phases.asking import Asking
from coach.interview.phases.closing import Closing
from coach.interview.phases.listening import Listening
from coach.interview.phases.processing import Processing
from coach.interview.phases.resuming import MIN_ANSWER_S
from coach.speech.correction import apply_correction

_NOTHING_HEARD = "We have not heard anything yet: check the microphone, or type your answer."


class CommandHandlers:
    """One handler for each command; the caller holds the interview's lock."""

    def __init__(
        self,
        session: InterviewAggregate,
        listening: Listening,
        asking: Asking,
        processing: Processing,
        closing: Closing,
    ) -> None:
        """The phases are those of one interview."""
        self._s = session
        self._parts = session.parts
        self._listening = listening
        self._asking = asking
        self._processing = processing
        self._closing = closing
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

    async def carry_out(self, command: Command) -> None:
        """Does what the command asks for.

        Raises:
            IllegalCommandError: the present state does not allow it; nothing was changed.
            RateLimitError, NotFoundError, StoreError: likewise.
        """
        await self._handlers[command.type](command)

    async def _start(self, _: Command) -> None:
        if self._s.exchange_id:
            return
        states.after("START_INTERVIEW", self._s.view)
        await self._listening.open_stream()
        await self._asking.ask(self._s.board.questions()[0])

    async def _finish_answer(self, command: FinishAnswer) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        if not self.awaited(attempt):
            return
        states.after("FINISH_ANSWER", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being recorded.")
        capture = self._listening.capture
        silent = capture is None or capture.seconds < MIN_ANSWER_S
        if silent and not self._parts.transcriber.capabilities.needs_review:
            raise InputError(_NOTHING_HEARD)
        timeline = self.acknowledge(attempt)
        capture = self._listening.take(command.payload.take, command.payload.timestamp_ms)
        attempt = self._with_eyes(attempt)
        if capture is None or not capture.seconds:
            await self._processing.review_empty(attempt, capture)
        else:
            self._processing.start_recorded(attempt, capture, timeline)

    def awaited(self, attempt: Attempt) -> bool:
        """Whether the answer of this attempt is still to come; if not, finishing it again is nothing new."""
        return attempt.status == AttemptStatus.RECORDING and not self._processing.busy(attempt.id)

    def acknowledge(self, attempt: Attempt) -> Timeline:
        """The answer is complete: the page says so at once, and its clock begins."""
        timeline = Timeline.begun(self._parts.monotonic)
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
        if self._parts.entitlements is None:
            return
        interview = self._s.board.interview
        leave = await self._parts.entitlements.before_session(
            interview.user_id, self._s.board.interview.id, questions=interview.q_count
        )
        if not leave.allowed:
            raise EntitlementError("Your plan does not include another interview.", mend=leave.offer)

    async def _ask_leave(self) -> None:
        """Whether the plan includes a retry; nothing is cut off in the middle of an answer."""
        if self._parts.entitlements is None:
            return
        leave = await self._parts.entitlements.before_retry(self._s.board.interview.user_id, self._s.board.interview.id)
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
            interview_id=self._s.board.interview.id,
            order=current.order,
            question_text=text,
            competency=current.competency,
            question_type=current.question_type,
            follow_up_of=current.id,
        )
        await self._parts.store.add_exchange(exchange)
        self._s.board.exchanges[exchange.id] = exchange
        await self._asking.ask_follow_up(exchange, self._s.attempt_id)

    async def _submit_transcript(self, command: SubmitTranscript) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        text = command.payload.text.strip()
        waits = attempt.status in (AttemptStatus.REVIEW, AttemptStatus.EVALUATED)
        if not self.awaited(attempt) and (not waits or self._processing.busy(attempt.id)):
            return
        states.after("SUBMIT_TRANSCRIPT", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being answered.")
        if not text:
            raise InputError("The answer is empty.")
        if attempt.status == AttemptStatus.RECORDING:
            timeline = self.acknowledge(attempt)
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
        self.acknowledge(attempt)
        self._processing.start_review(attempt, transcript)

    async def _retry_feedback(self, command: RetryFeedback) -> None:
        attempt = self._s.board.attempt(command.payload.attempt_id)
        if self._processing.busy(attempt.id) or attempt.status == AttemptStatus.EVALUATED:
            return
        states.after("RETRY_FEEDBACK", self._s.view)
        if attempt.status != AttemptStatus.DELAYED or attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Feedback on this attempt is not delayed.")
        attempt = await self._s.save(attempt.noting(feedback_retries=attempt.extra.feedback_retries + 1))
        timeline = self.acknowledge(attempt)
        self._processing.resume(attempt, timeline)

    async def _finish_interview(self, _: Command) -> None:
        await self.finish_now()

    async def finish_now(self) -> SummaryPayload:
        """*Finish interview*: its summary; a second call gives it again."""
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

    def _current(self) -> Exchange:
        exchange = self._s.exchange
        if exchange is None:
            raise IllegalCommandError("The interview has not started.")
        return exchange


def corrected(heard: Transcript | None, text: str) -> Transcript:
    """The transcript as the person corrected it; the timing of the recording is kept."""
    if heard is None or not heard.words:
        return typed_transcript(text).model_copy(update={"duration_s": heard.duration_s if heard else 0.0})
    return apply_correction(heard, text)
