"""`SqlStore`: the conductor's `InterviewStore` on DuckDB or PostgreSQL, and the one door to the database for the rest.

Repositories are modules of plain functions whose first argument is a connection. `store.run(function, …)` calls one in
its own transaction and waits (commands, pages, notebooks); `await store.arun(function, …)` does so on an event loop.
"""

import asyncio
import atexit
import contextlib
import logging
import time
import weakref
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import sqlalchemy as sa

from coach.contracts.asking import asker
from coach.contracts.people import Asker
from coach.errors import CoachError, StoreError
from coach.store.engine import chores, copies, door, neighbour, schema
from coach.store.engine.chores import Restored
from coach.store.engine.engine import LOCK_WAIT_S, Database
from coach.store.engine.orders import Order
from coach.store.engine.troubles import one_line, plain_errors
from coach.store.engine.worker import Worker
from coach.store.fleet.forgetting import tell_to_forget
from coach.store.interview_facts import InterviewFacts
from coach.store.scoping import row_security
from coach.vault import ambient
from coach.vault.keyring import Keyring

P = ParamSpec("P")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

IDLE_S = 1.0
SERVER_THREADS = 4
LOOK_FOR_BACKUP_S = 600.0
FORGET_WITHIN_S = 2.0
"""How long a server is waited for that does not take up a request at its door."""


