"""Using the database through the process that has its file: the door it opens, and how others knock.

A server opens a door, a Unix socket beside the database that only this user can use. Whoever finds the file held sends
its order there and gets the outcome, instead of waiting for the file: a command beside a loaded server costs the server
one transaction, not closing and opening its database. One order per connection: order, `TAKEN` when it begins, outcome.
What concerns a server's memory rather than the file (`aside`) goes to every door, whoever has the file at the moment.
"""

import contextlib
import logging
import os
import socket
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from coach.errors import StoreError
from coach.store.engine import schema
from coach.store.engine.hold import holder_pid
from coach.store.engine.orders import ForeignMessageError, Order, pack, unpack

log = logging.getLogger(__name__)

TAKEN, NOT_MINE = b"taken", b"not mine"
ANSWER_S = 300.0
"""How long an order that has begun is waited for: rewriting a large file takes minutes."""
WORD_AFTER_S = 3.0
SEND_S = 10.0
_PATH_BYTES = 100
"""Shortest limit of a Unix socket's path (104 on macOS, 108 on Linux) with room for the process number."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an order."""

    outcome: object = None
    error: BaseException | None = None

    def unwrap(self) -> object:
        """The outcome, or its error raised."""
        if self.error is not None:
            raise self.error
        return self.outcome


def door_of(database: Path, pid: int) -> Path:
    """Where process `pid` opens its door to `database`."""
    return database.with_name(f"{database.name}.door-{pid}")


def ask(database: Path, order: bytes, *, until: float) -> Reply | None:
    """Has the holder of `database` carry out a packed order.

    Args:
        database: the DuckDB file.
        order: made by `packed_order`.
        until: monotonic seconds; an order that has not begun by then is called back.

    Returns:
        None when the holder has no door, gave the file up, or did not begin in time: nothing was done.

    Raises:
        StoreError: it had begun and its outcome was not told.
    """
    pid = holder_pid(database)
    return _ask_at(door_of(database, pid), database, order, until) if pid and pid != os.getpid() else None


def ask_everybody(database: Path, order: bytes, *, until: float) -> list[Reply]:
    """Has every other process with a door to `database` carry out a packed order; the outcomes of those that did."""
    doors = set(database.parent.glob(f"{database.name}.door-*")) - {door_of(database, os.getpid())}
    replies = [_ask_at(door, database, order, until) for door in sorted(doors)]
    return [reply for reply in replies if reply is not None]


def somebody_at(database: Path) -> bool:
    """Whether another process has a door to `database` and answers there."""
    for door in set(database.parent.glob(f"{database.name}.door-*")) - {door_of(database, os.getpid())}:
        if connection := dial(door):
            connection.close()
            return True
    return False


def _ask_at(door: Path, database: Path, order: bytes, until: float) -> Reply | None:
    connection = dial(door)
    if connection is None:
        return None
    with connection:
        try:
            connection.send_bytes(order)
            begun = connection.poll(max(0.0, until - time.monotonic())) and connection.recv_bytes() == TAKEN
        except (OSError, EOFError):
            return None
        return _outcome(connection, database) if begun else None


def _outcome(connection: Connection, database: Path) -> Reply:
    try:
        if not connection.poll(WORD_AFTER_S):
            log.warning("The running server is at work on it …")
            if not connection.poll(ANSWER_S):
                raise EOFError
        reply = unpack(connection.recv_bytes())
    except (OSError, EOFError, ForeignMessageError) as error:
        raise StoreError(
            f"The process that holds {database} ended before it said what came of this.",
            mend="Look whether it was stored, then try again.",
        ) from error
    if not isinstance(reply, Reply):
        raise ForeignMessageError("The holder of the database answered something unknown.")
    return reply


def packed_order(order: Order) -> bytes | None:
    """The bytes to `ask` with; None when it cannot travel."""
    return pack((schema.head(), os.getpid(), order))


def dial(path: Path) -> Connection | None:
    """A connection to a door, None where nobody listens."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(1.0)
        with short(path) as address:
            client.connect(address)
        client.settimeout(None)
        return Connection(client.detach())
    except OSError:
        client.close()
        return None


@contextlib.contextmanager
def short(path: Path) -> Any:
    """An address for `path` that fits into a socket's name; long ones go by the folder's descriptor (Linux).

    Yields:
        The address, valid inside the block.

    Raises:
        OSError: the path is too long for this system.
    """
    if len(os.fsencode(path)) <= _PATH_BYTES:
        yield str(path)
        return
    if not sys.platform.startswith("linux"):
        raise OSError("the path is too long for a socket")
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
