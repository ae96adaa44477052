"""Alerts of every kind: raised once, claimed by one teller at a time, told until they arrived.

A table of alerts has the columns `id, raised_at, told_at, tries, next_try_at, error` and its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

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


def claim(connection: sa.Connection, table: sa.Table, now: datetime, most_tries: int) -> list[dict[str, Any]]:
    """Takes alerts that nobody was told of yet; whoever claims them has `LEASE` to tell."""
    c = table.c
    due = sa.and_(c.told_at.is_(None), c.tries < most_tries, c.next_try_at <= now)
    query = sa.select(table).where(due).order_by(c.raised_at, c.id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    found = [dict(row) for row in connection.execute(query).mappings()]
    change = sa.update(table).where(c.id.in_([alert["id"] for alert in found]))
    connection.execute(change.values(tries=c.tries + 1, next_try_at=now + LEASE))
    return found


def settle(
    connection: sa.Connection,
    table: sa.Table,
    alert_id: str,
    *,
    told_at: datetime | None,
    retry_at: datetime,
    error: str,
) -> None:
    """What became of telling."""
    change = sa.update(table).where(table.c.id == alert_id)
    connection.execute(change.values(told_at=told_at, next_try_at=retry_at, error=error or None))
