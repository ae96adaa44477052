"""The kept connection of one process to PostgreSQL: it LISTENs, and holds the lock by which the process is alive.

Both on one connection, so a process that cannot hear the others is not taken for one that can. A pooler in transaction
mode keeps neither lock nor LISTEN; the database's address has to be a direct one, or a pooler in session mode.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable

import psycopg
import sqlalchemy as sa

from coach.store.fleet import leases
from coach.store.fleet.notices import CHANNEL, Joining, Message

log = logging.getLogger(__name__)

SEEN_EVERY_S = 3.0
TURN_S = 0.25
KEEPALIVES = ("tcp_keepalives_idle = 4", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 3")
"""Seconds, seconds, tries: the server notices within ten seconds that the machine of a process has gone."""
_SEEN = """
    INSERT INTO service_processes (owner, number, host, pid, started_at, seen_at)
    VALUES (%s, %s, %s, %s, now(), now()) ON CONFLICT (owner) DO UPDATE SET seen_at = now()
"""


class FleetLine:
    """On a thread of its own; connects anew after a cut."""

    def __init__(self, url: sa.URL, owner: str, told: Callable[[Message], None], back: Callable[[], None]) -> None:
        """`told` is called with every message, `back` after the line was cut and stands again; both on the thread."""
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._owner, self._told, self._back = owner, told, back
        self._ended, self._up = threading.Event(), threading.Event()
        self._since: float | None = None
        self._thread = threading.Thread(target=self._run, name="fleet-line", daemon=True)

    def start(self, timeout_s: float) -> bool:
        """Begins; whether the line stood within the time. Blocking."""
        self._thread.start()
        return self._up.wait(timeout_s)

    @property
    def stands_s(self) -> float:
        """For how many seconds it has stood without a cut."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def close(self) -> None:
        """Ends the thread; with the connection goes the lock. Blocking."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(20 * TURN_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True, connect_timeout=5) as connection:
                    self._prepare(connection)
                    if self._up.is_set():
                        self._back()
                    self._up.set()
                    self._since = time.monotonic()
                    self._listen(connection)
            except psycopg.Error as error:
                self._since = None
                log.warning("the line to the other processes was cut (%s); trying again", type(error).__name__)
                self._ended.wait(TURN_S)

    def _prepare(self, connection: psycopg.Connection) -> None:
        """Listens, waits for the lock (which a connection of ours that just died may still have), is seen."""
        for setting in KEEPALIVES:
            connection.execute(f"SET {setting}".encode())
        connection.execute(f"LISTEN {CHANNEL}".encode())
        connection.execute("SELECT pg_advisory_lock(%s, %s)", (leases.CLASS, leases.number_of(self._owner)))
        self._seen(connection)

    def _listen(self, connection: psycopg.Connection) -> None:
        joining, seen_at = Joining(), time.monotonic()
        while not self._ended.is_set():
            for notice in connection.notifies(timeout=TURN_S, stop_after=1):
                message = joining.message(notice.payload)
                if message is not None:
                    self._hand_on(message)
            if time.monotonic() - seen_at >= SEEN_EVERY_S:
                self._seen(connection)
                seen_at = time.monotonic()

    def _seen(self, connection: psycopg.Connection) -> None:
        number = leases.number_of(self._owner)
        connection.execute(_SEEN, (self._owner, number, socket.gethostname(), os.getpid()))

    def _hand_on(self, message: Message) -> None:
        try:
            self._told(message)
        except Exception:  # one message that cannot be used must not deafen the process
            log.exception("a notice of another process could not be used")
