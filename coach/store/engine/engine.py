"""One open database: connecting, having the file or not having it, and letting go of it.

DuckDB lets one process hold a file. The handle here opens it when work arrives and closes it when idle. Who wants the
file while another process has it asks that process through its door (`neighbour`); where there is none, a `.waiting`
file beside it says so, and the holder lets go after its present piece of work.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import duckdb
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from coach.errors import StoreBusyError, StoreError
from coach.store.engine.hold import HEADER_BYTES, FileHold, busy, holder_pid
from coach.store.engine.troubles import damaged, is_lock_conflict, plain_errors, unwritable
from coach.store.engine.walguard import Damage, WalGuard
from coach.store.scoping import wall

log = logging.getLogger(__name__)

LOCK_WAIT_S = 4.5
"""Who cannot have the file is told within five seconds."""
POLL_S = 0.02
WAITER_FRESH_S = 1.0
HAND_OVER_S = 0.25


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
        self.damage: Damage | None = None
        self.guard: WalGuard | None = None
        self._hold: FileHold | None = None
        self._engine: sa.Engine | None = None
        self._opening = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the file (or pool) is held at the moment."""
        return self._engine is not None

    @property
    def in_hand(self) -> bool:
        """Whether other processes cannot have the file at the moment, open or not."""
        return self._hold is not None

    def engine(self) -> sa.Engine:
        """The engine, opened now when it is not.

        Raises:
            StoreBusyError: another process kept the file for longer than `lock_wait_s`.
            StoreError: it cannot be opened.
        """
        with contextlib.closing(self.attempts()) as attempts:
            for _ in attempts:
                if self.try_open():
                    break
        assert self._engine is not None
        return self._engine

    def try_open(self) -> bool:
        """Opens the database when it is not; False while another process has the file.

        Raises:
            StoreError: it cannot be opened.
        """
        with self._opening, plain_errors(self.where):
            if self._engine is None:
                self._engine = self._open_duckdb() if self.is_duckdb else self._open_server()
                if self._engine is not None:
                    wall.build(self._engine)
            return self._engine is not None

    def attempts(self) -> Generator[float, None, None]:
        """One turn after another until somebody stops asking, for at most `lock_wait_s`, with a word to the holder.

        Yields:
            When it ends (monotonic seconds). Close the generator when it is not asked any more.

        Raises:
            StoreBusyError: the time is over.
        """
        deadline = time.monotonic() + self.lock_wait_s
        waited = False
        try:
            while True:
                yield deadline
                if time.monotonic() >= deadline:
                    raise self._busy()
                waited = self._ask_for_it()
                time.sleep(POLL_S)
        finally:
            if waited and self.path is not None:
                self._waiting.unlink(missing_ok=True)

    def shut(self) -> None:
        """Closes the file (which also writes its log into it) but keeps the right to it: nobody else gets it."""
        engine, self._engine = self._engine, None
        if engine is not None:
            with plain_errors(self.where):
                engine.dispose()
        if self.guard:
            self.guard.close()
            self.guard = None

    def release(self) -> None:
        """Closes the file or the pool and lets others have it."""
        try:
            self.shut()
        finally:
            hold, self._hold = self._hold, None
            if hold is not None:
                hold.release()

    @contextlib.contextmanager
    def put_down(self) -> Iterator[Path]:
        """The DuckDB file, closed, for who rewrites or replaces it; no process of ours can have it meanwhile.

        Yields:
            Where it is, or should be.

        Raises:
            StoreBusyError: another process has it.
        """
        assert self.path is not None
        self.shut()
        with plain_errors(self.where):
            with contextlib.closing(self.attempts()) as attempts:
                for _ in attempts:
                    if self.take():
                        break
            yield self.path

    def take(self) -> bool:
        """The right to the file, which stays closed when it is; False while another process has it."""
        assert self.path is not None
        if self._engine is not None:
            return True
        self._require_folder()
        self._hold = self._hold or FileHold.acquire(self.path)
        if self._hold is None:
            return False
        try:
            self._hold.look()
        except StoreBusyError:
            return False
        return self._hold.shut()

    def copy_to(self, target: Path) -> None:
        """Writes a copy of the open DuckDB file, its log included, without letting go of it.

        Raises:
            StoreError: the copy could not be written.
        """
        engine = self.engine()
        assert self._hold is not None
        with plain_errors(self.where):
            for _ in range(3):
                with engine.connect() as connection:
                    connection.execute(sa.text("CHECKPOINT"))
                before = self._hold.read(HEADER_BYTES, 0)
                self._hold.copy_to(target)
                if before == self._hold.read(HEADER_BYTES, 0):
                    return
        raise StoreError(f"The database {self.where} changed while it was copied.", mend="Try again.")

    def yield_to_waiter(self) -> None:
        """Lets go of the file for a moment when another process waits for it."""
        if self._hold is None or not self._someone_waits():
            return
        self.release()
        deadline = time.monotonic() + HAND_OVER_S
        while self._waiting.exists() and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _busy(self) -> StoreBusyError:
        assert self.path is not None
        pid = holder_pid(self.path)
        return busy(self.path, f"process {pid}" if pid else "")

    @property
    def _wal(self) -> Path:
        assert self.path is not None
        return self.path.with_name(self.path.name + ".wal")

    @property
    def _waiting(self) -> Path:
        assert self.path is not None
        return self.path.with_name(self.path.name + ".waiting")

    def _someone_waits(self) -> bool:
        """Fresh by the file system's clock against ours; one from the future was left by a clock that went back."""
        try:
            return abs(time.time() - self._waiting.stat().st_mtime) < WAITER_FRESH_S
        except OSError:
            return False

    def _open_server(self) -> sa.Engine:
        engine = sa.create_engine(self.url, pool_size=4, max_overflow=4, pool_pre_ping=True, pool_timeout=10)
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
        return engine

    def _open_duckdb(self) -> sa.Engine | None:
        """The engine with its file held; None while another process has it."""
        assert self.path is not None
        self._require_folder()
        self._hold = self._hold or FileHold.acquire(self.path)
        if self._hold is None:
            return None
        # Who begins a transaction ends it: the pool's rollback behind that would only be refused, in 0.4 ms.
        engine = sa.create_engine(self.url, poolclass=StaticPool, pool_reset_on_return=None)
        try:
            sa.event.listen(engine, "connect", prepare_duckdb)
            # duckdb-engine leaves the cache of compiled statements off; with it a read by key takes 40 % less CPU.
            engine.dialect._supports_statement_cache = True
            self._connect_duckdb(engine)
        except BaseException as error:
            engine.dispose()
            hold, self._hold, self.guard = self._hold, None, None
            hold.release()
            if isinstance(error, StoreBusyError) or is_lock_conflict(error):
                return None
            raise
        return engine

    def _connect_duckdb(self, engine: sa.Engine) -> None:
        """Opens the file; a log that is damaged is set aside first, what is whole of it is kept."""
        assert self._hold is not None
        self._require_content()
        closed_well = not self._wal.exists()
        guard = None if self._hold.looking else WalGuard(self._hold)
        self._hold.look()
        if guard:
            self.damage = guard.before_open() or self.damage
        try:
            engine.connect().close()
        except (DBAPIError, duckdb.Error) as error:
            if is_lock_conflict(error) or "WAL" not in str(error) or guard is None:
                raise
            self.damage = Damage(0, 0, guard.set_aside())
            log.error("the database log cannot be read and was set aside in %s", self.damage.quarantine)
            guard.drop_log()
            engine.connect().close()
        if closed_well:
            self._require_length(engine)
        self._hold.look()
        if guard:
            guard.after_open()
        self.guard = guard

    def _require_length(self, engine: sa.Engine) -> None:
        """A file with less room than its blocks in use was cut short; DuckDB tells it where it first misses one.

        Its header may count free blocks at the end that the file has no more, so those are not asked for.
        """
        assert self.path is not None
        with engine.connect() as connection:
            blocks, size = connection.exec_driver_sql(
                "SELECT used_blocks, block_size FROM pragma_database_size() LIMIT 1"
            ).one()
        length = self.path.stat().st_size
        if length < (least := HEADER_BYTES + blocks * size):
            words = f"it is cut short ({length} of at least {least} bytes)"
            mend = "Take a copy of your own back: `python -m coach db restore --from FILE`."
            raise damaged(self.path, words) or StoreError(f"The database {self.where} is damaged: {words}.", mend=mend)

    def _require_content(self) -> None:
        """A missing or empty file beside whole copies is told, not begun anew; without them it was never written to.

        Raises:
            DamagedDatabaseError: naming the copy to take back.
        """
        assert self.path is not None
        there = self.path.exists()
        if there and self.path.stat().st_size:
            return
        if trouble := damaged(self.path, "it is empty (0 bytes)" if there else "it is missing"):
            raise trouble
        if there:
            self.path.unlink()
            log.warning("an empty database file was begun anew")

    def _require_folder(self) -> None:
        """A full disk shows at the first write; a folder that cannot be made, or a file in its place, shows here."""
        assert self.path is not None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise unwritable(str(self.path.parent)) from error
        if self.path.is_dir():
            raise unwritable(self.where)

    def _ask_for_it(self) -> bool:
        if self.path is None:
            return False
        with contextlib.suppress(OSError):
            self._waiting.touch()
        return True


def prepare_duckdb(connection: object, _record: object) -> None:
    """Times in UTC; two threads are plenty; no download of extensions behind the person's back."""
    run = connection.execute  # type: ignore[attr-defined]
    run("SET TimeZone = 'UTC'")
    run("SET threads = 2")
    run("SET autoinstall_known_extensions = false")
