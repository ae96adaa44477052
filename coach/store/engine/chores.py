"""What is done to the DuckDB file as a whole: copying it, taking a copy back, rewriting it without what was deleted."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from coach.errors import NotFoundError, StoreError
from coach.store.engine import copies, schema
from coach.store.engine.copies import BACKUPS_KEPT, Backup
from coach.store.engine.engine import Database


@dataclass(frozen=True, slots=True)
class Restored:
    """Which copy stands now, its migration, and where the file that stood before was put (empty: there was none)."""

    copy: str
    made_at: datetime
    version: str
    checked: bool
    set_aside: str


def back_up(database: Database, *, kept: int = BACKUPS_KEPT, now: datetime | None = None) -> Path:
    """Makes a checksummed copy of the open file without letting go of it.

    Raises:
        StoreError: it could not be written; older copies are untouched.
    """
    assert database.path is not None
    database.engine()
    return copies.keep_copy(database.path, database.copy_to, kept=kept, now=now)


def renew(database: Database) -> None:
    """Replaces all copies by one of the file as it is now, so that none holds what was deleted; the same goes for files
    that were set aside.
    """
    assert database.path is not None
    old = [copy.path for copy in copies.backups(database.path)]
    if old:
        back_up(database)
    for path in old:
        copies.drop(path)
    shutil.rmtree(database.path.parent / "quarantine", ignore_errors=True)


def compact(database: Database) -> None:
    """Rewrites the file: deleted rows leave no bytes behind. Atomic; on any failure the old file stays.

    Raises:
        StoreBusyError: another program took the file.
        StoreError: the disk is full.
    """
    database.engine()
    with database.put_down() as path:
        draft = path.with_name(path.name + ".compact")
        draft.unlink(missing_ok=True)
        try:
            with duckdb.connect() as connection:
                connection.execute(f"ATTACH '{_quoted(path)}' AS old (READ_ONLY)")
                connection.execute(f"ATTACH '{_quoted(draft)}' AS new")
                connection.execute("COPY FROM DATABASE old TO new")
                connection.execute("DETACH new")
                _private(draft)
                draft.replace(path)  # while `old` is still locked: no other program writes into the file that goes
                connection.execute("DETACH old")
        finally:
            draft.unlink(missing_ok=True)
            draft.with_name(draft.name + ".wal").unlink(missing_ok=True)


def restore(database: Database, source: Path | None = None) -> Restored:
    """Takes a copy back; the file that stood before is set aside with its log, so that this can be undone.

    Args:
        database: where to.
        source: the copy; None takes the newest that is intact.

    Raises:
        NotFoundError: there is no copy, or not this one.
        StoreError: it is damaged, or no database of this program; nothing was changed.
        StoreVersionError: newer code made it; nothing was changed.
    """
    assert database.path is not None
    copy = _chosen(database.path, source)
    with database.put_down() as path:
        draft = path.with_name(path.name + ".restoring")
        try:
            version = _unpack(copy.path, draft)
            set_aside = _set_aside(path)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
            draft.with_name(draft.name + ".wal").unlink(missing_ok=True)
    return Restored(str(copy.path), copy.made_at, version, copies.has_checksum(copy.path), set_aside)


def _chosen(path: Path, source: Path | None) -> Backup:
    if source is None:
        whole = [copy for copy in copies.backups(path) if copy.intact]
        if not whole:
            raise NotFoundError(
                f"There is no intact copy in {copies.folder(path)}.", mend="Give a file with --from FILE."
            )
        return whole[-1]
    found = source if source.is_file() else copies.folder(path) / source.name
    if not found.is_file():
        raise NotFoundError(f"There is no copy {source}.", mend=f"Look into {copies.folder(path)}.")
    copy = copies.describe(found)
    if not copy.intact and copies.has_checksum(found):
        raise StoreError(f"The copy {found} is damaged: its checksum is another.", mend="Take another copy.")
    return copy


def _unpack(copy: Path, draft: Path) -> str:
    """Brings the copy, its log included, into one whole file at `draft`; returns its migration."""
    log, draft_log = copy.with_name(copy.name + ".wal"), draft.with_name(draft.name + ".wal")
    draft_log.unlink(missing_ok=True)
    shutil.copyfile(copy, draft)
    if log.exists():
        shutil.copyfile(log, draft_log)
    try:
        with duckdb.connect(str(draft)) as connection:
            found = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        raise StoreError(f"The copy {copy} cannot be read.", mend="Take another copy.") from error
    version = str(found[0]) if found and found[0] else None
    schema.require_known(version, str(copy))
    _private(draft)
    return version or ""


def _set_aside(path: Path) -> str:
    """Moves the file and what belongs to it into `quarantine/`; empty when there was nothing."""
    theirs = [path.with_name(path.name + suffix) for suffix in ("", ".wal", ".wal.seals")]
    if not any(part.exists() for part in theirs):
        return ""
    folder = path.parent / "quarantine" / datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    folder.mkdir(parents=True, mode=0o700)
    for part in theirs:
        if part.exists():
            part.replace(folder / part.name)
    return str(folder / path.name)


def _private(path: Path) -> None:
    path.chmod(0o600)
    copies.sync(path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
