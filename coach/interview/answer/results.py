"""Evaluations as stored facts: the attempt, its question's roll-up, the session's score, and the marks of time."""

import asyncio
from collections.abc import Sequence

from coach.contracts.interview import Attempt, Exchange
from coach.contracts.usage import UsageEvent
from coach.interview import rollup
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.tasks import AnswerTasks
from coach.interview.latency import Timeline


class Results:
    """The results of one interview; roll-ups are written one at a time."""

    def __init__(self, session: InterviewAggregate, tasks: AnswerTasks) -> None:
        """Both are of the interview."""
        self._s = session
        self._tasks = tasks
        self._rollup = asyncio.Lock()

    def siblings(self, attempt: Attempt) -> list[Attempt]:
        """Standing attempts of the same exchange, this one as given."""
        others = [a for a in self._s.board.attempts_of(attempt.exchange_id) if a.id != attempt.id]
        return rollup.standing([*others, attempt])

    def earlier_scores(self, attempt: Attempt) -> list[float]:
        """Overall scores of the other attempts at the question."""
        siblings = self.siblings(attempt)
        return [a.overall_score for a in siblings if a.id != attempt.id and a.overall_score is not None]

    async def complete(self, attempt: Attempt, usage: Sequence[UsageEvent], timeline: Timeline) -> Attempt:
        """Stores the evaluation with its usage, then the marks; a mark that comes later is stored when it comes."""
        await self.store(attempt.model_copy(update={"timeline": dict(timeline.marks)}), usage)
        timeline.mark("stored")
        attempt = await self._keep_marks(attempt.id, timeline)
        self._s.parts.on_answer(attempt)
        timeline.late = lambda: self._keep_late_marks(attempt.id, timeline)
        await self.score_session()
        return attempt

    def _keep_late_marks(self, attempt_id: str, timeline: Timeline) -> None:
        self._tasks.beside(self._keep_marks(attempt_id, timeline))

    async def _keep_marks(self, attempt_id: str, timeline: Timeline) -> Attempt:
        marks = {"timeline": dict(timeline.marks)}
        return await self._s.amend(attempt_id, lambda known: known.model_copy(update=marks))

    async def store(self, attempt: Attempt, usage: Sequence[UsageEvent]) -> None:
        """Evaluation, roll-up and usage, all or nothing."""
        async with self._rollup, self._s.rows:
            attempt = self._s.with_own_view(attempt)
            exchange = self._rolled_up(attempt)
            await self._s.parts.store.complete_attempt(attempt, exchange, usage)
            self._s.board.attempts[attempt.id] = attempt
            self._s.board.exchanges[exchange.id] = exchange

    async def score_session(self) -> None:
        """Stores the session's score as it is now."""
        board = self._s.board
        score = rollup.session_score([*board.exchanges.values()], [*board.attempts.values()])
        await self._s.touch(overall_score=score)

    def _rolled_up(self, attempt: Attempt) -> Exchange:
        exchange = self._s.board.exchange(attempt.exchange_id)
        best = rollup.best_attempt(self.siblings(attempt))
        changes: dict[str, str | None] = {"final_attempt_id": best.id if best else None}
        if attempt.evaluation and attempt.extra.follow_up_asked:
            changes["follow_up_question_text"] = attempt.evaluation.follow_up.question_text
        return exchange.model_copy(update=changes)
