"""What may differ between ledger, outbox and Stripe, and what each difference means."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from coach.contracts.base import Record
from coach.economics.plans import PlanBook
from coach.store import SqlStore
from coach.store.repositories import ledger
from coach.store.repositories.outbox_sums import OutboxRow

DifferenceKind = Literal[
    "not_queued",
    "not_sent_yet",
    "rejected",
    "unknown",
    "written_off",
    "cancelled",
    "missing_at_stripe",
    "extra_at_stripe",
    "unknown_customer",
    "foreign_unit",
    "not_compared",
    "unpriced",
]


MEANING: dict[str, str] = {
    "not_queued": "used and billable, but not in the outbox yet; a flush queues it",
    "not_sent_yet": "in the outbox, waiting to be sent or tried again",
    "rejected": "Stripe refused it for good; the message says why",
    "unknown": "it cannot be told any more whether Stripe has it; decide by hand",
    "written_off": "older than 35 days and not billed, by the plan file's decision",
    "cancelled": "taken back, before or after it was sent",
    "missing_at_stripe": "sent, but Stripe does not count it",
    "extra_at_stripe": "Stripe counts more than was sent",
    "unknown_customer": "Stripe counts use of a customer nobody here knows",
    "foreign_unit": "used in another unit than the meter's; the outbox rounds it as if it were the meter's",
    "not_compared": "Stripe did not answer for this one; ask again",
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


@dataclass(frozen=True, slots=True)
class Period:
    """Whole minutes [start, end)."""

    start: datetime
    end: datetime

    def holds(self, row: OutboxRow) -> bool:
        return self.start <= (row.stamped_at or row.occurred_at) < self.end


def difference_of(
    kind: DifferenceKind, row: BooksComparison, units: int, events: Sequence[OutboxRow] = (), *, detail: str = ""
) -> Difference:
    """A difference of one row, with what the events concerned said."""
    errors = sorted({event.error for event in events if event.error})
    return Difference(
        kind=kind,
        customer_id=row.customer_id,
        event_name=row.event_name,
        units=units,
        meaning=MEANING[kind],
        detail=detail or "; ".join(errors[:3]),
        events=tuple(event.event_id for event in events[:20]),
    )


def unpriced_use(store: SqlStore) -> list[Difference]:
    """Use the price book has no entry for."""
    events: Counter[str] = Counter()
    for total in store.run(ledger.usage_sums, unpriced_only=True):
        events[f"{total.vendor}/{total.meter}"] += total.events
    return [
        Difference(kind="unpriced", customer_id="", event_name=name, units=count, meaning=MEANING["unpriced"])
        for name, count in sorted(events.items())
    ]


def foreign_units(store: SqlStore, plans: PlanBook, since: datetime | None, until: datetime | None) -> list[Difference]:
    """Metered use recorded in another unit than its meter counts."""
    meters = {(meter.vendor, meter.meter): meter for meter in plans.meters}
    found: Counter[tuple[str, str]] = Counter()
    for total in store.run(ledger.usage_sums, "meter", since=since):
        meter = meters.get((total.vendor, total.meter))
        if meter and total.unit != meter.unit and (until is None or total.day < until.date()):
            found[meter.event_name, f"{total.unit} instead of {meter.unit}"] += total.events
    return [
        Difference(
            kind="foreign_unit",
            customer_id="",
            event_name=name,
            units=count,
            meaning=MEANING["foreign_unit"],
            detail=detail,
        )
        for (name, detail), count in sorted(found.items())
    ]
