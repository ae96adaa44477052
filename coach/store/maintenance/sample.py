"""Sample content: finished interviews of an invented person, marked as samples, with texts and recordings of our own.

`data/sample/interviews.json` holds whole records as days before loading; `coach.cli.sample_build` makes it. `full` adds
the organisation of `coach.store.maintenance.sample_people`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from coach.errors import StoreError
from coach.store.maintenance import sample_people
from coach.store.maintenance.sample_file import SampleArchive, insert, read_sample, shift, since_epoch, with_recordings
from coach.store.maintenance.sample_removal import SampleCount, interview_ids, sample_sessions
from coach.store.repositories.samples import PREFIX
from coach.store.sqlstore import SqlStore

Size = Literal["small", "full"]


def load_sample(
    store: SqlStore,
    archive: Callable[[], SampleArchive],
    *,
    size: Size = "small",
    if_empty: bool = False,
    now: datetime | None = None,
) -> SampleCount:
    """Puts the sample in; what is there already stays as it is.

    Args:
        store: where to.
        archive: opened only when there is something to save.
        size: three interviews, or a whole organisation beside them.
        if_empty: do nothing when any session exists.
        now: the sample's days count back from here.
    """
    now = now or datetime.now(UTC)
    present = store.run(interview_ids)
    if if_empty and present:
        return SampleCount()
    loaded = _load_small(store, archive, present, now)
    if size == "full" and not any(interview_id.startswith(PREFIX) for interview_id in present):
        loaded += _load_people(store, archive, now)
    return loaded


def _load_small(store: SqlStore, archive: Callable[[], SampleArchive], present: set[str], now: datetime) -> SampleCount:
    content = read_sample(now)
    fresh = [snapshot for snapshot in content.snapshots if snapshot.interview.id not in present]
    if not fresh:
        return SampleCount()
    with _recordings_saved(archive) as saved:
        fresh = [with_recordings(snapshot, archive, saved) for snapshot in fresh]
        store.run(insert, fresh, content)
    attempts = sum(len(snapshot.attempts) for snapshot in fresh)
    return SampleCount(len(fresh), attempts, len(saved), len(content.stories))


def _load_people(store: SqlStore, archive: Callable[[], SampleArchive], now: datetime) -> SampleCount:
    content = sample_people.read_people(lambda plain: shift(plain, since_epoch(now)))
    with _recordings_saved(archive) as saved:
        snapshots = [with_recordings(snapshot, archive, saved) for snapshot in content.snapshots]
        store.run(sample_people.insert_people, replace(content, snapshots=snapshots), now)
    attempts = sum(len(snapshot.attempts) for snapshot in snapshots)
    return SampleCount(len(snapshots), attempts, len(saved), len(content.stories))


@contextmanager
def _recordings_saved(archive: Callable[[], SampleArchive]) -> Iterator[list[str]]:
    """The addresses of what is saved meanwhile; taken back when the rows do not go in."""
    saved: list[str] = []
    try:
        yield saved
    except StoreError:
        for uri in saved:
            archive().delete(uri)
        raise


def has_sample(store: SqlStore) -> bool:
    """Whether there is a sample session."""
    return store.run(lambda connection: connection.execute(sample_sessions().limit(1)).first() is not None)
