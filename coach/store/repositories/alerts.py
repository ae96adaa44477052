"""Alerts of every kind: raised once, claimed by one teller at a time, told until they arrived.

A table of alerts has the columns `id, raised_at, told_at, tries, next_try_at, error, arrived` and its own; `arrived`
are the ways by which it was told already, with spaces between.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.alert_message import Delivery

LEASE = timedelta(minutes=2)
"""A teller that has not come back by then was interrupted; another takes the alert over."""
MOST_TRIES = 12
"""With doubling waits from a minute on: about three days."""


def next_try(now: datetime, tries: int) -> datetime:
    """When an alert that did not arrive is told again, after `tries` earlier ones."""
    return now + timedelta(minutes=2**tries)


def raise_once(connection: sa.Connection, table: sa.Table, alerts: Sequence[Mapping[str, object]]) -> int:
    """Writes down alerts that were not raised before, by `id`; returns how many are new."""
    if not alerts:
        return 0
    statement = insert(table).values([dict(alert) for alert in alerts]).on_conflict_do_nothing()
    return len(connection.execute(statement.returning(table.c.id)).all())


def claim(connection: sa.Connection, table: sa.Table, now: datetime, most_tries: int) -> dict[str, Any] | None:
    """Takes the oldest alert that nobody was told of yet; whoever claims it has `LEASE` to tell it.

    One at a time: of several the last would be told after its lease, by two.
    """
    c = table.c
    due = sa.and_(c.told_at.is_(None), c.tries < most_tries, c.next_try_at <= now)
    query = sa.select(table).where(due).order_by(c.raised_at, c.id).limit(1)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    found = connection.execute(query).mappings().first()
    if found is None:
        return None
    change = sa.update(table).where(c.id == found["id"])
    connection.execute(change.values(tries=c.tries + 1, next_try_at=now + LEASE))
    return dict(found)


def ways(arrived: str | None) -> tuple[str, ...]:
    """The ways by which an alert was told already, from its column."""
    return tuple((arrived or "").split())


def settle(
    connection: sa.Connection,
    table: sa.Table,
    alert_id: str,
    *,
    told_at: datetime | None,
    retry_at: datetime,
    outcome: Delivery,
) -> None:
    """What became of telling."""
    change = sa.update(table).where(table.c.id == alert_id)
    known = {"error": outcome.error or None, "arrived": " ".join(outcome.arrived) or None}
    connection.execute(change.values(told_at=told_at, next_try_at=retry_at, **known))
