"""Reading the usage ledger, pricing what had no price, and what the cost model is fitted from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from coach.contracts.usage import UsageEvent
from coach.store.repositories import records, samples
from coach.store.tables.core import usage_tracking


def usage_events(
    connection: sa.Connection,
    *,
    interview_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    vendors: Sequence[str] = (),
) -> list[UsageEvent]:
    """Usage by time; `until` is exclusive. That of invented people only where their interview is asked for."""
    c = usage_tracking.c
    wanted = [
        samples.belongs(c.user_id, to_samples=False) if not interview_id else None,
        c.interview_id == interview_id if interview_id else None,
        c.occurred_at >= since if since else None,
        c.occurred_at < until if until else None,
        c.vendor.in_(vendors) if vendors else None,
    ]
    query = sa.select(usage_tracking).where(*(clause for clause in wanted if clause is not None))
    rows = connection.execute(query.order_by(c.occurred_at, c.event_id)).mappings()
    return [records.usage_from(row) for row in rows]


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Use of one key on one UTC day at one price entry. `cost_usd` is as billed, the sum of its events."""

    key: str
    day: date
    vendor: str
    meter: str
    unit: str
    price_entry: str
    events: int
    quantity: Decimal
    cost_usd: Decimal
    billable_usd: Decimal
    unpriced: int


KEYS = ("vendor", "meter", "day", "user", "interview", "attempt", "bundle")


def usage_sums(
    connection: sa.Connection,
    by: str = "vendor",
    *,
    since: datetime | None = None,
    unpriced_only: bool = False,
    of_samples: bool = False,
) -> list[UsageSum]:
    """Sums per key (one of `KEYS`), day and price, added up by the database; exact, decimals all the way.

    Use of invented people is never among that of real ones: `of_samples` gives theirs alone.
    """
    c = usage_tracking.c
    day = sa.cast(_in_utc(connection, c.occurred_at), sa.Date())
    columns = {
        "user": c.user_id,
        "interview": c.interview_id,
        "attempt": c.attempt_id,
        "day": sa.cast(day, sa.String()),
    }
    key = sa.func.coalesce(columns.get(by, c.get(by)), "(none)")
    cost, zero = sa.func.coalesce(c.cost_usd, 0), sa.literal(0)
    groups = (key, day, c.vendor, c.meter, c.unit, sa.func.coalesce(c.price_entry, ""))
    query = sa.select(
        *groups,
        sa.func.count(),
        sa.func.sum(c.quantity),
        sa.func.sum(cost),
        sa.func.sum(sa.case((c.billable.is_(True), cost), else_=zero)),
        sa.func.sum(sa.case((c.cost_usd.is_(None), 1), else_=0)),
    ).group_by(*groups)
    query = query.where(samples.belongs(c.user_id, to_samples=of_samples))
    if since is not None:
        query = query.where(c.occurred_at >= since)
    if unpriced_only:
        query = query.where(c.cost_usd.is_(None))
    return [_usage_sum(tuple(row)) for row in connection.execute(query.order_by(*groups))]


def _in_utc(connection: sa.Connection, column: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """A server has a time zone of its own; the connection to a DuckDB file is in UTC."""
    return sa.func.timezone("UTC", column) if connection.dialect.name == "postgresql" else column


def _usage_sum(row: tuple[Any, ...]) -> UsageSum:
    key, day, vendor, meter, unit, entry, events, quantity, cost, billable, unpriced = row
    sums = (int(events), Decimal(quantity), Decimal(cost), Decimal(billable), int(unpriced))
    return UsageSum(str(key), day, vendor, meter, unit, entry, *sums)


def price_unpriced(connection: sa.Connection, price: Callable[[list[UsageEvent]], list[UsageEvent]]) -> int:
    """Gives events without a price theirs; a price once written is never changed. Returns how many were priced."""
    c = usage_tracking.c
    rows = connection.execute(sa.select(usage_tracking).where(c.cost_usd.is_(None))).mappings()
    priced = [event for event in price([records.usage_from(row) for row in rows]) if event.cost_usd is not None]
    for event in priced:
        change = sa.update(usage_tracking).where(c.event_id == event.event_id, c.cost_usd.is_(None))
        connection.execute(change.values(cost_usd=event.cost_usd, price_entry=event.price_entry))
    return len(priced)


def count_events(connection: sa.Connection, interview_id: str, meters: Sequence[str], *, but: str = "") -> int:
    """Usage events of an interview with these meters, those of attempt `but` left out."""
    c = usage_tracking.c
    query = sa.select(sa.func.count()).where(c.interview_id == interview_id, c.meter.in_(meters))
    if but:
        query = query.where(c.attempt_id != but)
    return int(connection.execute(query).scalar_one())
