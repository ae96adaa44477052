"""What a server does for its store at start and once a day: repair recordings, sweep what is due, clear leftovers."""

import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from coach.errors import CoachError
from coach.store.engine.alone import alone
from coach.store.maintenance import leftovers, repair, retention
from coach.store.maintenance.repair import Repaired
from coach.store.maintenance.retention import RetentionPolicy, Swept
from coach.store.repositories import use_by_day
from coach.store.sqlstore import SqlStore

log = logging.getLogger(__name__)

EVERY_S = 24 * 3600.0
JUMP_S = 3600.0


class UpkeepArchive(repair.RepairArchive, retention.Recordings, leftovers.Shelf, Protocol):
    """What `coach.audio.archive.AudioArchive` offers here."""


class JumpWatch:
    """Notices a wall clock that was set: deleting by a clock that is years ahead could not be undone."""

    def __init__(self) -> None:
        self._ahead_s: float | None = None

    def jumped(self, wall_s: float, steady_s: float) -> bool:
        """Whether the wall clock moved an hour or more against the steady one since it was last asked.

        Args:
            wall_s: epoch seconds.
            steady_s: seconds of a clock that nobody sets and that goes on while the machine sleeps.
        """
        ahead, before = wall_s - steady_s, self._ahead_s
        self._ahead_s = ahead
        return before is not None and abs(ahead - before) >= JUMP_S


_watch = JumpWatch()


def steady_s() -> float:
    """Seconds since the machine started, its sleep included where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def keep_up(
    store: SqlStore, archive: UpkeepArchive, journal_dir: Path, policy: RetentionPolicy, *, watch: JumpWatch = _watch
) -> tuple[Repaired, Swept] | None:
    """Repairs, sweeps and clears once; blocking. None when the store would not be had now: the next turn does it.

    What lies on this machine every process looks after; what all share is swept by one of them at a time.

    Nothing is deleted on a day on which the clock was set; the next turn does it when the clock went on evenly.

    Args:
        store: the database.
        archive: where sealed recordings lie.
        journal_dir: where recordings in progress lie.
        policy: how long things are kept.
        watch: remembers the clocks of the last turn.
    """
    now = datetime.now(UTC)
    try:
        repaired = repair.repair_recordings(store, archive, journal_dir, now=now, policy=policy)
        if watch.jumped(now.timestamp(), steady_s()):
            log.warning("the clock was set: what is due for deletion waits for the next turn")
            return repaired, Swept(0, 0, 0)
        swept = Swept(0, 0, 0)
        with alone(store.database, "retention") as mine:
            if mine:
                swept = retention.sweep(store, archive, now=now, policy=policy)
                leftovers.clear_shared(store, archive, now=now, policy=policy)
                store.run(use_by_day.put_together)
        leftovers.clear_own(store, journal_dir, now=now, policy=policy)
    except CoachError as error:
        log.warning("upkeep is put off: %s", error)
        return None
    log.info("upkeep: %s, %s", repaired, swept)
    return repaired, swept
