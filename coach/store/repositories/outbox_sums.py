"""The outbox counted: what waits, what was sent, what the ledger says beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import sqlalchemy as sa

from coach.store.repositories import samples
from coach.store.tables.billing import billing_accounts, billing_outbox
from coach.store.tables.core import usage_tracking

OPEN = ("pending", "retry", "sending")


SENT = ("sent", "credited")


MeterNames = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One meter event. `stamped_at` is the time told to Stripe, fixed before the first try."""

    event_id: str
    customer_id: str
    event_name: str
    value: int
    occurred_at: datetime
    stamped_at: datetime | None
    state: str
    tries: int
    first_tried_at: datetime | None
    tried_at: datetime | None
    next_try_at: datetime
    settled_at: datetime | None
    error: str | None


def rows_of(connection: sa.Connection, ids: Sequence[str]) -> list[OutboxRow]:
    """Rows by identity, oldest first."""
    c = billing_outbox.c
    query = sa.select(billing_outbox).where(c.event_id.in_(ids)).order_by(c.occurred_at, c.event_id)
    return [OutboxRow(**row) for row in connection.execute(query).mappings()]


def all_rows(connection: sa.Connection) -> list[OutboxRow]:
    """The whole outbox, oldest first; invented people's rows left out."""
    c = billing_outbox.c
    query = sa.select(billing_outbox).where(samples.belongs(c.customer_id, to_samples=False))
    query = query.order_by(c.occurred_at, c.event_id)
    return [OutboxRow(**row) for row in connection.execute(query).mappings()]


def sent_units(connection: sa.Connection, customer_id: str, event_name: str, start: datetime, end: datetime) -> int:
    """Units known to be at Stripe with a stamp in [start, end)."""
    c = billing_outbox.c
    query = sa.select(sa.func.coalesce(sa.func.sum(c.value), 0)).where(
        c.customer_id == customer_id,
        c.event_name == event_name,
        c.state.in_(SENT),
        c.stamped_at >= start,
        c.stamped_at < end,
    )
    return int(connection.execute(query).scalar_one())


def counts(connection: sa.Connection, *, of_samples: bool = False) -> dict[str, int]:
    """Rows by state, of real people or of invented ones."""
    c = billing_outbox.c
    query = sa.select(c.state, sa.func.count()).where(samples.belongs(c.customer_id, to_samples=of_samples))
    query = query.group_by(c.state).order_by(c.state)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def oldest_open(connection: sa.Connection) -> datetime | None:
    """When the oldest use that is not billed yet occurred; None when nothing is open."""
    c = billing_outbox.c
    return connection.execute(sa.select(sa.func.min(c.occurred_at)).where(c.state.in_(OPEN))).scalar()


def next_due(connection: sa.Connection) -> datetime | None:
    """When the next open row wants to be tried; None when nothing is open."""
    c = billing_outbox.c
    return connection.execute(sa.select(sa.func.min(c.next_try_at)).where(c.state.in_(OPEN))).scalar()


def waiting(connection: sa.Connection, meters: MeterNames) -> int:
    """Billable usage that a flush would queue."""
    u, account = usage_tracking.c, billing_accounts.c
    theirs = sa.select(account.user_id).where(account.stripe_customer_id.is_not(None))
    query = sa.select(sa.func.count()).where(u.billed_state == "pending", u.user_id.in_(theirs), metered(meters))
    return int(connection.execute(query).scalar_one())


def ledger_sums(
    connection: sa.Connection, meters: MeterNames, *, since: datetime | None = None, until: datetime | None = None
) -> dict[tuple[str, str], int]:
    """(customer, meter event) → units the ledger says were used and billable, as whole units like the outbox's.

    What is in the outbox counts for its customer there, also after the session (and its user) was deleted, and also
    where it was given back since: the outbox says what became of it. So does it for the time: what was told to Stripe
    as of a later moment counts in that one, in all three books.
    """
    u, o, account = usage_tracking.c, billing_outbox.c, billing_accounts.c
    customer = sa.func.coalesce(o.customer_id, account.stripe_customer_id).label("customer")
    joined = usage_tracking.outerjoin(billing_outbox, o.event_id == u.event_id)
    joined = joined.outerjoin(billing_accounts, account.user_id == u.user_id)
    query = sa.select(u.vendor, u.meter, u.quantity, customer).select_from(joined)
    query = query.where(sa.or_(u.billable.is_(True), o.event_id.is_not(None)))
    query = query.where(samples.belongs(u.user_id, to_samples=False))
    told_at = sa.func.coalesce(o.stamped_at, u.occurred_at)
    query = query.where(told_at >= since) if since else query
    query = query.where(told_at < until) if until else query
    sums: dict[tuple[str, str], int] = {}
    for row in connection.execute(query):
        name = meters.get((row.vendor, row.meter))
        if name is not None and row.customer is not None:
            key = (row.customer, name)
            sums[key] = sums.get(key, 0) + whole_units(row.quantity)
    return sums


def whole_units(quantity: Decimal) -> int:
    """Whole units as `enqueue` rounds them."""
    return int(quantity.to_integral_value(rounding=ROUND_HALF_UP))


def metered(meters: MeterNames) -> sa.ColumnElement[bool]:
    """Whether use is of one of the meters."""
    u = usage_tracking.c
    return sa.or_(sa.false(), *(sa.and_(u.vendor == vendor, u.meter == meter) for vendor, meter in meters))


def named_event(meters: MeterNames) -> sa.ColumnElement[str]:
    """The name Stripe knows the meter by."""
    u = usage_tracking.c
    cases = [(sa.and_(u.vendor == vendor, u.meter == meter), name) for (vendor, meter), name in meters.items()]
    return sa.case(*cases, else_="")
