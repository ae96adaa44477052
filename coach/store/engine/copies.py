"""Copies of the DuckDB file beside their checksums: naming, keeping the newest, telling a whole one from a damaged."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

BACKUPS_KEPT = 5
BACKUP_EVERY = timedelta(hours=24)
_STAMP = "%Y%m%dT%H%M%S%f"


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


def keep_copy(
    database: Path, write: Callable[[Path], None], *, now: datetime | None = None, kept: int = BACKUPS_KEPT
) -> Path:
    """Has a copy written beside its checksum, atomically; keeps the newest `kept`.

    Args:
        database: the file copied.
        write: writes the copy's bytes to the path it is given, synced to disk.
        now: when; a clock that went back never makes a copy older than those there.
        kept: how many copies remain.

    Raises:
        OSError, duckdb.Error: the copy could not be written; older ones are untouched.
    """
    target_dir = folder(database)
    target_dir.mkdir(exist_ok=True, mode=0o700)
    moment = now or datetime.now(UTC)
    if older := _copies(database):
        moment = max(moment, _made_at(older[-1]) + timedelta(microseconds=1))
    target = target_dir / f"{database.stem}-{moment.strftime(_STAMP)}.duckdb"
    draft = target.with_suffix(".draft")
    try:
        write(draft)
        _write_private(_checksum_file(target), _digest(draft))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    for old in _copies(database)[:-kept]:
        drop(old)
    return target


def is_due(database: Path, *, now: datetime | None = None, every: timedelta = BACKUP_EVERY) -> bool:
    """Whether the database changed since its last copy and that is `every` old or more (or from the future)."""
    made = _copies(database)
    if not database.exists() or every <= timedelta(0):
        return False
    if not made:
        return True
    wal = database.with_name(database.name + ".wal")
    changed = max(path.stat().st_mtime for path in (database, wal) if path.exists())
    age = (now or datetime.now(UTC)) - _made_at(made[-1])
    return changed > made[-1].stat().st_mtime and (age >= every or age < timedelta(0))


def backups(database: Path) -> list[Backup]:
    """All copies, oldest first, each checked against its checksum."""
    return [describe(path) for path in _copies(database)]


def describe(path: Path) -> Backup:
    """One copy and whether it is intact."""
    checksum = _checksum_file(path)
    intact = checksum.exists() and checksum.read_text().strip() == _digest(path)
    return Backup(path, _made_at(path), path.stat().st_size, intact)


def has_checksum(path: Path) -> bool:
    """Whether a checksum was kept beside the copy."""
    return _checksum_file(path).exists()


def drop(path: Path) -> None:
    """Takes one copy away."""
    path.unlink(missing_ok=True)
    _checksum_file(path).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Forces a closed file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _copies(database: Path) -> list[Path]:
    return sorted(folder(database).glob(f"{database.stem}-*.duckdb"))


def _made_at(path: Path) -> datetime:
    """When a copy was made, by its name; by the file's time where somebody renamed it."""
    try:
        return datetime.strptime(path.stem.rpartition("-")[2], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _checksum_file(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
