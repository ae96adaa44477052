"""Copies of the DuckDB file with checksums, and rewriting it so that what was deleted is really gone."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

BACKUPS_KEPT = 5
BACKUP_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy; `intact` says whether it still has the checksum it was made with."""

    path: Path
    made_at: datetime
    size_bytes: int
    intact: bool


def folder(database: Path) -> Path:
    """Where the copies of `database` lie."""
    return database.parent / "backups"


def back_up(database: Path, *, now: datetime | None = None) -> Path:
    """Copies the closed file beside a checksum, atomically; keeps the newest five.

    Raises:
        duckdb.Error: another connection holds the file.
        OSError: the copy could not be written; older ones are untouched.
    """
    target_dir = folder(database)
    target_dir.mkdir(exist_ok=True)
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S%f")
    target = target_dir / f"{database.stem}-{stamp}.duckdb"
    draft = target.with_suffix(".draft")
    try:
        with duckdb.connect(str(database), read_only=True):  # its lock keeps writers out while the bytes are copied
            shutil.copyfile(database, draft)
        _sync(draft)
        _checksum_file(target).write_text(_digest(draft))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    for old in _copies(database)[:-BACKUPS_KEPT]:
        _drop(old)
    return target


def is_due(database: Path, *, now: datetime | None = None) -> bool:
    """Whether the file changed since its last copy and that is a day old or more."""
    copies = _copies(database)
    if not database.exists():
        return False
    if not copies:
        return True
    made, changed = copies[-1].stat().st_mtime, database.stat().st_mtime
    return changed > made and (now or datetime.now(UTC)).timestamp() - made >= BACKUP_EVERY.total_seconds()


def backups(database: Path) -> list[Backup]:
    """All copies, oldest first, each checked against its checksum."""
    return [_describe(path) for path in _copies(database)]


def renew(database: Path) -> None:
    """Replaces all copies by one of the file as it is now, so that none holds what was deleted; the same goes for files
    that were set aside.
    """
    old = _copies(database)
    if old:
        back_up(database)
    for path in old:
        _drop(path)
    shutil.rmtree(database.parent / "quarantine", ignore_errors=True)


def compact(database: Path) -> None:
    """Rewrites the closed file: deleted rows leave no bytes behind. Atomic; on any failure the old file stays.

    Raises:
        duckdb.Error: another process took the file, or the disk is full.
    """
    draft = database.with_name(database.name + ".compact")
    draft.unlink(missing_ok=True)
    try:
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{_quoted(database)}' AS old (READ_ONLY)")
            connection.execute(f"ATTACH '{_quoted(draft)}' AS new")
            connection.execute("COPY FROM DATABASE old TO new")
            connection.execute("DETACH new")
            _sync(draft)
            draft.replace(database)  # while `old` is still locked: nobody writes into the file that goes
            connection.execute("DETACH old")
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(draft.name + ".wal").unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _copies(database: Path) -> list[Path]:
    return sorted(folder(database).glob(f"{database.stem}-*.duckdb"))


def _describe(path: Path) -> Backup:
    stat, checksum = path.stat(), _checksum_file(path)
    intact = checksum.exists() and checksum.read_text().strip() == _digest(path)
    return Backup(path, datetime.fromtimestamp(stat.st_mtime, UTC), stat.st_size, intact)


def _checksum_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)
    _checksum_file(path).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
