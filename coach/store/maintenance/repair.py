"""Puts recordings and rows together again after a crash between the two. Run once at start, before anybody is served.

The recording is always on disk first and the row second; so there may be a recording its row does not know, never a row
without a recording. Answers that are not evaluated yet are left as they are: the conductor takes them up again.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from coach.contracts.interview import Attempt, AttemptStatus
from coach.errors import AudioError
from coach.store.maintenance.retention import RetentionPolicy
from coach.store.repositories import interviews
from coach.store.sqlstore import SqlStore

if TYPE_CHECKING:
    from coach.audio.journal import RecordingJournal

log = logging.getLogger(__name__)

STALE_AFTER = timedelta(hours=24)
_CONDUCTORS = (AttemptStatus.RECORDING, AttemptStatus.CAPTURED, AttemptStatus.REVIEW, AttemptStatus.EVALUATING)
"""Younger than a day, these are taken up again by the conductor itself."""


class RepairArchive(Protocol):
    """What `coach.audio.archive.AudioArchive` offers here."""

    def save(self, path: Path, attempt_id: str) -> str:
        """Keeps the recording and returns its address."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Recordings put back to their attempts, thrown away, left for the conductor, and those without an attempt."""

    attached: int = 0
    discarded: int = 0
    left: int = 0
    orphans: int = 0


def repair_recordings(
    store: SqlStore, archive: RepairArchive, journal_dir: Path, *, now: datetime | None = None, policy: RetentionPolicy
) -> Repaired:
    """Goes through what lies in the journal folder; idempotent.

    Raises:
        StoreError: the database or the archive cannot be written; recordings stay where they are.
    """
    moment = now or datetime.now(UTC)
    counts = dict.fromkeys(("attached", "discarded", "left", "orphans"), 0)
    paths = [*journal_dir.glob("*.pcm"), *journal_dir.glob("*.flac")] if journal_dir.is_dir() else []
    for attempt_id in sorted({path.stem for path in paths}):
        attempt = store.run(interviews.find_attempt, attempt_id)
        counts[_repair_one(store, archive, journal_dir, attempt_id, attempt, moment, policy)] += 1
    if any(counts.values()):
        log.info("recordings repaired: %s", counts)
    return Repaired(**counts)


def _repair_one(
    store: SqlStore,
    archive: RepairArchive,
    journal_dir: Path,
    attempt_id: str,
    attempt: Attempt | None,
    now: datetime,
    policy: RetentionPolicy,
) -> str:
    from coach.audio.journal import RecordingJournal

    if attempt is None:
        return "orphans"
    if now - attempt.created_at < STALE_AFTER and attempt.status in _CONDUCTORS:
        return "left"
    journal = RecordingJournal(journal_dir / f"{attempt_id}.pcm")
    if attempt.status == AttemptStatus.DISCARDED or attempt.audio_deleted_at is not None:
        journal.discard()
        return "discarded"
    try:
        seconds = journal.seconds
        sealed = _sealed(journal)
    except AudioError:
        journal.discard()
        return "discarded"
    if attempt.audio_uri is None:
        store.run(
            interviews.update_attempt, _with_recording(attempt, archive.save(sealed, attempt_id), seconds, policy)
        )
    sealed.unlink(missing_ok=True)
    return "attached"


def _sealed(journal: "RecordingJournal") -> Path:
    """The FLAC of a journal; one that was sealed already is taken as it is."""
    flac: Path = journal.path.with_suffix(".flac")
    if flac.exists() and not journal.seconds:
        journal.close()
        journal.path.unlink(missing_ok=True)
        return flac
    return journal.seal()


def _with_recording(attempt: Attempt, uri: str, seconds: float, policy: RetentionPolicy) -> Attempt:
    changes: dict[str, object] = {
        "audio_uri": uri,
        "audio_expires_at": attempt.created_at + timedelta(days=policy.audio_days),
        "extra": attempt.extra.model_copy(update={"recording_recovered": True}),
    }
    if seconds and not attempt.duration_seconds:
        changes["duration_seconds"] = seconds
    if attempt.status == AttemptStatus.RECORDING:
        changes["status"] = AttemptStatus.CAPTURED
    return attempt.model_copy(update=changes)
