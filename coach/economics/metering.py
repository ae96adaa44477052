"""The metered store: every usage event is completed, priced and accompanied by the product's own units on its way in.

It is the one place where use becomes ledger, whichever adapter reported it; a price that is missing never stops an
answer from being stored.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewSnapshot
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.economics.billing.entitlements import use_id_of
from coach.economics.ledger import price_what_can_be
from coach.economics.plans import PlanBook, plan_book
from coach.economics.pricebook import PriceBook, price_book
from coach.errors import TakenOverError
from coach.interview.recent import Recent
from coach.store import SqlStore
from coach.store.repositories import ledger, uses

log = logging.getLogger(__name__)

PRODUCT = "jobfoxy"
MOST_REMEMBERED = 10_000
"""Interviews whose owner is known without asking the database."""
INTERVIEW_USED = "interview.used"
ANSWER_EVALUATED = "answer.evaluated"
ANSWER_RETRIED = "answer.retried"
ANSWER_RETRIED_EXTRA = "answer.retried_extra"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose usage it is."""

    user_id: str
    bundle: str
    is_sample: bool


class MeteredStore(SqlStore):
    """`SqlStore` that meters. Product units are written in the same transaction as the feedback they belong to."""

    def __init__(self, url: str, *, book: PriceBook | None = None, plans: PlanBook | None = None, **options: float):
        """`options` as in `SqlStore` (`idle_s`, `lock_wait_s`)."""
        super().__init__(url, **options)
        self._book = book or price_book()
        self._plans = plans or plan_book()
        self._owners: Recent[str, Owner] = Recent(MOST_REMEMBERED)

    async def create_interview(self, interview: Interview, exchanges: Sequence[Exchange]) -> None:
        """See `InterviewStore`."""
        self._remember(interview)
        await super().create_interview(interview, exchanges)

    async def load_interview(self, interview_id: str) -> InterviewSnapshot | None:
        """See `InterviewStore`."""
        snapshot = await super().load_interview(interview_id)
        if snapshot is not None:
            self._remember(snapshot.interview)
        return snapshot

    async def complete_attempt(self, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]) -> None:
        """See `InterviewStore`; adds the product's units once feedback is there."""
        owner = await self._owner(attempt.interview_id)
        events = [_completed(event, attempt.interview_id, owner) for event in usage]
        if attempt.status == AttemptStatus.EVALUATED and not owner.is_sample:
            extra = attempt.attempt_number > 1 and await self._over_the_limit(attempt)
            events += product_events(attempt, owner, extra=extra)
        try:
            await super().complete_attempt(attempt, exchange, self._priced(events))
        except TakenOverError:  # the answer is another process's to store; what vendors did is paid for all the same
            await super().add_usage(self._priced([event for event in events if event.vendor != PRODUCT]))
            raise

    async def add_usage(self, usage: Sequence[UsageEvent]) -> None:
        """See `InterviewStore`."""
        events = []
        for event in usage:
            owner = await self._owner(event.interview_id) if event.interview_id else Owner("", "", False)
            events.append(_completed(event, event.interview_id, owner))
        await super().add_usage(self._priced(events))

    def price_pending(self) -> int:
        """Prices events that had no entry when they happened and have one now; returns how many."""
        return self.run(ledger.price_unpriced, self._priced)

    def _priced(self, events: list[UsageEvent]) -> list[UsageEvent]:
        priced, missing = price_what_can_be(events, self._book)
        for message in sorted(set(missing)):
            log.warning("usage stored without a price: %s", message)
        return priced

    async def _over_the_limit(self, attempt: Attempt) -> bool:
        use = await self.arun(uses.find_use, use_id_of(attempt.interview_id))
        plan = next((plan for plan in self._plans.plans if use and plan.id == use.plan_id), None)
        if plan is None:
            return False
        meters = (ANSWER_RETRIED, ANSWER_RETRIED_EXTRA)
        before = await self.arun(ledger.count_events, attempt.interview_id, meters, but=attempt.id)
        return before >= plan.limits.retries_per_interview

    async def _owner(self, interview_id: str) -> Owner:
        if interview_id not in self._owners:
            await self.load_interview(interview_id)
        return self._owners.used(interview_id) or Owner("", "", False)

    def _remember(self, interview: Interview) -> None:
        self._owners[interview.id] = Owner(interview.user_id, interview.bundle, interview.is_sample)


def product_events(attempt: Attempt, owner: Owner, *, extra: bool) -> list[UsageEvent]:
    """What the person got, in the product's own units: the interview (once), and this answer or retry.

    Identities derive from interview and attempt, so that evaluating the same attempt again adds nothing.
    """
    if attempt.attempt_number == 1:
        meter, unit = ANSWER_EVALUATED, "answer"
    else:
        meter, unit = (ANSWER_RETRIED_EXTRA if extra else ANSWER_RETRIED), "retry"
    # One identity for an answer whichever meter it falls on: it can be counted once only.
    answer = _product_event(usage_event_id(attempt.id, "answer", "answer"), meter, unit, attempt, owner)
    used = _product_event(use_id_of(attempt.interview_id), INTERVIEW_USED, "interview", attempt, owner)
    return [used, answer]


def _product_event(event_id: str, meter: str, unit: str, attempt: Attempt, owner: Owner) -> UsageEvent:
    return UsageEvent(
        event_id=event_id,
        vendor=PRODUCT,
        meter=meter,
        quantity=Decimal(1),
        unit=unit,
        occurred_at=attempt.finished_at or datetime.now(UTC),
        attempt_id=attempt.id,
        interview_id=attempt.interview_id,
        user_id=owner.user_id or None,
        bundle=owner.bundle or None,
        call_id="product",
    )


def _completed(event: UsageEvent, interview_id: str | None, owner: Owner) -> UsageEvent:
    return event.model_copy(
        update={
            "interview_id": event.interview_id or interview_id,
            "user_id": event.user_id or owner.user_id or None,
            "bundle": event.bundle or owner.bundle or None,
        }
    )
