"""Giving an interview back after an answer was lost: whenever the loss is found, once, and everything that hangs on it.

The person's interview is free again, what was counted in the product's own units is no longer charged, and what Stripe
was already told is cancelled (within a day) or credited. The vendors' cost stays in the ledger: it was spent.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from coach.contracts.base import Record
from coach.economics.billing.entitlements import use_id_of
from coach.economics.billing.gateway import BillingGateway
from coach.economics.billing.outbox import Outbox
from coach.economics.plans import PlanBook, plan_book
from coach.errors import NotFoundError
from coach.store import SqlStore
from coach.store.repositories import billing, ledger, outbox, outbox_sums, uses
from coach.store.repositories.outbox_sums import OutboxRow

PRODUCT = "jobfoxy"


class GivenBack(Record):
    """What giving back did. `interview` is False when it had been given back before."""

    interview_id: str
    user_id: str
    interview: bool
    withdrawn: int
    cancelled: int
    credited: int
    waiting_for_stripe: int


def give_back(
    store: SqlStore,
    interview_id: str,
    gateway: BillingGateway | None,
    *,
    plans: PlanBook | None = None,
    clock: Callable[[], datetime] | None = None,
) -> GivenBack:
    """Gives one interview back; blocking. Asked again it finishes what Stripe did not take the first time.

    Args:
        store: the database.
        interview_id: the interview with the lost answer.
        gateway: Stripe; None gives the interview back and leaves what was billed for a later call.
        plans: the plan file in force.
        clock: the present.

    Raises:
        NotFoundError: no interview of this id was taken from any plan.
        VendorError: Stripe failed; the interview is given back already, call again for the rest.
    """
    book, now = plans or plan_book(), (clock or _now)()
    use_id = use_id_of(interview_id)
    user_id = store.run(billing.user_of, use_id)
    if user_id is None:
        raise NotFoundError("No interview of this id was taken from a plan.", mend="Look at `billing uses`.")
    fresh = store.run(uses.give_use_back, use_id, now)
    store.run(uses.not_billable, interview_id, PRODUCT)
    events = _event_ids(store, interview_id)  # looked at only now: a flush may have queued and begun to send them
    withdrawn = store.run(outbox.withdraw, events, "given back", now)
    told = _taken_back(store, gateway, store.run(outbox_sums.rows_of, events), book, clock)
    return GivenBack(interview_id=interview_id, user_id=user_id, interview=fresh, withdrawn=len(withdrawn), **told)


def _taken_back(
    store: SqlStore,
    gateway: BillingGateway | None,
    rows: list[OutboxRow],
    plans: PlanBook,
    clock: Callable[[], datetime] | None,
) -> dict[str, int]:
    """What Stripe knows of (or may know of, where a try is under way): only sent events can be taken back."""
    done = {"cancelled": 0, "credited": 0, "waiting_for_stripe": 0}
    for row in rows:
        if row.state in ("cancelled", "credited", "rejected", "written_off"):
            continue
        if gateway is None or row.state != "sent":
            done["waiting_for_stripe"] += 1
            continue
        box = Outbox(store, gateway, plans=plans, clock=clock)
        done[box.take_back(row.event_id, cents=_cents(row, plans))] += 1
    return done


def _cents(row: OutboxRow, plans: PlanBook) -> int:
    """What the customer paid for it: the dearest extra retry on sale, where its meter bills one."""
    bills = any(meter.event_name == row.event_name and meter.bills for meter in plans.meters)
    prices = [plan.overage.retry for plan in plans.plans if plan.overage]
    return int(max(prices) * 100) * row.value if bills and prices else 0


def _event_ids(store: SqlStore, interview_id: str) -> list[str]:
    events = store.run(ledger.usage_events, interview_id=interview_id, vendors=[PRODUCT])
    return [event.event_id for event in events]


def _now() -> datetime:
    return datetime.now(UTC)
