"""Puts rows of added-up use together: what triggers wrote change by change becomes one row per key."""

import sqlalchemy as sa

from coach.store.tables.use_by_day import use_by_day

_SUMS = ("events", "quantity", "cost_usd", "unpriced")
KEY = tuple(name for name in use_by_day.c.keys() if name not in ("id", *_SUMS))  # noqa: SIM118


def is_kept(connection: sa.Connection) -> bool:
    """Whether this database keeps the sums."""
    return connection.dialect.name == "postgresql"


def put_together(connection: sa.Connection, user_id: str | None = None) -> int:
    """Makes one row of several with the same key, of one person or of all; returns how many went.

    One statement: rows that are added meanwhile are not seen by it and stay. A key whose use went leaves no row.
    """
    if not is_kept(connection):
        return 0
    key, sums = ", ".join(KEY), ", ".join(f"sum({name})" for name in _SUMS)
    theirs = "WHERE user_id = :user_id" if user_id else ""
    statement = (
        f"WITH keyed AS (SELECT id, count(*) OVER same AS n, sum(events) OVER same AS used FROM use_by_day {theirs} "
        f"WINDOW same AS (PARTITION BY {key})), "
        "gone AS (DELETE FROM use_by_day WHERE id IN (SELECT id FROM keyed WHERE n > 1 OR used = 0) RETURNING *), "
        f"kept AS (INSERT INTO use_by_day (id, {key}, {', '.join(_SUMS)}) "
        f"SELECT gen_random_uuid()::text, {key}, {sums} FROM gone GROUP BY {key} HAVING sum(events) <> 0 RETURNING 1) "
        "SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept)"
    )
    return int(connection.execute(sa.text(statement), {"user_id": user_id} if user_id else {}).scalar_one())
