"""What the conductor needs from outside: a place to keep facts (`coach.store`), leave to go on (`coach.economics`)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, Exchange, Interview, InterviewSnapshot, PlannedQuestion
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

    async def keep_and_claim(self, attempt: Attempt, *, owner: str) -> bool:
        """Writes the attempt's row and claims its evaluation, both or none, in one transaction.

        True for exactly one caller. False when another has the claim, the attempt was discarded or is unknown; the
        row is as it was then.
        """

    async def complete_attempt(self, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]) -> None:
        """Evaluation, roll-up and usage in one transaction. Usage is idempotent by event id."""

    async def keep_apart(self, attempt: Attempt, exchange: Exchange | None) -> bool:
        """Whether the words of an answer are stored that this process acknowledged before it lost the interview.

        Not while another process has it: then it is asked again.
        """

    async def add_usage(self, usage: Sequence[UsageEvent]) -> None:
        """Stores usage events; those already known are left as they are."""

    async def existing(self, interview_ids: Sequence[str]) -> list[str]:
        """Those of the interviews that are stored; the others were deleted, by whomever."""

    async def unfinished_attempts(self) -> list[Attempt]:
        """Attempts captured or evaluating when the last process died, for resumption at start."""

    async def store_token(self, interview_id: str, token_hash: str, expires_at: float) -> None:
        """Keeps the hash of the interview's token, replacing an older one; expiry in epoch seconds."""

    async def check_token(self, token_hash: str, now: float, latest: float = math.inf) -> str | None:
        """The interview a live token belongs to; None when unknown, expired, revoked, or expiring after `latest`."""

    async def revoke_token(self, interview_id: str) -> None:
        """Makes the interview's token dead."""

    async def scores_noise(self, bundle: str) -> float | None:
        """Measured scoring noise (SD of overall on repeated scoring) of a bundle; None when not measured."""

    async def asked_questions(self, user_id: str, *, limit: int) -> list[PlannedQuestion]:
        """What the person was asked in their interviews, newest first; follow-ups and sample content left out."""

    async def earlier_deliveries(
        self, user_id: str, *, transcriber: str, but: str, limit: int
    ) -> list[DeliveryMetrics]:
        """How the person spoke in the latest measured answers of all interviews, newest first.

        Sample content, discarded attempts and the attempt `but` are left out; `transcriber` heard them all.
        """


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a person may do now, and how it is served.

    Attributes:
        allowed: False = hard cap; then `offer` says what would help. Never asked in the middle of an answer.
        plan: the plan's id, `local` on a machine without billing.
        level: throttled = the cheaper path: drawn avatar, smaller model, shorter rewrite.
        avatar: whether the plan's avatar may be used; False = the drawn one.
        max_questions: more planned questions are left out.
        notice: what the person should be told (soft cap, last retry, extra charge), else empty.
        extra_charge_usd: what this step costs on top, when the person agreed to pay for extras.
    """

    allowed: bool
    plan: str
    level: Literal["full", "throttled"] = "full"
    avatar: bool = True
    max_questions: int = 5
    notice: str = ""
    offer: str = ""
    extra_charge_usd: Decimal | None = None


class Entitlements(Protocol):
    """Whether the plan includes the next step. Both may be asked again for the same step without counting it twice."""

    async def before_session(self, user_id: str, interview_id: str, *, questions: int) -> Entitlement:
        """Asked once the interview has an id and before anything is planned or paid for; reserves it when allowed."""

    async def before_retry(self, user_id: str, interview_id: str) -> Entitlement:
        """Asked before a retry after feedback; a Start over is free and never asked about."""
