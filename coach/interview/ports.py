"""What the conductor needs from outside: a place to keep facts. `coach.store` implements it."""

from collections.abc import Sequence
from typing import Protocol

from coach.contracts.interview import Attempt, Exchange, Interview, InterviewSnapshot
from coach.contracts.usage import UsageEvent


class InterviewStore(Protocol):
    """Durable facts. Every method returns only after the fact is on disk; none blocks the event loop.

    Raises (all methods):
        StoreBusyError, StoreError: nothing was half-written.
    """

    async def create_interview(self, interview: Interview, exchanges: Sequence[Exchange]) -> None:
        """Stores a planned interview with its questions."""

    async def load_interview(self, interview_id: str) -> InterviewSnapshot | None:
        """Everything of one interview, exchanges by order, attempts by number; None when unknown."""

    async def find_attempt(self, attempt_id: str) -> Attempt | None:
        """One attempt."""

    async def update_interview(self, interview: Interview) -> None:
        """Writes the interview's row anew."""

    async def add_exchange(self, exchange: Exchange) -> None:
        """Stores a follow-up exchange; idempotent by id."""

    async def update_exchange(self, exchange: Exchange) -> None:
        """Writes the exchange's row anew (final attempt, follow-up text)."""

    async def add_attempt(self, attempt: Attempt) -> None:
        """Stores a new attempt; idempotent by id; (exchange, number) is unique among those not discarded."""

    async def update_attempt(self, attempt: Attempt) -> None:
        """Writes the attempt's row anew."""

    async def claim_evaluation(self, attempt_id: str, *, owner: str) -> bool:
        """Compare-and-set captured|review|delayed -> evaluating; True for exactly one caller (a crashed owner's claim
        is released by `unfinished_attempts`).
        """

    async def complete_attempt(self, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]) -> None:
        """Evaluation, roll-up and usage in one transaction. Usage is idempotent by event id."""

    async def add_usage(self, usage: Sequence[UsageEvent]) -> None:
        """Stores usage events; those already known are left as they are."""

    async def unfinished_attempts(self) -> list[Attempt]:
        """Attempts captured or evaluating when the last process died, for resumption at start."""

    async def store_token(self, interview_id: str, token_hash: str, expires_at: float) -> None:
        """Keeps the hash of the interview's token, replacing an older one; expiry in epoch seconds."""

    async def check_token(self, token_hash: str, now: float) -> str | None:
        """The interview a live token belongs to; None when unknown, expired or revoked."""

    async def revoke_token(self, interview_id: str) -> None:
        """Makes the interview's token dead."""

    async def scores_noise(self, bundle: str) -> float | None:
        """Measured scoring noise (SD of overall on repeated scoring) of a bundle; None when not measured."""
