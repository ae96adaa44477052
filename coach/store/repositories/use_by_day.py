"""Puts rows of added-up use together: what triggers wrote change by change becomes one row per key."""

import sqlalchemy as sa

from coach.store.tables.use_by_day import cost_by_month, use_by_day

_SUMS = ("events", "quantity", "cost_usd", "unpriced")
KEPT = (use_by_day, cost_by_month)


def key_of(table: sa.Table) -> tuple[str, ...]:
    """The columns that rows of added-up use are told apart by."""
    return tuple(name for name in table.c.keys() if name not in ("id", *_SUMS))  # noqa: SIM118


def is_kept(connection: sa.Connection) -> bool:
    """Whether this database keeps the sums."""
    return connection.dialect.name == "postgresql"


def put_together(connection: sa.Connection, user_id: str | None = None) -> int:
    """Makes one row of several with the same key, of one person or of all; returns how many went.

    One statement for a table: rows that are added meanwhile are not seen by it and stay. A key whose use went leaves no
    row.
    """
    if not is_kept(connection):
        return 0
    given = {"user_id": user_id} if user_id else {}
    statements = [_putting_together(table, "WHERE user_id = :user_id" if user_id else "") for table in KEPT]
    return sum(int(connection.execute(sa.text(each), given).scalar_one()) for each in statements)


def _putting_together(table: sa.Table, theirs: str) -> str:
    names = [name for name in _SUMS if name in table.c]
    key, sums = ", ".join(key_of(table)), ", ".join(f"sum({name})" for name in names)
    return (
        f"WITH keyed AS (SELECT id, count(*) OVER same AS n, sum(events) OVER same AS used FROM {table.name} {theirs} "
        f"WINDOW same AS (PARTITION BY {key})), "
        f"gone AS (DELETE FROM {table.name} WHERE id IN (SELECT id FROM keyed WHERE n > 1 OR used = 0) RETURNING *), "
        f"kept AS (INSERT INTO {table.name} (id, {key}, {', '.join(names)}) "
        f"SELECT gen_random_uuid()::text, {key}, {sums} FROM gone GROUP BY {key} HAVING sum(events) <> 0 RETURNING 1) "
        "SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept)"
    )
