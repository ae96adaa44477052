"""Work that one process does at a time: an advisory lock of PostgreSQL, or a locked file beside a DuckDB database."""

import contextlib
import zlib
from collections.abc import Iterator

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from coach.store.engine.engine import Database
from coach.store.engine.troubles import plain_errors

CLASS = 0x4A47
"""First number of these locks; `coach.store.fleet.leases` has those of processes."""
_LOCK = sa.text("SELECT pg_try_advisory_lock(:class, :number)")
_UNLOCK = sa.text("SELECT pg_advisory_unlock(:class, :number)")


def _keys(work: str) -> dict[str, int]:
    return {"class": CLASS, "number": zlib.crc32(work.encode()) & 0x7FFFFFFF}


@contextlib.contextmanager
def alone(database: Database, work: str) -> Iterator[bool]:
    """Whether this process may do `work` now; no other may until the block ends, or the process does.

    Raises:
        StoreError: the database cannot be had.
    """
    if database.path is not None:
        with _by_file(database, work) as mine:
            yield mine
        return
    with plain_errors(database.where):
        connection = database.engine().connect().execution_options(isolation_level="AUTOCOMMIT")
    with connection:
        with plain_errors(database.where):
            mine = bool(connection.execute(_LOCK, _keys(work)).scalar())
        try:
            yield mine
        finally:
            if mine:
                with contextlib.suppress(SQLAlchemyError):  # a connection that was cut has no lock any more
                    connection.execute(_UNLOCK, _keys(work))


@contextlib.contextmanager
def _by_file(database: Database, work: str) -> Iterator[bool]:
    assert database.path is not None
    with plain_errors(database.where):
        database.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(database.path.with_name(f"{database.path.name}.{work}.lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
