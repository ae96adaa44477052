"""FEEDBACK: what an evaluation decides is told, spoken and stored, each the moment it is known."""

import asyncio
import logging
from contextlib import aclosing

from coach.contracts.events import Notice, NoticePayload
from coach.contracts.interview import Attempt, ViewState, new_id
from coach.errors import CoachError
from coach.interview import event_builders as payloads
from coach.interview import rollup
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.completed import CompletedAnswer, completed_answer
from coach.interview.answer.decisions import (
    EvaluationDone,
    EvaluationFailed,
    FollowUpKnown,
    FollowUpWithdrawn,
    RewriteKnown,
    ScoresKnown,
)
from coach.interview.answer.deferred_writes import DeferredWrites
from coach.interview.answer.evaluation_call import evaluation_call
from coach.interview.answer.evaluation_run import EvaluationRun
from coach.interview.answer.results import Results
from coach.interview.answer.tasks import AnswerTasks
from coach.interview.latency import Timeline
from coach.interview.phases.asking import Asking

log = logging.getLogger(__name__)
WITHDRAWN = NoticePayload(code="FOLLOW_UP_WITHDRAWN", message="No follow-up is needed after all: your answer has it.")


class Feedback:
    """Has an answer judged and carries out every decision; a part that fails never stops the others."""

    def __init__(
        self,
        session: InterviewAggregate,
        asking: Asking,
        writes: DeferredWrites,
        results: Results,
        tasks: AnswerTasks,
    ) -> None:
        """All are of the interview."""
        self._s = session
        self._asking = asking
        self._writes = writes
        self._results = results
        self._tasks = tasks
        self._preparing: dict[str, asyncio.Task[tuple[str, float | None]]] = {}

    def prepare(self, attempt_id: str) -> "asyncio.Task[tuple[str, float | None]]":
        """Begins to fetch what the call needs of the store: resume text, and scoring noise for the comparison."""
        if attempt_id not in self._preparing:
            self._preparing[attempt_id] = self._tasks.beside(self._prepare())
        return self._preparing[attempt_id]

    async def _prepare(self) -> tuple[str, float | None]:
        parts, resume_id = self._s.parts, self._s.board.interview.resume_id
        noise_sd, resume_text = await parts.store.scores_noise(parts.bundle), ""
        try:
            if parts.materials and resume_id:
                resume_text = await parts.materials.resume_text(resume_id)
        except CoachError as error:
            log.warning("the resume could not be read (%s); the answer is judged without it", error.code)
        return resume_text, noise_sd

    async def judge(self, attempt: Attempt, timeline: Timeline) -> Attempt:
        """From the measured answer to its stored evaluation.

        Raises:
            CoachError: no evaluation could be had.
        """
        keeping = self._writes.keep(attempt)
        try:
            resume_text, noise_sd = await self.prepare(attempt.id)
        finally:  # what failed is fetched anew when feedback is asked for again
            self._preparing.pop(attempt.id, None)
        run = self._run(attempt, timeline, resume_text)
        async with aclosing(run.decisions()) as decisions:
            async for decision in decisions:
                match decision:
                    case FollowUpKnown(question=question):
                        self._follow_up(attempt.id, question, timeline)
                    case FollowUpWithdrawn():
                        await self._withdraw(attempt.id)
                    case ScoresKnown():
                        self._scores(attempt, decision, noise_sd, run.completed)
                        timeline.mark("first_scores")
                    case RewriteKnown():
                        self._rewrite(attempt, decision)
                        timeline.mark("rewrite")
                    case EvaluationDone(attempt=judged, usage=usage):
                        await keeping
                        return await self._results.complete(await self._writes.with_audio(judged), usage, timeline)
                    case EvaluationFailed(error=error):
                        raise error
        raise AssertionError("an evaluation run ends in done or failed")

    def _run(self, attempt: Attempt, timeline: Timeline, resume_text: str) -> EvaluationRun:
        board, parts = self._s.board, self._s.parts
        exchange = board.exchange(attempt.exchange_id)
        earlier = [a for a in board.attempts_of(exchange.id) if a.attempt_number < attempt.attempt_number]
        told = self._s.told.get(attempt.id, {})
        completed = completed_answer(exchange, attempt, board.exchanges.values(), [*board.attempts.values()])
        return EvaluationRun(
            parts,
            evaluation_call(
                exchange, attempt, earlier, board.interview.job, parts.policy.version, resume_text, completed
            ),
            attempt,
            timeline,
            told="asked" if "FOLLOW_UP_QUEUED" in told else "none" if "NO_FOLLOW_UP" in told else "",
            may_follow_up=not exchange.follow_up_of and board.follow_up_to(exchange) is None,
            completed=completed,
            on_abandoned=self._writes.meter_now,
        )

    def _follow_up(self, attempt_id: str, question: str, timeline: Timeline) -> None:
        """Told, then spoken in a task of its own."""
        if not question:
            self._s.emit_for(attempt_id, payloads.no_follow_up(attempt_id))
            return
        task_id = new_id()
        self._s.emit_for(attempt_id, payloads.follow_up(attempt_id, question, task_id))
        self._tasks.beside(self._asking.speak_follow_up(attempt_id, question, task_id, timeline))

    async def _withdraw(self, attempt_id: str) -> None:
        """Takes a follow-up back, unless it was accepted already."""
        exchange = self._s.board.exchange(self._s.board.attempt(attempt_id).exchange_id)
        if self._s.board.follow_up_to(exchange):
            return
        self._s.withdrawn.add(attempt_id)
        await self._asking.withdraw(attempt_id)
        self._s.emit(Notice(payload=WITHDRAWN))
        self._s.emit(self._s.state())

    def _scores(
        self, attempt: Attempt, known: ScoresKnown, noise_sd: float | None, completed: CompletedAnswer | None
    ) -> None:
        overall = known.scoring.overall
        unscored = known.late or bool(known.care and known.care.unscored)
        attempt = self._s.with_own_view(attempt.model_copy(update={"overall_score": None if unscored else overall}))
        earlier = self._results.earlier_scores(attempt)
        said = completed.comparison(overall) if completed else rollup.comparison(overall, earlier, noise_sd)
        event = payloads.scores(
            attempt,
            self._results.siblings(attempt),
            known.scoring,
            known.content,
            known.delivery,
            evidence=known.evidence,
            comparison="" if unscored else said,
            label=self._s.parts.judge_label(known.stood_in),
            extra_notices=[payloads.DELAYED] if known.late else [payloads.STOOD_IN] if known.stood_in else [],
            updated=known.updated,
            care=known.care,
        )
        self._s.emit_for(attempt.id, event)
        self._writes.scored(attempt.id)
        self._tasks.beside(self._show(attempt.id))

    def _rewrite(self, attempt: Attempt, known: RewriteKnown) -> None:
        event = payloads.rewrite(attempt, known.rewrite, known.notes, known.suggestion, known.evidence)
        self._s.emit_for(attempt.id, event)

    async def _show(self, attempt_id: str) -> None:
        """Feedback replaces the skeleton once that had its time.

        Where none stands the lock is not waited for: *Finish interview* holds it, and waits for this.
        """
        await asyncio.sleep(self._s.skeleton_left_s(attempt_id))
        if not self._s.skeleton_stands(attempt_id):
            return
        async with self._s.lock:
            if self._s.skeleton_stands(attempt_id):
                self._s.change(ViewState.FEEDBACK)
