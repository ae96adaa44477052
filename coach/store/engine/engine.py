"""One open database: connecting, waiting for a busy file, letting go of it, and errors in plain words.

DuckDB lets one process hold a file. The handle here opens it when work arrives and closes it when idle, so that a
notebook or a command can use the file beside the running app. Who waits says so in a `.waiting` file beside it, and the
holder then lets go after its present piece of work.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from coach.errors import CoachError, StoreBusyError, StoreError
from coach.store.engine.walguard import Damage, WalGuard

log = logging.getLogger(__name__)

LOCK_WAIT_S = 8.0
POLL_S = 0.02
WAITER_FRESH_S = 1.0
HAND_OVER_S = 0.25


def one_line(error: BaseException) -> str:
    """The first line of an error's own words, without parameters or statements."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return (lines[0] if lines else type(cause).__name__)[:300]


def is_lock_conflict(error: BaseException) -> bool:
    """Whether another process holds the DuckDB file."""
    return "Could not set lock on file" in str(error) or "used by another process" in str(error)


@contextlib.contextmanager
def plain_errors(where: str) -> Iterator[None]:
    """Turns every database or disk failure into one `StoreError` line; nothing was half-written."""
    try:
        yield
    except CoachError:
        raise
    except (SQLAlchemyError, duckdb.Error, OSError) as error:
        raise translate(error, where) from error


def translate(error: BaseException, where: str) -> StoreError:
    """The `StoreError` that says in one line what is wrong with the database at `where`, and the mend."""
    words = one_line(error)
    low = words.lower()
    if is_lock_conflict(error):
        return StoreBusyError(
            f"The database {where} is held by another process.",
            mend="Close the program that holds it (a notebook, another server) and try again.",
        )
    if "no space left" in low or "disk quota" in low or "file too large" in low or "out of disk" in low:
        return StoreError(
            f"The disk with {where} is full; the last change was not stored.", mend="Free some space and try again."
        )
    if "permission denied" in low or "read-only" in low or "not permitted" in low:
        return unwritable(where)
    if "not a valid duckdb" in low:
        return StoreError(f"{where} is not a Job Foxy database.", mend="Set COACH_HOME or COACH_DATABASE_URL right.")
    return StoreError(f"The database {where} failed: {words}.", mend="Run `python -m coach doctor`.")


def unwritable(where: str) -> StoreError:
    """The error that says `where` cannot be written."""
    mend = "Give this user the right to write there, or set COACH_HOME to another folder."
    return StoreError(f"{where} cannot be written.", mend=mend)


class Database:
    """Opens, holds and releases one database; called from the worker alone (DuckDB: one thread, one connection)."""

    def __init__(self, url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        """`lock_wait_s` is how long a file held by another process is waited for."""
        try:
            self.url = sa.make_url(url)
        except SQLAlchemyError as error:
            raise StoreError(
                "COACH_DATABASE_URL is not a database URL.", mend="Give duckdb:///… or postgresql+psycopg://…"
            ) from error
        self.lock_wait_s = lock_wait_s
        self.is_duckdb = self.url.get_backend_name() == "duckdb"
        self.path = Path(self.url.database or "") if self.is_duckdb else None
        self.where = str(self.path) if self.path else self.url.render_as_string(hide_password=True)
        self.guard = WalGuard(self.path) if self.path else None
        self.damage: Damage | None = None
        self._engine: sa.Engine | None = None
        self._opening = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the file (or pool) is held at the moment."""
        return self._engine is not None

    def engine(self) -> sa.Engine:
        """The engine, opened now when it is not.

        Raises:
            StoreBusyError: another process kept the file for longer than `lock_wait_s`.
            StoreError: it cannot be opened.
        """
        with self._opening:
            if self._engine is None:
                with plain_errors(self.where):
                    self._engine = self._open_duckdb() if self.is_duckdb else self._open_server()
            return self._engine

    def release(self) -> None:
        """Closes the file (which also writes its log into it) or the pool."""
        engine, self._engine = self._engine, None
        if engine is not None:
            with plain_errors(self.where):
                engine.dispose()
                if self.guard:
                    self.guard.close()

    def yield_to_waiter(self) -> None:
        """Lets go of the file for a moment when another process waits for it."""
        if self.path is None or self._engine is None or not self._someone_waits():
            return
        self.release()
        deadline = time.monotonic() + HAND_OVER_S
        while self._waiting.exists() and time.monotonic() < deadline:
            time.sleep(POLL_S)

    @property
    def _waiting(self) -> Path:
        assert self.path is not None
        return self.path.with_name(self.path.name + ".waiting")

    def _someone_waits(self) -> bool:
        try:
            return time.time() - self._waiting.stat().st_mtime < WAITER_FRESH_S
        except OSError:
            return False

    def _open_server(self) -> sa.Engine:
        engine = sa.create_engine(self.url, pool_size=4, max_overflow=4, pool_pre_ping=True, pool_timeout=10)
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
        return engine

    def _open_duckdb(self) -> sa.Engine:
        assert self.path is not None
        self._require_folder()
        engine = sa.create_engine(self.url, poolclass=StaticPool)
        sa.event.listen(engine, "connect", _prepare_duckdb)
        # duckdb-engine leaves the cache of compiled statements off; with it a read by key takes 40 % less CPU.
        engine.dialect._supports_statement_cache = True
        self.patiently(lambda: self._connect_duckdb(engine))
        return engine

    def _connect_duckdb(self, engine: sa.Engine) -> None:
        """Opens the file; a log that is damaged is set aside first, what is whole of it is kept.

        A file that is empty was begun on a full disk and holds nothing: it goes, so that the next start finds none.
        """
        assert self.guard is not None
        self.damage = self.guard.before_open() or self.damage
        try:
            engine.connect().close()
        except (DBAPIError, duckdb.Error) as error:
            if is_lock_conflict(error):
                raise
            if self._drop_empty() and "not a valid" in str(error):
                log.warning("an empty database file was begun anew")
            elif "WAL" in str(error):
                self.damage = Damage(0, 0, self.guard.set_aside())
                log.error("the database log cannot be read and was set aside in %s", self.damage.quarantine)
                self.guard.drop_log()
            else:
                raise
            engine.connect().close()
        self.guard.after_open()

    def _drop_empty(self) -> bool:
        assert self.path is not None
        if not self.path.is_file() or self.path.stat().st_size:
            return False
        self.path.unlink()
        return True

    def patiently(self, action: Callable[[], None]) -> None:
        """Repeats `action` while another process holds the file, for at most `lock_wait_s`."""
        deadline = time.monotonic() + self.lock_wait_s
        waited = False
        try:
            while True:
                try:
                    return action()
                except (DBAPIError, duckdb.Error) as error:
                    if not is_lock_conflict(error) or time.monotonic() >= deadline:
                        raise
                waited = self._ask_for_it()
                time.sleep(POLL_S)
        finally:
            if waited:
                self._waiting.unlink(missing_ok=True)

    def _require_folder(self) -> None:
        """A full disk shows at the first write; a folder that cannot be made, or a file in its place, shows here."""
        assert self.path is not None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(str(self.path.parent)) from error
        if self.path.is_dir():
            raise unwritable(self.where)

    def _ask_for_it(self) -> bool:
        with contextlib.suppress(OSError):
            self._waiting.touch()
        return True


def _prepare_duckdb(connection: object, _record: object) -> None:
    """Times in UTC; two threads are plenty; no download of extensions behind the person's back."""
    run = connection.execute  # type: ignore[attr-defined]
    run("SET TimeZone = 'UTC'")
    run("SET threads = 2")
    run("SET autoinstall_known_extensions = false")
