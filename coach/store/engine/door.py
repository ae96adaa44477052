"""The door of the process that holds the database: others' orders come in here."""

import contextlib
import logging
import os
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from coach.errors import CoachError, StoreError
from coach.store.engine import schema
from coach.store.engine.neighbour import NOT_MINE, SEND_S, TAKEN, Reply, dial, door_of, short
from coach.store.engine.orders import Order, on_behalf, pack, unpack

log = logging.getLogger(__name__)


class Door:
    """Listens for the orders of neighbours and has them carried out in turn with one's own."""

    def __init__(
        self,
        database: Path,
        submit: Callable[[Callable[[], object]], "Future[object]"],
        carry_out: Any,
        aside: Mapping[str, Callable[..., object]] | None = None,
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
        with short(self._path) as address:
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
        future: Future[object] = Future()
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
        connection = dial(path)
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
