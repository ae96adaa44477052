"""After a restart: where an interview stands, found from what the store and the journals keep."""

from coach.contracts.interview import Attempt, AttemptStatus, Exchange, ViewState
from coach.interview.aggregate import InterviewAggregate
from coach.interview.latency import Timeline
from coach.interview.phases.asking import Asking
from coach.interview.phases.listening import Listening
from coach.interview.phases.processing import Processing

MIN_ANSWER_S = 0.1
"""Less sound than this is no answer."""


class Resuming:
    """Puts a conductor where its interview was; used once, when it is opened."""

    def __init__(
        self, session: InterviewAggregate, listening: Listening, asking: Asking, processing: Processing
    ) -> None:
        """All are the conductor's."""
        self._s = session
        self._listening = listening
        self._asking = asking
        self._processing = processing

    def find_place(self) -> None:
        """The exchange and attempt that were in hand: those of the attempt begun last."""
        attempts = sorted(self._s.board.attempts.values(), key=lambda a: a.created_at)
        if attempts:
            self._s.exchange_id = attempts[-1].exchange_id
            latest = self._s.board.latest(attempts[-1].exchange_id)
            self._s.attempt_id = latest.id if latest else ""

    async def resume(self) -> None:
        """Finds the place, takes up unfinished evaluations, and shows the view that belongs there."""
        self.find_place()
        for unfinished in [*self._s.board.attempts.values()]:
            if unfinished.status in (AttemptStatus.CAPTURED, AttemptStatus.EVALUATING):
                self._processing.resume(unfinished, Timeline.begun(self._s.parts.monotonic))
        exchange, attempt = self._s.exchange, self._s.attempt
        if exchange and attempt:
            await self._at(exchange, attempt)
        elif exchange:
            await self._asking.ask(exchange)

    async def _at(self, exchange: Exchange, attempt: Attempt) -> None:
        match attempt.status:
            case AttemptStatus.RECORDING if await self._processing.resume_sealed(attempt):
                self._s.view = ViewState.PROCESSING
            case AttemptStatus.RECORDING:
                await self._recording(exchange, attempt)
            case AttemptStatus.EVALUATED | AttemptStatus.DELAYED:
                self._s.view = ViewState.FEEDBACK if attempt.evaluation else ViewState.ERROR_RECOVERABLE
                self._s.remember_stored(attempt)
            case AttemptStatus.REVIEW:
                self._s.view = ViewState.PROCESSING
                self._processing.show_review(attempt)
            case _:
                self._s.view = ViewState.PROCESSING

    async def _recording(self, exchange: Exchange, attempt: Attempt) -> None:
        """An answer cut off in the middle is offered; where nothing was recorded, the question is asked again."""
        self._s.view = ViewState.ASKING
        await self._listening.arm(attempt)
        await self._processing.meter_left(attempt)
        capture = self._listening.capture
        found_s = round(capture.seconds, 1) if capture else 0.0
        if found_s >= MIN_ANSWER_S:
            self._s.notice = f"We kept {found_s:.0f} s of your answer: finish it, go on speaking, or start over."
            return
        self._s.view = ViewState.INTRO_LOADING
        await self._listening.drop()
        await self._asking.ask(exchange)
