"""Ledger, outbox and Stripe side by side; each difference has a name."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal

from coach.contracts.base import Record
from coach.economics.billing.gateway import BillingGateway
from coach.economics.billing.outbox import meter_names, minutes_around
from coach.economics.plans import PlanBook, plan_book
from coach.store import SqlStore
from coach.store.repositories import ledger, outbox
from coach.store.repositories.outbox import OPEN, SENT, OutboxRow

DifferenceKind = Literal[
    "not_queued",
    "not_sent_yet",
    "rejected",
    "unknown",
    "written_off",
    "cancelled",
    "missing_at_stripe",
    "extra_at_stripe",
    "unpriced",
]
MEANING: dict[str, str] = {
    "not_queued": "used and billable, but not in the outbox yet; a flush queues it",
    "not_sent_yet": "in the outbox, waiting to be sent or tried again",
    "rejected": "Stripe refused it for good; the message says why",
    "unknown": "it cannot be told any more whether Stripe has it; decide by hand",
    "written_off": "older than 35 days and not billed, by the plan file's decision",
    "cancelled": "taken back after it was sent",
    "missing_at_stripe": "sent, but Stripe does not count it",
    "extra_at_stripe": "Stripe counts more than was sent",
    "unpriced": "used, but the price book has no entry for it",
}


class Difference(Record):
    """One named difference for one customer and meter, in units; `events` are the first identities concerned."""

    kind: DifferenceKind
    customer_id: str
    event_name: str
    units: int
    meaning: str
    detail: str = ""
    events: tuple[str, ...] = ()


class BooksComparison(Record):
    """Units of one customer and meter in the three books. `stripe` is None when Stripe was not asked."""

    customer_id: str
    event_name: str
    ledger: int
    outbox: int
    sent: int
    stripe: int | None


class Reconciliation(Record):
    """The whole comparison; `agrees` when nothing differs."""

    agrees: bool
    compared_with_stripe: bool
    rows: list[BooksComparison]
    differences: list[Difference]


def reconcile(store: SqlStore, gateway: BillingGateway | None, *, plans: PlanBook | None = None) -> Reconciliation:
    """Compares; changes nothing.

    Args:
        store: the database with ledger and outbox.
        gateway: Stripe, or None to compare only ledger and outbox.
        plans: the plan file in force.

    Raises:
        VendorError: Stripe could not be asked.
    """
    book = plans or plan_book()
    used = store.run(outbox.ledger_sums, meter_names(book))
    groups: dict[tuple[str, str], list[OutboxRow]] = defaultdict(list)
    for row in store.run(outbox.all_rows):
        groups[row.customer_id, row.event_name].append(row)
    rows, differences = [], _unpriced(store)
    for key in sorted({*used, *groups}):
        comparison = _compare(key, used.get(key, 0), groups.get(key, []), gateway)
        rows.append(comparison)
        differences += _differences(comparison, groups.get(key, []))
    return Reconciliation(
        agrees=not differences, compared_with_stripe=gateway is not None, rows=rows, differences=differences
    )


def _compare(
    key: tuple[str, str], used: int, rows: Sequence[OutboxRow], gateway: BillingGateway | None
) -> BooksComparison:
    customer, name = key
    sent = [row for row in rows if row.state in SENT]
    counted = None
    if gateway is not None:
        counted = gateway.used(name, customer, *minutes_around(rows)) if rows else 0
    return BooksComparison(
        customer_id=customer,
        event_name=name,
        ledger=used,
        outbox=sum(row.value for row in rows),
        sent=sum(row.value for row in sent),
        stripe=counted,
    )


def _differences(row: BooksComparison, events: Sequence[OutboxRow]) -> list[Difference]:
    found = []
    if row.ledger != row.outbox:
        found.append(_difference("not_queued", row, row.ledger - row.outbox))
    states: dict[DifferenceKind, tuple[str, ...]] = {
        "not_sent_yet": OPEN,
        "rejected": ("rejected",),
        "unknown": ("unknown",),
        "written_off": ("written_off",),
        "cancelled": ("cancelled",),
    }
    for kind, names in states.items():
        concerned = [event for event in events if event.state in names]
        if concerned:
            found.append(_difference(kind, row, sum(event.value for event in concerned), concerned))
    if row.stripe is not None and row.stripe != row.sent:
        kind = "missing_at_stripe" if row.stripe < row.sent else "extra_at_stripe"
        found.append(_difference(kind, row, abs(row.sent - row.stripe)))
    return found


def _difference(kind: DifferenceKind, row: BooksComparison, units: int, events: Sequence[OutboxRow] = ()) -> Difference:
    errors = sorted({event.error for event in events if event.error})
    return Difference(
        kind=kind,
        customer_id=row.customer_id,
        event_name=row.event_name,
        units=units,
        meaning=MEANING[kind],
        detail="; ".join(errors[:3]),
        events=tuple(event.event_id for event in events[:20]),
    )


def _unpriced(store: SqlStore) -> list[Difference]:
    events: Counter[str] = Counter()
    for total in store.run(ledger.usage_sums, unpriced_only=True):
        events[f"{total.vendor}/{total.meter}"] += total.events
    return [
        Difference(kind="unpriced", customer_id="", event_name=name, units=count, meaning=MEANING["unpriced"])
        for name, count in sorted(events.items())
    ]
