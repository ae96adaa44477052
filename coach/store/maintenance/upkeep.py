"""What a server does for its store at start and once a day: repair recordings, sweep what is due."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from coach.errors import CoachError
from coach.store.maintenance import repair, retention
from coach.store.maintenance.repair import Repaired
from coach.store.maintenance.retention import RetentionPolicy, Swept
from coach.store.sqlstore import SqlStore

log = logging.getLogger(__name__)

EVERY_S = 24 * 3600.0


class Archive(repair.Archive, retention.Recordings, Protocol):
    """What `coach.audio.archive.AudioArchive` offers here."""


def keep_up(
    store: SqlStore, archive: Archive, journal_dir: Path, policy: RetentionPolicy
) -> tuple[Repaired, Swept] | None:
    """Repairs and sweeps once; blocking. None when the store would not be had now: the next turn does it.

    Args:
        store: the database.
        archive: where sealed recordings lie.
        journal_dir: where recordings in progress lie.
        policy: how long things are kept.
    """
    now = datetime.now(UTC)
    try:
        repaired = repair.repair_recordings(store, archive, journal_dir, now=now, policy=policy)
        swept = retention.sweep(store, archive, now=now, policy=policy)
    except CoachError as error:
        log.warning("upkeep is put off: %s", error)
        return None
    log.info("upkeep: %s, %s", repaired, swept)
    return repaired, swept
