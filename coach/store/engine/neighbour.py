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
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from coach.errors import CoachError, StoreError
from coach.store.engine import schema
from coach.store.engine.hold import holder_pid
from coach.store.engine.orders import ForeignMessageError, Order, on_behalf, pack, unpack

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

    outcome: Any = None
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


def _ask_at(door: Path, database: Path, order: bytes, until: float) -> Reply | None:
    connection = _dial(door)
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


def _dial(path: Path) -> Connection | None:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.settimeout(1.0)
        with _short(path) as address:
            client.connect(address)
        client.settimeout(None)
        return Connection(client.detach())
    except OSError:
        client.close()
        return None


@contextlib.contextmanager
def _short(path: Path) -> Any:
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


class Door:
    """Listens for the orders of neighbours and has them carried out in turn with one's own."""

    def __init__(
        self,
        database: Path,
        submit: Callable[[Callable[[], Any]], "Future[Any]"],
        carry_out: Any,
        aside: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Opens it.

        Args:
            database: the DuckDB file.
            submit: queues work on the store's thread.
            carry_out: `(order, begin)`; calls `begin()` once the file is in hand, returns the outcome; raises
                `NotHeldError` when the file cannot be had at once.
            aside: chores that need neither file nor turn; called in a thread of their own.

        Raises:
            OSError: no socket can be made there.
        """
        self._path = door_of(database, os.getpid())
        self._submit, self._carry_out, self._aside = submit, carry_out, aside or {}
        _clear_doors_of_the_dead(database)
        self._path.unlink(missing_ok=True)
        with _short(self._path) as address:
            self._server = _Server(address, self._serve)
            self._server.server_bind()
        self._path.chmod(0o600)
        self._server.server_activate()  # only from here on anybody can connect
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="store-door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Takes no more orders; those taken are finished."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)

    def _serve(self, client: socket.socket) -> None:
        if _foreign_user(client):
            log.error("somebody else knocked at the database's door and was sent away")
            return
        with Connection(os.dup(client.fileno())) as connection, contextlib.suppress(OSError, EOFError):
            head, pid, order = self._read(connection)
            if head != schema.head():  # another version of this program: it takes the file itself, and is told why
                connection.send_bytes(NOT_MINE)
                return
            self._answer(connection, self._begun(order, pid, lambda: connection.send_bytes(TAKEN)))

    def _begun(self, order: Order, pid: int, begin: Callable[[], None]) -> "Future[Any]":
        aside = self._aside.get(order.chore)
        if aside is None:
            return self._submit(lambda: on_behalf(pid, lambda: self._carry_out(order, begin)))
        begin()
        future: Future[Any] = Future()
        try:
            future.set_result(aside(*order.args, **order.kwargs))
        except Exception as error:  # handed to the neighbour, whatever it is
            future.set_exception(error)
        return future

    def _read(self, connection: Connection) -> tuple[str, int, Order]:
        if not connection.poll(SEND_S):
            raise EOFError
        head, pid, order = unpack(connection.recv_bytes())
        if not (isinstance(pid, int) and isinstance(order, Order)):
            raise EOFError
        return head, pid, order

    def _answer(self, connection: Connection, future: "Future[Any]") -> None:
        try:
            reply = Reply(future.result())
        except NotHeldError:
            connection.send_bytes(NOT_MINE)
            return
        except (BrokenPipeError, ConnectionResetError):
            return  # whoever knocked has gone; nothing was done
        except BaseException as error:  # handed to the neighbour, whatever it is
            reply = Reply(error=error if pack(error) else _told(error))
        lost = Reply(error=StoreError("It is stored, but what came of it cannot be sent to another process."))
        connection.send_bytes(pack(reply) or pack(lost) or b"")


class NotHeldError(StoreError):
    """The file was given up in the meantime; the order was not begun."""

    code = "STORE_NOT_HELD"


def _told(error: BaseException) -> BaseException:
    if isinstance(error, CoachError):
        return StoreError(error.message, mend=error.mend)
    return StoreError(f"The database failed on the other side ({type(error).__name__}).")


def _foreign_user(client: socket.socket) -> bool:
    """Whether the other end belongs to another user (Linux; elsewhere the socket's mode alone decides)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return False
    _, uid, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return uid not in (os.geteuid(), 0)


def _clear_doors_of_the_dead(database: Path) -> None:
    for path in database.parent.glob(f"{database.name}.door-*"):
        connection = _dial(path)
        if connection is None:
            path.unlink(missing_ok=True)
        else:
            connection.close()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One daemon thread per neighbour."""

    daemon_threads = True
    block_on_close = True
    request_queue_size = 64

    def __init__(self, address: str, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        super().__init__(address, socketserver.BaseRequestHandler, bind_and_activate=False)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._serve(request)

    def handle_error(self, request: object, client_address: object) -> None:
        log.warning("an order through the database's door failed", exc_info=sys.exc_info()[1])
