"""Ledger, outbox and Stripe side by side; each difference has a name."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from coach.economics.billing.differences import (
    BooksComparison,
    Difference,
    DifferenceKind,
    Period,
    Reconciliation,
    difference_of,
    foreign_units,
    unpriced_use,
)
from coach.economics.billing.gateway import BillingGateway
from coach.economics.billing.outbox import OLDEST, meter_names, minutes_around
from coach.economics.billing.pace import patiently
from coach.economics.plans import PlanBook, plan_book
from coach.errors import CoachError, VendorAuthError
from coach.store import SqlStore
from coach.store.repositories import billing, outbox_sums
from coach.store.repositories.outbox_sums import OPEN, SENT, OutboxRow


def reconcile(
    store: SqlStore,
    gateway: BillingGateway | None,
    *,
    plans: PlanBook | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Reconciliation:
    """Compares everything in the period; changes nothing.

    Stripe is asked for every customer, unknown ones too, and every meter; one that does not answer is named.

    Args:
        store: the database with ledger and outbox.
        gateway: Stripe, or None to compare only ledger and outbox.
        plans: the plan file in force.
        since: start of the period by the time told to Stripe, which is that of use unless it was too old; default
            everything the outbox holds and the last 35 days.
        until: end of the period, exclusive; default now.
        now: the present; default the clock.
        sleep: waits after "go slower".

    Raises:
        VendorAuthError: the key is refused.
        VendorError: Stripe's customers could not be listed.
    """
    book, names = plans or plan_book(), meter_names(plans or plan_book())
    rows_kept = store.run(outbox_sums.all_rows)
    period = _period(rows_kept, since, until, now or datetime.now(UTC))
    used = store.run(outbox_sums.ledger_sums, names, since=since, until=until)
    groups = _grouped(row for row in rows_kept if period.holds(row) or (since is None and until is None))
    ours = _ours(store, rows_kept)
    everybody = ours | set(patiently(gateway.customers, sleep)) if gateway else set()
    keys = sorted({*used, *groups} | {(who, name) for who in everybody for name in names.values()})
    one = partial(_one, gateway=gateway, period=period, sleep=sleep)
    told = [one(key, used.get(key, 0), groups.get(key, []), known=key[0] in ours) for key in keys]
    return _told(gateway, told, [*unpriced_use(store), *foreign_units(store, book, since, until)])


Told = tuple[list[BooksComparison], list[Difference]]


def _told(gateway: BillingGateway | None, told: Sequence[Told], before: Sequence[Difference]) -> Reconciliation:
    """Everything that was compared in one record; `before`: what differs whoever the customer is."""
    differences = [*before, *(difference for _, found in told for difference in found)]
    rows = [row for found, _ in told for row in found]
    asked = gateway is not None
    return Reconciliation(agrees=not differences, compared_with_stripe=asked, rows=rows, differences=differences)


def _ours(store: SqlStore, rows: Sequence[OutboxRow]) -> set[str]:
    """Stripe's ids of customers we know."""
    accounts = {a.stripe_customer_id for a in store.run(billing.accounts) if a.stripe_customer_id}
    return accounts | {row.customer_id for row in rows}


def _one(
    key: tuple[str, str],
    ledger: int,
    events: Sequence[OutboxRow],
    *,
    gateway: BillingGateway | None,
    period: Period,
    sleep: Callable[[float], None],
    known: bool,
) -> Told:
    """One customer's meter: its row, where there is anything in it, and what differs."""
    comparison, trouble = _compare(key, ledger, events, gateway, period, sleep)
    rows = [comparison] if events or any((comparison.ledger, comparison.outbox, comparison.stripe)) else []
    missing = [difference_of("not_compared", comparison, 0, detail=trouble)] if trouble else []
    return rows, [*missing, *_differences(comparison, events, known=known)]


def _grouped(rows: Iterable[OutboxRow]) -> dict[tuple[str, str], list[OutboxRow]]:
    """Outbox rows by customer and meter."""
    groups: dict[tuple[str, str], list[OutboxRow]] = defaultdict(list)
    for row in rows:
        groups[row.customer_id, row.event_name].append(row)
    return groups


def _period(rows: Sequence[OutboxRow], since: datetime | None, until: datetime | None, now: datetime) -> Period:
    first, last = minutes_around(rows) if rows else (now, now)
    start = since or min(first, now - OLDEST)
    end = until or max(last, now + timedelta(minutes=1))
    return Period(start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0))


def _compare(
    key: tuple[str, str],
    used: int,
    rows: Sequence[OutboxRow],
    gateway: BillingGateway | None,
    period: Period,
    sleep: Callable[[float], None],
) -> tuple[BooksComparison, str]:
    customer, name = key
    counted, trouble = None, ""
    if gateway is not None:
        try:
            counted = patiently(lambda: gateway.used(name, customer, period.start, period.end), sleep)
        except VendorAuthError:
            raise
        except CoachError as error:
            trouble = error.message
    comparison = BooksComparison(
        customer_id=customer,
        event_name=name,
        ledger=used,
        outbox=sum(row.value for row in rows),
        sent=sum(row.value for row in rows if row.state in SENT),
        stripe=counted,
    )
    return comparison, trouble


def _differences(row: BooksComparison, events: Sequence[OutboxRow], *, known: bool = True) -> list[Difference]:
    found = []
    if row.ledger != row.outbox:
        found.append(difference_of("not_queued", row, row.ledger - row.outbox))
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
            found.append(difference_of(kind, row, sum(event.value for event in concerned), concerned))
    if row.stripe is not None and row.stripe != row.sent:
        wrong: DifferenceKind = "missing_at_stripe" if row.stripe < row.sent else "extra_at_stripe"
        found.append(difference_of(wrong if known else "unknown_customer", row, abs(row.sent - row.stripe)))
    return found