class SqlStore(InterviewFacts):
    """Durable facts. A method returns only when its transaction is on disk; a failed one leaves nothing behind."""

    def __init__(
        self,
        url: str,
        *,
        idle_s: float = IDLE_S,
        lock_wait_s: float = LOCK_WAIT_S,
        backup_hours: float = copies.BACKUP_EVERY / timedelta(hours=1),
        backups_kept: float = copies.BACKUPS_KEPT,
    ) -> None:
        """Opens nothing yet; the first use does, and brings the tables to the newest version.

        Args:
            url: SQLAlchemy URL, `duckdb:///file` or `postgresql+psycopg://…`.
            idle_s: seconds without work after which a DuckDB file is let go.
            lock_wait_s: seconds a file held by another process is waited for.
            backup_hours: hours after which a DuckDB file that changed is copied; 0 makes no copies by itself.
            backups_kept: how many copies remain.
        """
        self._address = url
        self.database = Database(url, lock_wait_s=lock_wait_s)
        self._backup_every = timedelta(hours=backup_hours)
        self._backups_kept = int(backups_kept)
        self._look_for_backup_at = time.monotonic() + LOOK_FOR_BACKUP_S
        self._ready = False
        self._door: door.Door | None = None
        self._forget: Callable[[str], object] = lambda _: None
        self._worker = Worker(
            threads=1 if self.database.is_duckdb else SERVER_THREADS,
            idle_s=idle_s,
            on_idle=self._let_go,
            after_job=self._look_up,
        )
        atexit.register(_close, weakref.ref(self))

    def run(
        self, function: Callable[Concatenate[sa.Connection, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Calls `function(connection, …)` in one transaction on the store's thread and waits for it.

        Raises:
            StoreBusyError, StoreError: nothing was changed.
        """
        return self._order(Order(function, args, kwargs, asker()))

    async def arun(
        self, function: Callable[Concatenate[sa.Connection, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Like `run`, for coroutines: the event loop goes on meanwhile."""
        order = Order(function, args, kwargs, asker())
        return await self._worker.arun(lambda: cast(Result, self._have_done(order)))

    def upgrade(self) -> tuple[str | None, str]:
        """Brings the tables to the newest version; returns the version before and after."""
        return self._order(Order("upgrade"))

    def version(self) -> str | None:
        """The migration the database is at; None when it is empty. Changes nothing."""
        return self._order(Order("version"))

    def release(self) -> None:
        """Lets go of a DuckDB file now rather than when idle."""
        self._worker.run(self._let_go)

    def forget_leftovers(self, *, copies_too: bool = True) -> None:
        """After a deletion: no byte of it stays in the DuckDB file (or its copies). Nothing to do on a server.

        Raises:
            StoreError: the rows are deleted, but the file could not be rewritten.
        """
        self._order(Order("forget_leftovers", (copies_too,)))

    def back_up(self) -> Path:
        """Copies the DuckDB file beside its checksum now; returns where.

        Raises:
            StoreError: it could not be written, or the database is a server's.
        """
        self._require_file("copied")
        return self._order(Order("back_up"))

    def restore(self, source: Path | None = None) -> Restored:
        """Takes a copy of the DuckDB file back (the newest intact one), see `chores.restore`.

        Raises:
            StoreError: nothing was changed.
        """
        self._require_file("restored")
        return self._order(Order("restore", (source.absolute() if source and source.exists() else source,)))

    def open_door(self) -> None:
        """From now on other processes of this user have their work on the DuckDB file done here while it is held here.

        Where no socket can be made (a folder on a network disk), they wait for the file instead.
        """
        path = self.database.path
        if path is None or self._door is not None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = {"forget": lambda interview_id: self._forget(interview_id) and None}
            self._door = door.Door(path, self._worker.submit, self._for_neighbour, aside)
        except OSError as error:
            log.warning("no door to the database (%s): commands beside this server wait for it", one_line(error))

    def when_deleting(self, forget: Callable[[str], object]) -> None:
        """`forget(interview_id)` is called in any thread when a session is deleted, whichever process deletes it."""
        self._forget = forget

    def forget(self, interview_id: str) -> None:
        """Whoever has this interview in memory lets go of it: this process, and every server on the same database."""
        self._forget(interview_id)
        if self.database.path is None:
            return tell_to_forget(self.run, interview_id)
        order = neighbour.packed_order(Order("forget", (interview_id,)))
        assert order is not None, "ids travel"
        try:
            for reply in neighbour.ask_everybody(self.database.path, order, until=time.monotonic() + FORGET_WITHIN_S):
                reply.unwrap()
        except Exception as error:  # the rows go in any case; the server's own look at them follows
            log.warning("a running server did not let go of a deleted session at once (%s)", type(error).__name__)

    def close(self) -> None:
        """Finishes what is queued and closes the database."""
        door, self._door = self._door, None
        if door is not None:
            door.close()
        self._worker.close()
        try:
            self.database.release()
        except StoreError as error:
            log.warning("the database was not closed cleanly (%s)", one_line(error.__cause__ or error))

    def __enter__(self) -> "SqlStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- on the worker -----------------------------------------------------------------------------------------------

    def _order(self, order: Order) -> Any:
        return self._worker.run(lambda: self._have_done(order))

    def _have_done(self, order: Order) -> object:
        """Carries an order out with the file in one's own hands, or has its holder do it."""
        if self.database.path is None or self._in_hand(order):
            return self._carry_out(order)
        packed = neighbour.packed_order(order)
        with contextlib.closing(self.database.attempts()) as attempts:
            for deadline in attempts:
                if self._in_hand(order):
                    break
                if packed and (reply := neighbour.ask(self.database.path, packed, until=deadline)):
                    return reply.unwrap()
        return self._carry_out(order)

    def _in_hand(self, order: Order) -> bool:
        """Whether the file is open here; one that is to be replaced may be damaged and is not opened."""
        return self.database.take() if order.chore == "restore" else self.database.try_open()

    def _for_neighbour(self, order: Order, begin: Callable[[], None]) -> object:
        if not self._in_hand(order):
            raise door.NotHeldError("The file was given up.")
        begin()
        return self._carry_out(order)

    def _carry_out(self, order: Order) -> Any:
        if isinstance(order.call, str):
            return self._chores[order.call](*order.args, **order.kwargs)
        call = order.call
        return self._transact(lambda connection: call(connection, *order.args, **order.kwargs), order.asked_by)

    @property
    def _chores(self) -> dict[str, Callable[..., object]]:
        """What another process may ask for besides transactions."""
        return {
            "upgrade": self._upgrade,
            "version": self._version,
            "forget_leftovers": self._forget_leftovers,
            "back_up": self._back_up,
            "restore": self._restore,
        }

    def _transact(self, work: Callable[[sa.Connection], Result], asked_by: Asker | None) -> Result:
        if not (self._ready and self.database.is_open):
            self._upgrade()
        try:
            with plain_errors(self.database.where):
                with ambient.in_force(self._keys), row_security.begun(self.database.engine(), asked_by) as connection:
                    outcome = work(connection)
                if self.database.guard:
                    self.database.guard.after_commit()
                return outcome
        except BaseException as error:
            if not (isinstance(error, CoachError) and error.__cause__ is None):
                self._after_failure()
            raise

    @property
    def _keys(self) -> Keyring | None:
        """The keys in force for this database; looked for each time, as another process may have encrypted it."""
        return ambient.over(self._address)

    def _version(self) -> str | None:
        with plain_errors(self.database.where), self.database.engine().connect() as connection:
            return schema.current(connection)

    def _forget_leftovers(self, copies_too: bool) -> None:
        path = self.database.path
        if path is None or not path.exists():
            return
        try:
            with plain_errors(self.database.where):
                chores.compact(self.database)
                if copies_too:
                    chores.renew(self.database)
        except StoreError as error:
            raise StoreError(
                f"The rows are deleted, but {path} could not be rewritten without their traces.",
                mend=error.mend or "Free some space and delete something again.",
            ) from error

    def _back_up(self) -> Path:
        with plain_errors(self.database.where):
            return chores.back_up(self.database, kept=self._backups_kept)

    def _restore(self, source: Path | None) -> Restored:
        restored = chores.restore(self.database, source)
        self._ready = False
        self._upgrade()
        return restored

    def _look_up(self) -> None:
        """Between two jobs: somebody may wait for the file, a copy of a database that never rests may be due."""
        self.database.yield_to_waiter()
        if time.monotonic() >= self._look_for_backup_at and self.database.is_open:
            self._look_for_backup_at = time.monotonic() + LOOK_FOR_BACKUP_S
            self._back_up_when_due()

    def _back_up_when_due(self) -> None:
        path = self.database.path
        if path is None:
            return
        try:
            with plain_errors(self.database.where):
                if copies.is_due(path, every=self._backup_every):
                    self._back_up()
        except StoreError as error:
            log.warning("no copy of the database was made (%s)", one_line(error.__cause__ or error))

    def _let_go(self) -> None:
        if not self.database.in_hand:
            return
        if self.database.is_open:
            self._back_up_when_due()
        try:
            self.database.release()
        except StoreError as error:  # every fact is on disk already; only tidying up failed
            log.warning("the database was not closed cleanly (%s)", one_line(error.__cause__ or error))

    def _after_failure(self) -> None:
        """A DuckDB instance that met a fatal error stays unusable: the next job opens the file anew."""
        if self.database.is_duckdb:
            try:
                self.database.release()
            except Exception:  # the failure that brought us here is the one to tell
                return

    def _upgrade(self) -> tuple[str | None, str]:
        with plain_errors(self.database.where), self.database.engine().begin() as connection:
            before = schema.current(connection)
            schema.require_known(before, self.database.where)
            if before == schema.head():
                row_security.raise_wall(connection)
                self._ready = True
                return before, before
        if before is not None and self.database.path is not None:
            self._back_up()
        keys, engine = ambient.in_force(self._keys), self.database.engine()
        with plain_errors(self.database.where), keys, engine.begin() as connection:
            schema.upgrade_once(connection)
            row_security.raise_wall(connection)
        self._ready = True
        return before, schema.head()

    def _require_file(self, what: str) -> None:
        if self.database.path is None:
            raise StoreError(
                f"A database server is not {what} by this program.",
                mend="Use its own tools (pg_dump, pg_restore), or `python -m coach db copy` into a file.",
            )

    async def aclose(self) -> None:
        """`close` beside an event loop."""
        await asyncio.to_thread(self.close)


def _close(reference: "weakref.ref[SqlStore]") -> None:
    store = reference()
    if store is not None:
        store.close()
