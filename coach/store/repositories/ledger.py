"""Reading the usage ledger, pricing what had no price, and what the cost model is fitted from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from coach.contracts.usage import UsageEvent
from coach.store.repositories import records, samples
from coach.store.repositories import use_by_day as use_by_day_rows
from coach.store.tables.core import usage_tracking
from coach.store.tables.use_by_day import cost_by_month, use_by_day


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
_IN_SUMS = frozenset(KEYS) - {"interview", "attempt"}


@dataclass(frozen=True, slots=True)
class _Use:
    """What is added up: single events, or what the database added up already."""

    c: Any
    day: sa.ColumnElement[Any]
    events: sa.ColumnElement[Any]
    cost: sa.ColumnElement[Any]
    unpriced: sa.ColumnElement[Any]

    def sums(self) -> tuple[sa.ColumnElement[Any], ...]:
        """Events, quantity, cost, cost of what is billable, events without a price."""
        billable = sa.case((self.c.billable.is_(True), self.cost), else_=sa.literal(0))
        return tuple(map(sa.func.sum, (self.events, self.c.quantity, self.cost, billable, self.unpriced)))


def _single(connection: sa.Connection) -> _Use:
    c = usage_tracking.c
    day = sa.cast(_in_utc(connection, c.occurred_at), sa.Date())
    unpriced = sa.case((c.cost_usd.is_(None), 1), else_=0)
    return _Use(c, day, sa.literal(1), sa.func.coalesce(c.cost_usd, 0), unpriced)


def _added_up() -> _Use:
    c = use_by_day.c
    return _Use(c, c.day, c.events, c.cost_usd, c.unpriced)


def usage_sums(
    connection: sa.Connection,
    by: str = "vendor",
    *,
    since: datetime | None = None,
    unpriced_only: bool = False,
    of_samples: bool = False,
) -> list[UsageSum]:
    """Sums per key (one of `KEYS`), day and price, added up by the database; exact, decimals all the way.

    Use of invented people is never among that of real ones: `of_samples` gives theirs alone. Days that were added up
    already are read where the key and `since` (None, or the beginning of a UTC day) allow it.
    """
    whole_days = since is None or since == datetime.combine(since.astimezone(UTC), time.min, UTC)
    ready = use_by_day_rows.is_kept(connection) and by in _IN_SUMS and whole_days and not unpriced_only
    use = _added_up() if ready else _single(connection)
    named = {"user": "user_id", "interview": "interview_id", "attempt": "attempt_id"}
    key = sa.func.coalesce(sa.cast(use.day, sa.String()) if by == "day" else use.c[named.get(by, by)], "(none)")
    groups = (key, use.day, use.c.vendor, use.c.meter, use.c.unit, sa.func.coalesce(use.c.price_entry, ""))
    query = sa.select(*groups, *use.sums()).group_by(*groups).having(sa.func.sum(use.events) != 0)
    query = query.where(samples.belongs(use.c.user_id, to_samples=of_samples))
    if since is not None:
        query = query.where(use.c.day >= since.astimezone(UTC).date() if ready else use.c.occurred_at >= since)
    if unpriced_only:
        query = query.where(use.c.cost_usd.is_(None))
    return [_usage_sum(tuple(row)) for row in connection.execute(query.order_by(*groups))]


def costs_by_month(connection: sa.Connection) -> list[tuple[str, date, Decimal]]:
    """What each real person cost in each month (its first day); of nobody: `(none)`. In no order."""
    user, month, cost, events = _by_month(connection)
    query = sa.select(user, month, sa.func.sum(cost)).group_by(user, month).having(sa.func.sum(events) != 0)
    query = query.where(samples.belongs(user, to_samples=False))
    return [(person or "(none)", first, cost) for person, first, cost in connection.execute(query).tuples()]


def _by_month(connection: sa.Connection) -> tuple[sa.ColumnElement[Any], ...]:
    """Person, first day of the month, cost and events, to be added up."""
    if use_by_day_rows.is_kept(connection):
        c = cost_by_month.c
        return c.user_id, c.month, c.cost_usd, c.events
    use = _single(connection)
    month = sa.cast(sa.func.date_trunc("month", use.day), sa.Date())
    return use.c.user_id, month, use.cost, use.events


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
