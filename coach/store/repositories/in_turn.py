"""What is looked at and then written, by one transaction at a time: two that look at once would both write.

On PostgreSQL an advisory lock of the transaction, so that nothing has to be in the table yet; DuckDB has one writer.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

import zlib

import sqlalchemy as sa

from coach.contracts.asking import asking

CLASS = 0x4A48
"""First number of these locks; `coach.store.engine.alone` has the one before."""
_LOCK = sa.text("SELECT pg_advisory_xact_lock(:class, :number)")


def in_turn(connection: sa.Connection, what: str) -> None:
    """Waits until no other transaction is at `what`; none is from now on until this one ends.

    Two names that share a number (31 bits) wait for each other without need. A transaction asks for one name; only who
    takes a role asks for a second one, of consents, which are always asked for last: nobody waits in a ring.
    """
    if connection.dialect.name == "postgresql":
        with asking(None):
            connection.execute(_LOCK, {"class": CLASS, "number": zlib.crc32(what.encode()) & 0x7FFFFFFF})
