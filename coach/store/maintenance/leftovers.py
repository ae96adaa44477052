"""Files nobody would miss: recordings no row knows, recordings in progress whose attempt is gone or long past, drafts.

A recording is on disk before its row says so, and a draft is one for a moment; so nothing younger than a day is judged.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from coach.contracts.interview import new_id
from coach.store.maintenance.retention import RetentionPolicy
from coach.store.repositories import deletions
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import mock_interview_attempts

log = logging.getLogger(__name__)

UNJUDGED = timedelta(hours=24)
_JOURNALS = ("*.pcm", "*.flac", "*.part", ".*.part", "*.used", "*.writer", "*.takes", "*.moved")
_DRAFTS = ("*.compact", "*.compact.wal", "*.restoring", "*.restoring.wal", "backups/*.draft")


class Shelf(Protocol):
    """What `coach.audio.archive.AudioArchive` offers here."""

    def listed(self) -> list[tuple[str, datetime | None]]:
        """Every file in the archive with the time it was last written (None: the place does not say)."""

    def delete(self, uri: str) -> None:
        """Removes one."""

    def in_progress(self) -> dict[str, datetime | None]:
        """The attempts of which parts lie there unfinished, with the time the newest was written."""

    def drop_parts(self, attempt_id: str) -> None:
        """Removes the parts of one."""


def clear_leftovers(store: SqlStore, shelf: Shelf, journal_dir: Path, *, now: datetime, policy: RetentionPolicy) -> int:
    """Removes them; returns how many files went.

    Args:
        store: the database.
        shelf: where sealed recordings lie.
        journal_dir: where recordings in progress lie.
        now: files last written a day before this are judged, journals older than a recording may be go in any case.
        policy: how long recordings are kept.

    Raises:
        StoreError: database or archive cannot be had; what went before stays gone, the next sweep does the rest.
    """
    return clear_shared(store, shelf, now=now, policy=policy) + clear_own(store, journal_dir, now=now, policy=policy)


def clear_shared(store: SqlStore, shelf: Shelf, *, now: datetime, policy: RetentionPolicy) -> int:
    """Those of the archive, which all processes share; arguments and errors as above."""
    return _note(store, _clear_shelf(store, shelf, now) + _clear_parts(store, shelf, now, policy), now)


def clear_own(store: SqlStore, journal_dir: Path, *, now: datetime, policy: RetentionPolicy) -> int:
    """Those of this machine; arguments and errors as above."""
    return _note(store, _clear_journals(store, journal_dir, now, policy) + _clear_drafts(store.database.path, now), now)


def _note(store: SqlStore, gone: int, now: datetime) -> int:
    if gone:
        store.run(deletions.note, new_id(), "sweep", now, files=gone)
        log.info("%d stray files removed", gone)
    return gone


def _clear_shelf(store: SqlStore, shelf: Shelf, now: datetime) -> int:
    old = [uri for uri, written in shelf.listed() if written is not None and now - written >= UNJUDGED]
    if not old:
        return 0
    known = store.run(known_recordings)
    stray = [uri for uri in old if uri not in known]
    for uri in stray:
        shelf.delete(uri)
    return len(stray)


def _clear_parts(store: SqlStore, shelf: Shelf, now: datetime, policy: RetentionPolicy) -> int:
    """Recordings in progress in a bucket, by the rules of those on a disk."""
    ages = {name: now - written for name, written in shelf.in_progress().items() if written is not None}
    judged = {name: age for name, age in ages.items() if age >= UNJUDGED}
    known = store.run(known_attempts, [*judged]) if judged else set()
    past = timedelta(days=policy.audio_days)
    stray = [name for name, age in judged.items() if age >= past or name not in known]
    for name in stray:
        shelf.drop_parts(name)
    return len(stray)


def _clear_journals(store: SqlStore, folder: Path, now: datetime, policy: RetentionPolicy) -> int:
    ages = {path: now - _written(path) for pattern in _JOURNALS for path in folder.glob(pattern)}
    judged = {path: age for path, age in ages.items() if age >= UNJUDGED}
    if not judged:
        return 0
    known = store.run(known_attempts, [path.stem for path in judged])
    past = timedelta(days=policy.audio_days)
    return _unlink(path for path, age in judged.items() if age >= past or path.stem not in known)


def _clear_drafts(database: Path | None, now: datetime) -> int:
    if database is None:
        return 0
    found = [path for pattern in _DRAFTS for path in database.parent.glob(pattern)]
    return _unlink(path for path in found if now - _written(path) >= UNJUDGED)


def known_recordings(connection: sa.Connection) -> set[str]:
    """The address of every recording a row knows."""
    column = mock_interview_attempts.c.audio_uri
    return {str(uri) for uri in connection.execute(sa.select(column).where(column.is_not(None))).scalars()}


def known_attempts(connection: sa.Connection, names: list[str]) -> set[str]:
    """Those of `names` that are attempts."""
    column = mock_interview_attempts.c.id
    return set(connection.execute(sa.select(column).where(column.in_(names))).scalars())


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _unlink(paths: Iterable[Path]) -> int:
    found = [path for path in paths if path.is_file()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
