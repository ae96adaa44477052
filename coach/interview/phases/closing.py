"""The end of an interview: summary, readiness, the dead token."""

import asyncio
import logging

from coach.brain.evaluation.deadlines import patience_s
from coach.brain.port import SummaryItem
from coach.contracts.events import InterviewSummary, SummaryPayload
from coach.contracts.interview import (
    Attempt,
    AttemptStatus,
    Exchange,
    InterviewStatus,
    SessionSummary,
    ViewState,
)
from coach.errors import VendorError
from coach.interview import rollup
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.completed import completed_answer
from coach.interview.live_state import LiveState
from coach.interview.phases import summary_reasons as reasons
from coach.interview.phases.listening import Listening
from coach.interview.phases.processing import Processing
from coach.interview.question_trail import what_counts

log = logging.getLogger(__name__)
KEPT = "The interview could not be finished just now. What you said is kept: finish once more, or go on."


def summary_items(board: LiveState) -> tuple[SummaryItem, ...]:
    """Every answered question once, by what counts for it: its best attempt, or the answer its follow-up completed."""
    items = []
    for exchange in board.questions():
        scored = [a for a in board.attempts_of(exchange.id) if a.overall_score is not None]
        best = what_counts(board, exchange)
        if best is None or best.evaluation is None:
            continue
        items.append(
            SummaryItem(
                question=exchange.question_text,
                competency=exchange.competency,
                transcript=_said_for(board, exchange, best),
                evaluation=best.evaluation.model_dump(mode="json"),
                attempts=len(scored),
                first_overall=scored[0].overall_score or 0.0,
                best_overall=best.overall_score or 0.0,
            )
        )
    return tuple(items)


def _said_for(board: LiveState, question: Exchange, counted: Attempt | None) -> str:
    """All that was said for a question."""
    follow_up = board.follow_up_to(question)
    if counted and follow_up and counted.exchange_id == follow_up.id:
        whole = completed_answer(follow_up, counted, [question], [*board.attempts.values()])
        return whole.transcript.text if whole else ""
    return counted.transcript.text if counted and counted.transcript else ""


class Closing:
    """Finishes an interview, once."""

    def __init__(self, session: InterviewAggregate, listening: Listening, processing: Processing) -> None:
        """All are the conductor's."""
        self._s = session
        self._listening = listening
        self._processing = processing

    async def finish(self) -> SummaryPayload:
        """Summary of the interview; a second call gives the same again.

        Whatever fails, nothing that is said is lost: an answer in progress rests on disk, or is listened to on.
        """
        if self._s.board.interview.status == InterviewStatus.COMPLETED:
            return self.payload()
        try:
            await self._keep_answer()
            await self._s.voice.stop()
            await self._complete()
        except Exception:
            await self._show_what_is_kept()
            raise
        return self.payload()

    async def _show_what_is_kept(self) -> None:
        """The end failed after the answer in hand was ended: nobody is listened to, so nobody is told so."""
        attempt = self._s.attempt
        if attempt is None or attempt.status == AttemptStatus.RECORDING or self._s.view != ViewState.LISTENING:
            return
        await self._listening.drop()
        self._s.change(ViewState.ERROR_RECOVERABLE, notice=KEPT)

    async def _complete(self) -> None:
        await self._processing.settle(self._s.parts.timing.settle_s)
        summary = await self._summarise()
        score = rollup.session_score([*self._s.board.exchanges.values()], [*self._s.board.attempts.values()])
        await self._s.parts.store.add_usage(await self._s.voice.usage())
        await self._s.begin()
        await self._leave_unfinished()
        await self._s.touch(
            status=InterviewStatus.COMPLETED,
            ended_at=self._s.parts.clock(),
            summary=summary,
            strengths=summary.strengths,
            gaps=summary.gaps,
            plan=summary.next_plan,
            overall_score=score,
            readiness_score=summary.readiness_score,
        )
        await self._listening.drop()
        await self._s.parts.store.revoke_token(self._s.board.interview.id)
        self._s.emit(InterviewSummary(payload=self.payload()))
        self._s.emit(self._s.state())

    async def _keep_answer(self) -> None:
        """An answer in progress is kept, to be judged later.

        Raises:
            StoreError: it cannot be kept now; it is recorded on, or rests on disk, and finishing again tries again.
        """
        attempt, capture = self._s.attempt, self._listening.capture
        if attempt is None or attempt.status != AttemptStatus.RECORDING or capture is None or not capture.seconds:
            return
        await self._processing.keep_for_later(attempt, capture, self._listening.take)

    async def _leave_unfinished(self) -> None:
        """An answer that has not begun does not count (it is listened to until little can fail); one that was cut off
        in the middle waits for its feedback.
        """
        attempt = self._s.attempt
        if attempt is not None and attempt.status == AttemptStatus.RECORDING:
            await self._s.discard(attempt)
        elif attempt is not None and attempt.status == AttemptStatus.CAPTURED:
            await self._processing.delay(attempt)

    async def _summarise(self) -> SessionSummary:
        items, job = summary_items(self._s.board), self._s.board.interview.job
        if not items:
            return SessionSummary(headline="No answer was scored in this interview.")
        for brain in (self._s.parts.brain, self._s.parts.spare_brain):
            if brain is None:
                continue
            try:
                async with asyncio.timeout(patience_s(brain)):
                    summary, usage = await brain.summarise(items, job, interview_id=self._s.board.interview.id)
                await self._s.parts.store.add_usage(usage)
                return summary
            except (VendorError, TimeoutError):
                log.warning("the summary could not be had from %s", brain.name)
        return SessionSummary(headline="The summary is not available; your answers and scores are kept.")

    def payload(self) -> SummaryPayload:
        """INTERVIEW_SUMMARY of what is stored."""
        interview = self._s.board.interview
        summary = interview.summary or SessionSummary()
        return SummaryPayload(
            status=interview.status.value,
            overall_score=interview.overall_score,
            summary=summary.model_dump(mode="json"),
            plan=interview.plan,
            questions=reasons.questions(self._s.board),
            lines=reasons.lines(self._s.board, summary),
            readiness_why=reasons.readiness_why(self._s.board, summary),
        )
