"""The conductor's `InterviewStore` port: each method is one transaction of the repository `interviews`."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from coach.contracts.asking import asking
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, Exchange, Interview, InterviewSnapshot, PlannedQuestion
from coach.contracts.usage import UsageEvent
from coach.store.repositories import interviews, kept_apart

P = ParamSpec("P")
Result = TypeVar("Result")


Fence = Callable[[sa.Connection, str], None]
"""Asked within the transaction of every write of an interview (by id); raises where it is another process's now."""


class InterviewFacts(ABC):
    """What an interview stores and asks for; a method returns only when its transaction is on disk."""

    fence: Fence | None = None
    """None where no other process could have an interview."""

    @abstractmethod
    async def arun(
        self, function: Callable[Concatenate[sa.Connection, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Calls `function(connection, …)` in one transaction, on behalf of whoever asks."""

    async def serve(
        self, function: Callable[Concatenate[sa.Connection, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Calls `function(connection, …)` in one transaction, on the program's own behalf."""
        with asking(None):
            return await self.arun(function, *args, **kwargs)

    async def write(
        self,
        interview_id: str,
        function: Callable[Concatenate[sa.Connection, P], Result],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Result:
        """Calls `function(connection, …)` in one transaction, unless the interview is another process's by then.

        Raises:
            TakenOverError: it is; nothing was written.
        """
        fence = self.fence
        if fence is None:
            return await self.serve(function, *args, **kwargs)

        def behind(connection: sa.Connection) -> Result:
            fence(connection, interview_id)
            return function(connection, *args, **kwargs)

        return await self.serve(behind)

    async def create_interview(self, interview: Interview, exchanges: Sequence[Exchange]) -> None:
        """Stores a planned interview with its questions; job and resume are of whoever asks."""
        await self.arun(interviews.create_interview, interview, exchanges)

    async def load_interview(self, interview_id: str) -> InterviewSnapshot | None:
        """Everything of one interview; None when unknown."""
        return await self.serve(interviews.load_interview, interview_id)

    async def find_attempt(self, attempt_id: str) -> Attempt | None:
        """One attempt; None when unknown."""
        return await self.serve(interviews.find_attempt, attempt_id)

    async def update_interview(self, interview: Interview) -> None:
        """Writes the interview's row anew."""
        await self.write(interview.id, interviews.update_interview, interview)

    async def add_exchange(self, exchange: Exchange) -> None:
        """Stores a follow-up exchange; idempotent by id."""
        await self.write(exchange.interview_id, interviews.add_exchange, exchange)

    async def update_exchange(self, exchange: Exchange) -> None:
        """Writes the exchange's row anew."""
        await self.write(exchange.interview_id, interviews.update_exchange, exchange)

    async def add_attempt(self, attempt: Attempt) -> None:
        """Stores a new attempt; idempotent by id."""
        await self.write(attempt.interview_id, interviews.add_attempt, attempt)

    async def update_attempt(self, attempt: Attempt) -> None:
        """Writes the attempt's row anew."""
        await self.write(attempt.interview_id, interviews.update_attempt, attempt)

    async def claim_evaluation(self, attempt_id: str, *, owner: str) -> bool:
        """True for exactly one caller; the attempt is evaluating from then on."""
        attempt = await self.find_attempt(attempt_id) if self.fence else None
        interview_id = attempt.interview_id if attempt else ""
        return await self.write(interview_id, interviews.claim_evaluation, attempt_id, owner)

    async def keep_and_claim(self, attempt: Attempt, *, owner: str) -> bool:
        """Row and claim in one transaction; True for exactly one caller."""
        return await self.write(attempt.interview_id, interviews.keep_and_claim, attempt, owner)

    async def complete_attempt(self, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]) -> None:
        """Evaluation, roll-up and usage in one transaction."""
        await self.write(attempt.interview_id, interviews.complete_attempt, attempt, exchange, usage)

    async def keep_apart(self, attempt: Attempt, exchange: Exchange | None) -> bool:
        """Whether the words of an answer that was acknowledged elsewhere are stored; not while somebody has it."""
        return await self.serve(kept_apart.keep_apart, attempt, exchange)

    async def add_usage(self, usage: Sequence[UsageEvent]) -> None:
        """Stores usage events; those already known are left as they are."""
        await self.serve(interviews.add_usage, usage)

    async def existing(self, interview_ids: Sequence[str]) -> list[str]:
        """Those that are stored."""
        return await self.serve(interviews.existing, interview_ids)

    async def unfinished_attempts(self) -> list[Attempt]:
        """Attempts to take up again after a crash; dead claims are released."""
        return await self.serve(interviews.unfinished_attempts)

    async def store_token(self, interview_id: str, token_hash: str, expires_at: float) -> None:
        """Keeps the hash of the interview's token; expiry in epoch seconds."""
        await self.write(interview_id, interviews.store_token, interview_id, token_hash, expires_at)

    async def check_token(self, token_hash: str, now: float, latest: float = math.inf) -> str | None:
        """The interview a live token belongs to."""
        return await self.serve(interviews.check_token, token_hash, now, latest)

    async def revoke_token(self, interview_id: str) -> None:
        """Makes the interview's token dead."""
        await self.write(interview_id, interviews.revoke_token, interview_id)

    async def scores_noise(self, bundle: str) -> float | None:
        """Measured scoring noise of a bundle; None when not measured."""
        return await self.serve(interviews.scores_noise, bundle)

    async def asked_questions(self, user_id: str, *, limit: int) -> list[PlannedQuestion]:
        """What the person was asked, newest first."""
        return await self.serve(interviews.asked_questions, user_id, limit=limit)

    async def earlier_deliveries(
        self, user_id: str, *, transcriber: str, but: str, limit: int
    ) -> list[DeliveryMetrics]:
        """Measured delivery of the person's latest answers, newest first."""
        return await self.serve(interviews.earlier_deliveries, user_id, transcriber=transcriber, but=but, limit=limit)
