"""The record of what was deleted: how much, when and why, never what it was or whose."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.store.tables.core import deletions

Cause = Literal["sweep", "session", "sample", "person"]
COUNTED = ("recordings", "texts", "sessions", "files")


def note(connection: sa.Connection, /, deletion_id: str, cause: Cause, at: datetime, **counts: int) -> None:
    """Adds to the counts of one deletion; nothing is written where nothing was deleted.

    Args:
        connection: the transaction that deletes.
        deletion_id: of this sweep or this deletion; its parts add up.
        cause: why.
        at: when it began.
        counts: `recordings`, `texts` (attempts whose texts went), `sessions`, `files` (that belonged to no row).
    """
    if any(counts.values()):
        _add(connection, deletion_id, cause, at, counts)


def note_person(connection: sa.Connection, /, receipt_id: str, at: datetime, **counts: int) -> None:
    """Adds the deletion of everything of somebody, under the checksum of their receipt, however little there was."""
    _add(connection, receipt_id, "person", at, counts)


def _add(connection: sa.Connection, deletion_id: str, cause: Cause, at: datetime, counts: Mapping[str, int]) -> None:
    row = {name: counts.get(name, 0) for name in COUNTED}
    statement = insert(deletions).values(id=deletion_id, occurred_at=at, cause=cause, **row)
    more = {name: deletions.c[name] + statement.excluded[name] for name in COUNTED}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=more))


def totals(connection: sa.Connection, *, of_samples: bool = False) -> dict[str, int]:
    """How much was deleted in all, of real people or of invented ones."""
    theirs = deletions.c.cause == "sample"
    sums = [sa.func.coalesce(sa.func.sum(deletions.c[name]), 0).label(name) for name in COUNTED]
    query = sa.select(*sums).where(theirs if of_samples else sa.not_(theirs))
    return {name: int(count) for name, count in connection.execute(query).mappings().one().items()}


def latest(connection: sa.Connection, limit: int = 50, *, of_samples: bool = False) -> list[dict[str, object]]:
    """The latest deletions, newest first, of real people or of invented ones."""
    theirs = deletions.c.cause == "sample"
    query = (
        sa.select(deletions)
        .where(theirs if of_samples else sa.not_(theirs))
        .order_by(deletions.c.occurred_at.desc(), deletions.c.id)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
