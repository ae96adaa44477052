"""What each command does to an interview: checked against its state, told to the phase concerned.

A command that the state does not allow raises and changes nothing; one that was carried out already does nothing.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from coach.contracts.commands import (
    AvatarViewed,
    Command,
    EyeContactSample,
    FinishAnswer,
    RestartAnswer,
    RetryFeedback,
    SelfRating,
    SpeechDone,
    SubmitTranscript,
)
from coach.contracts.events import ListeningReset, ListeningResetPayload, SummaryPayload
from coach.contracts.interview import Attempt, AttemptStatus, InterviewStatus, OwnView, ViewState
from coach.contracts.transcript import Transcript, normalise_space, typed_transcript
from coach.errors import IllegalCommandError, InputError
from coach.interview import state_machine as states
from coach.interview.aggregate import InterviewAggregate
from coach.interview.latency import Timeline
from coach.interview.phases.asking import Asking
from coach.interview.phases.closing import Closing
from coach.interview.phases.listening import Listening
from coach.interview.phases.processing import Processing
from coach.interview.phases.resuming import MIN_ANSWER_S
from coach.interview.question_moves import QuestionMoves
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
        moves = QuestionMoves(session, listening, asking, closing)
        self._handlers: dict[str, Callable[[Any], Awaitable[None]]] = {
            "START_INTERVIEW": self._start,
            "FINISH_ANSWER": self._finish_answer,
            "RESTART_ANSWER": self._restart_answer,
            "READY_FOR_NEXT": moves.next,
            "RETRY_QUESTION": moves.retry,
            "ANSWER_FOLLOW_UP": moves.answer_follow_up,
            "SKIP_QUESTION": moves.skip,
            "OPEN_QUESTION": moves.open,
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
            trouble = capture.trouble if capture else None
            raise trouble or InputError(_NOTHING_HEARD)
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
        if attempt.status == AttemptStatus.DISCARDED and attempt.id != self._s.attempt_id:
            return
        states.after("RESTART_ANSWER", self._s.view)
        if attempt.id != self._s.attempt_id:
            raise IllegalCommandError("Another attempt is being recorded.")
        new = await self._listening.restart()
        self._s.emit(ListeningReset(payload=ListeningResetPayload(new_attempt_id=new)))

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
        scored = attempt.evaluation is not None or "UPDATE_SCORES" in self._s.told.get(attempt.id, {})
        if not scored or attempt.extra.self_rating is not None:
            return
        own = OwnView(overall=given.overall, content=given.content, delivery=given.delivery)
        await self._s.amend(attempt.id, lambda known: known.noting(self_rating=own))
        self._s.told_own_view(attempt.id, own)

    async def _speech_done(self, command: SpeechDone) -> None:
        self._asking.done(command.payload.task_id)

    async def _eye_contact(self, command: EyeContactSample) -> None:
        self._listening.look(command.payload)

    async def _avatar_viewed(self, command: AvatarViewed) -> None:
        await self._s.voice.seen(command.payload.session_id, shown=command.payload.shown)


def corrected(heard: Transcript | None, text: str) -> Transcript:
    """The transcript as the person corrected it; the timing of the recording is kept."""
    if heard is None or not heard.words:
        return typed_transcript(text).model_copy(update={"duration_s": heard.duration_s if heard else 0.0})
    return apply_correction(heard, text)
