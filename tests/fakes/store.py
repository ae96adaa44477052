"""An interview store in memory; the shared suite in tests/ports keeps it honest."""

import asyncio
import math
from collections.abc import Mapping, Sequence

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewSnapshot, PlannedQuestion
from coach.contracts.usage import UsageEvent
from coach.errors import ConflictError, NotFoundError, StoreBusyError

CLAIMABLE = (AttemptStatus.CAPTURED, AttemptStatus.REVIEW, AttemptStatus.DELAYED)


class FakeStore:
    """Facts in dictionaries. `fail` makes the next calls raise; `writes` counts what was written."""

    def __init__(self) -> None:
        self.interviews: dict[str, Interview] = {}
        self.exchanges: dict[str, Exchange] = {}
        self.attempts: dict[str, Attempt] = {}
        self.usage: dict[str, UsageEvent] = {}
        self.claims: dict[str, list[str]] = {}
        self.tokens: dict[str, tuple[str, float]] = {}
        self.noise: dict[str, float] = {}
        self.completions: list[str] = []
        self.fail = 0

    async def _write(self) -> None:
        await asyncio.sleep(0)
        if self.fail:
            self.fail -= 1
            raise StoreBusyError("The database is held by another process.")

    async def create_interview(self, interview: Interview, exchanges: Sequence[Exchange]) -> None:
        await self._write()
        self.interviews.setdefault(interview.id, interview)
        for exchange in exchanges:
            self.exchanges.setdefault(exchange.id, exchange)

    async def load_interview(self, interview_id: str) -> InterviewSnapshot | None:
        interview = self.interviews.get(interview_id)
        if interview is None:
            return None
        exchanges = [e for e in self.exchanges.values() if e.interview_id == interview_id]
        attempts = [a for a in self.attempts.values() if a.interview_id == interview_id]
        return InterviewSnapshot(
            interview=interview,
            exchanges=sorted(exchanges, key=lambda e: (e.order, e.id)),
            attempts=sorted(attempts, key=lambda a: (a.attempt_number, a.created_at, a.id)),
        )

    async def find_attempt(self, attempt_id: str) -> Attempt | None:
        return self.attempts.get(attempt_id)

    async def update_interview(self, interview: Interview) -> None:
        await self._write()
        self._known(self.interviews, interview.id)
        self.interviews[interview.id] = interview

    async def add_exchange(self, exchange: Exchange) -> None:
        await self._write()
        self.exchanges.setdefault(exchange.id, exchange)

    async def update_exchange(self, exchange: Exchange) -> None:
        await self._write()
        self._known(self.exchanges, exchange.id)
        self.exchanges[exchange.id] = exchange

    async def add_attempt(self, attempt: Attempt) -> None:
        await self._write()
        if attempt.id in self.attempts:
            return
        for other in self.attempts.values():
            same = other.exchange_id == attempt.exchange_id and other.attempt_number == attempt.attempt_number
            if same and other.status != AttemptStatus.DISCARDED and attempt.status != AttemptStatus.DISCARDED:
                raise ConflictError(f"This question already has an attempt number {attempt.attempt_number}.")
        self.attempts[attempt.id] = attempt

    async def update_attempt(self, attempt: Attempt) -> None:
        await self._write()
        self._known(self.attempts, attempt.id)
        self.attempts[attempt.id] = attempt

    async def claim_evaluation(self, attempt_id: str, *, owner: str) -> bool:
        await self._write()
        attempt = self.attempts.get(attempt_id)
        if attempt is None or attempt.status not in CLAIMABLE:
            return False
        self.attempts[attempt_id] = attempt.model_copy(update={"status": AttemptStatus.EVALUATING})
        self.claims.setdefault(attempt_id, []).append(owner)
        return True

    async def keep_and_claim(self, attempt: Attempt, *, owner: str) -> bool:
        await self._write()
        known = self.attempts.get(attempt.id)
        if known is None or known.status not in (AttemptStatus.RECORDING, *CLAIMABLE):
            return False
        self.attempts[attempt.id] = attempt.model_copy(update={"status": AttemptStatus.EVALUATING})
        self.claims.setdefault(attempt.id, []).append(owner)
        return True

    async def complete_attempt(self, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]) -> None:
        await self._write()
        self._known(self.attempts, attempt.id)
        self.attempts[attempt.id] = attempt
        self.exchanges[exchange.id] = exchange
        self._meter(usage)
        self.completions.append(attempt.id)

    async def keep_apart(self, attempt: Attempt, exchange: Exchange | None) -> bool:
        """No other process ever has an interview here."""
        return True

    async def add_usage(self, usage: Sequence[UsageEvent]) -> None:
        if usage:
            await self._write()
        self._meter(usage)

    def _meter(self, usage: Sequence[UsageEvent]) -> None:
        for event in usage:
            self.usage.setdefault(event.event_id, event)

    async def unfinished_attempts(self) -> list[Attempt]:
        wanted = (AttemptStatus.CAPTURED, AttemptStatus.EVALUATING)
        found = [a for a in self.attempts.values() if a.status in wanted]
        freed = [a.model_copy(update={"status": AttemptStatus.CAPTURED}) for a in found]
        self.attempts.update({a.id: a for a in freed})
        return sorted(freed, key=lambda a: a.created_at)

    async def existing(self, interview_ids: Sequence[str]) -> list[str]:
        return [name for name in interview_ids if name in self.interviews]

    async def store_token(self, interview_id: str, token_hash: str, expires_at: float) -> None:
        await self._write()
        self.tokens[interview_id] = (token_hash, expires_at)

    async def check_token(self, token_hash: str, now: float, latest: float = math.inf) -> str | None:
        return next((i for i, (h, until) in self.tokens.items() if h == token_hash and now < until <= latest), None)

    async def revoke_token(self, interview_id: str) -> None:
        await self._write()
        self.tokens.pop(interview_id, None)

    async def scores_noise(self, bundle: str) -> float | None:
        return self.noise.get(bundle)

    async def asked_questions(self, user_id: str, *, limit: int) -> list[PlannedQuestion]:
        own = [i for i in self.interviews.values() if i.user_id == user_id and not i.is_sample]
        when = {i.id: i.created_at for i in own}
        asked = [e for e in self.exchanges.values() if e.interview_id in when and e.follow_up_of is None]
        newest = sorted(asked, key=lambda e: (when[e.interview_id], e.order), reverse=True)
        return [
            PlannedQuestion(text=e.question_text, type=e.question_type, competency=e.competency) for e in newest[:limit]
        ]

    async def earlier_deliveries(
        self, user_id: str, *, transcriber: str, but: str, limit: int
    ) -> list[DeliveryMetrics]:
        own = {i.id for i in self.interviews.values() if i.user_id == user_id and not i.is_sample}
        found = [
            a
            for a in self.attempts.values()
            if a.interview_id in own and a.id != but and a.transcriber == transcriber
            if a.delivery and a.delivery.speech_s > 0 and a.status != AttemptStatus.DISCARDED
        ]
        newest = sorted(found, key=lambda a: a.created_at, reverse=True)
        return [a.delivery for a in newest[:limit] if a.delivery]

    @staticmethod
    def _known(table: Mapping[str, object], key: str) -> None:
        if key not in table:
            raise NotFoundError(f"There is nothing stored under {key}.")
