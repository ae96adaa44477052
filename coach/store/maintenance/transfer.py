"""Moving an installation to another engine: every row of every table, in one transaction, read back and compared.

The checksum of a table is the sum of its rows' SHA-256 (modulo 2^128), each row written down in one canonical form; so
it does not depend on the order in which an engine gives them. A DuckDB source is read from a copy made by whoever holds
it, so that a running server goes on meanwhile; what is written after that copy is not moved.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from graphlib import TopologicalSorter
from itertools import islice
from typing import Any

import sqlalchemy as sa

from coach.errors import StoreError
from coach.store.engine import schema
from coach.store.engine.engine import prepare_duckdb
from coach.store.maintenance.integrity import dangling_references
from coach.store.raw import RawStore
from coach.store.sqlstore import SqlStore
from coach.store.tables.billing import billing_accounts
from coach.store.tables.columns import metadata

log = logging.getLogger(__name__)

BATCH = 200
"""Rows per statement: either engine takes milliseconds for a statement, hardly more for each row."""
_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class TableCopied:
    """One table as it stands on both sides."""

    table: str
    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """What was moved; addresses are shown without passwords."""

    source: str
    target: str
    version: str
    tables: list[TableCopied]


def transfer(source: str, target: str, tell: Callable[[str], None] = log.info) -> Transferred:
    """Copies every row of `source` into `target`, which must be empty; all or nothing. What is sealed stays so.

    Args:
        source: database URL; it stays as it is.
        target: database URL; its tables are made.
        tell: hears the name of each table that begins.

    Raises:
        StoreBusyError: one of them is held by another process.
        StoreError: the source is behind, has dangling references, the target is not empty, or what was read back
            differs; the target has no rows then.
    """
    assert billing_accounts.name in metadata.tables
    with RawStore(source) as old, RawStore(target) as new:
        _require_ready(old, new)
        reading = _reading(old)
        try:
            tables = new.run(lambda ours: _copy_all(reading, ours, old.database.where, tell))
        finally:
            reading.dispose()
        return Transferred(old.database.where, new.database.where, schema.head(), tables)


def in_order() -> list[sa.Table]:
    """All tables that are kept, those that are referred to first; who serves at the moment is not."""
    graph: dict[str, set[str]] = {}
    for table in metadata.tables.values():
        if table.info.get("of_the_moment"):
            continue
        targets = {str(c.info["target"]).split(".")[0] for c in table.columns if c.info.get("target")}
        graph[table.name] = targets - {table.name}
    return [metadata.tables[name] for name in TopologicalSorter(graph).static_order()]


def checksum(rows: Iterable[tuple[Any, ...]]) -> tuple[int, str]:
    """How many rows, and their checksum in whichever order they come."""
    count = total = 0
    for row in rows:
        digest = hashlib.sha256(json.dumps([_canonical(value) for value in row], sort_keys=True).encode()).digest()
        count, total = count + 1, (total + int.from_bytes(digest[:16], "big")) % _MODULUS
    return count, f"{total:032x}"


def _canonical(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value


def _require_ready(old: SqlStore, new: SqlStore) -> None:
    where, version = old.database.where, old.version()
    if where == new.database.where:
        raise StoreError("FROM and TO are the same database.", mend="Give another one as TO.")
    if version is None:
        raise StoreError(f"There is nothing to copy in {where}.", mend="Look at FROM.")
    if version != schema.head():
        raise StoreError(
            f"{where} is at version {version} of {schema.head()}.",
            mend="Bring it to this program's version first: `python -m coach db upgrade` with COACH_DATABASE_URL.",
        )
    new.upgrade()
    filled = new.run(_filled)
    if filled:
        raise StoreError(
            f"{new.database.where} is not empty ({', '.join(filled)}); nothing was copied.", mend="Give an empty one."
        )


def _filled(connection: sa.Connection) -> list[str]:
    return [t.name for t in in_order() if connection.execute(sa.select(sa.literal(1)).select_from(t).limit(1)).first()]


def _reading(old: SqlStore) -> sa.Engine:
    """A reader of the source as it is at one moment."""
    if old.database.path is None:
        return sa.create_engine(old.database.url, isolation_level="REPEATABLE READ")
    copy = sa.URL.create("duckdb", database=str(old.back_up()))
    engine = sa.create_engine(copy, connect_args={"read_only": True})
    sa.event.listen(engine, "connect", prepare_duckdb)
    return engine


def _require_whole(connection: sa.Connection, where: str) -> None:
    if found := dangling_references(connection):
        raise StoreError(
            f"{where} has rows that refer to nothing: {found}; nothing was copied.",
            mend="Take a copy back from before (`python -m coach db restore`) or delete those sessions.",
        )


def _copy_all(reading: sa.Engine, target: sa.Connection, where: str, tell: Callable[[str], None]) -> list[TableCopied]:
    """Everything inside the target's transaction, on its store's thread: nobody closes the file meanwhile."""
    with reading.connect() as source:
        _require_whole(source, where)
        return [_copy_table(source, target, table, tell) for table in in_order()]


def _copy_table(
    source: sa.Connection, target: sa.Connection, table: sa.Table, tell: Callable[[str], None]
) -> TableCopied:
    tell(table.name)
    itself = [c.name for c in table.columns if str(c.info.get("target", "")).split(".")[0] == table.name]
    found = _rows(source, table)
    while rows := list(islice(found, BATCH)):
        plain = [dict(zip(table.columns.keys(), row, strict=True)) for row in rows]
        target.execute(sa.insert(table).values([row | dict.fromkeys(itself) for row in plain]))
    for name in itself:  # a row may refer to one that came after it
        filled = sa.select(table.c.id, table.c[name]).where(table.c[name].is_not(None))
        for row_id, value in source.execute(filled).all():
            target.execute(sa.update(table).where(table.c.id == row_id).values({name: value}))
    before, after = checksum(_rows(source, table)), checksum(_rows(target, table))
    if before != after:
        raise StoreError(f"{table.name} reads back differently ({before[0]} rows, {after[0]} read); nothing is kept.")
    return TableCopied(table.name, *after)


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[tuple[Any, ...]]:
    result = connection.execute(sa.select(table).execution_options(yield_per=BATCH))
    for row in result:
        yield tuple(row)
