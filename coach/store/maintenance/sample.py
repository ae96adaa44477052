"""Sample content: finished interviews of an invented person, marked as samples, with texts and recordings of our own.

`data/sample/interviews.json` holds whole records as days before loading; `coach.cli.sample_build` makes it. `full` adds
the organisation of `coach.store.maintenance.sample_people`.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from coach.contracts.interview import InterviewSnapshot
from coach.errors import StoreError
from coach.settings import DATA
from coach.store.maintenance import sample_people
from coach.store.maintenance.removal import drop_journal
from coach.store.maintenance.retention import Recordings
from coach.store.repositories import interviews, lab, library
from coach.store.repositories.samples import PREFIX
from coach.store.sqlstore import SqlStore
from coach.store.tables.billing import billing_outbox
from coach.store.tables.core import (
    auth_tokens,
    deletions,
    evaluation_claims,
    experiments,
    human_reviews,
    job_descriptions,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    results,
    resumes,
    star_stories,
    usage_tracking,
    users,
)
from coach.store.tables.review import review_comments

Size = Literal["small", "full"]

SAMPLE = DATA / "sample"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant that stands for "now" in the sample file."""


class SampleArchive(Protocol):
    """What `coach.audio.archive.AudioArchive` offers here."""

    def save(self, path: Path, attempt_id: str) -> str:
        """Keeps a recording and returns its address."""

    def delete(self, uri: str) -> None:
        """Removes a recording."""


@dataclass(frozen=True, slots=True)
class SampleCount:
    """How much sample content was put in or taken out."""

    interviews: int = 0
    attempts: int = 0
    recordings: int = 0
    stories: int = 0

    def __add__(self, other: "SampleCount") -> "SampleCount":
        return SampleCount(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


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
    present = store.run(_interview_ids)
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
        fresh = [_with_recordings(snapshot, archive, saved) for snapshot in fresh]
        store.run(_insert, fresh, content)
    attempts = sum(len(snapshot.attempts) for snapshot in fresh)
    return SampleCount(len(fresh), attempts, len(saved), len(content.stories))


def _load_people(store: SqlStore, archive: Callable[[], SampleArchive], now: datetime) -> SampleCount:
    content = sample_people.read_people(lambda plain: _shift(plain, _since_epoch(now)))
    with _recordings_saved(archive) as saved:
        snapshots = [_with_recordings(snapshot, archive, saved) for snapshot in content.snapshots]
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
    return store.run(lambda connection: connection.execute(_sample_sessions().limit(1)).first() is not None)


def remove_sample(store: SqlStore, recordings: Recordings, journal_dir: Path) -> SampleCount:
    """Takes all sample content out, recordings and use included, without a trace in what was deleted or billed.

    Raises:
        StoreError, StoreBusyError: the rows are all still there; repeat it.
    """
    heard = store.run(_sample_recordings)
    for attempt_id, uri in heard:
        if uri:
            recordings.delete(uri)
        drop_journal(journal_dir, attempt_id)
    sessions = store.run(_purge)
    stories = store.run(_remove_rest)
    if sessions or stories:
        store.forget_leftovers()
    return SampleCount(sessions, len(heard), sum(uri is not None for _, uri in heard), stories)


def _sample_sessions() -> sa.Select[tuple[str]]:
    return sa.select(mock_interviews.c.id).where(mock_interviews.c.is_sample.is_(True))


def _sample_recordings(connection: sa.Connection) -> list[tuple[str, str | None]]:
    c = mock_interview_attempts.c
    query = sa.select(c.id, c.audio_uri).where(c.interview_id.in_(_sample_sessions()))
    return [(row.id, row.audio_uri) for row in connection.execute(query)]


def _purge(connection: sa.Connection) -> int:
    """Every row of sample sessions and of invented people's use; returns the number of sessions."""
    sessions = list(connection.execute(_sample_sessions()).scalars())
    attempts = [attempt_id for attempt_id, _ in _sample_recordings(connection)]
    for table, column, values in (
        (human_reviews, "attempt_id", attempts),
        (review_comments, "attempt_id", attempts),
        (evaluation_claims, "attempt_id", attempts),
        (results, "item_id", attempts),
        (auth_tokens, "interview_id", sessions),
        (usage_tracking, "interview_id", sessions),
    ):
        connection.execute(sa.delete(table).where(table.c[column].in_(values)))
    for table, column in ((usage_tracking, "user_id"), (billing_outbox, "customer_id")):
        connection.execute(sa.delete(table).where(table.c[column].startswith(PREFIX, autoescape=True)))
    connection.execute(sa.delete(experiments).where(experiments.c.kind == lab.SAMPLE))
    connection.execute(sa.delete(deletions).where(deletions.c.cause == "sample"))
    own = star_stories.c.source_attempt_id.in_(attempts) & star_stories.c.is_sample.is_(False)
    parted = {"source_attempt_id": None, "original_transcript": None, "coach_notes": None}
    connection.execute(sa.update(star_stories).where(own).values(parted))
    for table in (mock_interview_attempts, mock_interview_exchanges):
        connection.execute(sa.delete(table).where(table.c.interview_id.in_(sessions)))
    connection.execute(sa.delete(mock_interviews).where(mock_interviews.c.id.in_(sessions)))
    return len(sessions)


@dataclass(frozen=True, slots=True)
class SampleContent:
    """The sample file with its days counted from a given now."""

    snapshots: list[InterviewSnapshot]
    jobs: list[library.JobDescription]
    resumes: list[library.Resume]
    stories: list[library.StarStory]


def read_sample(now: datetime, path: Path = SAMPLE / "interviews.json") -> SampleContent:
    """Reads the sample file.

    Raises:
        StoreError: it is missing or does not fit the contracts.
    """
    try:
        plain = _shift(json.loads(path.read_text("utf8")), _since_epoch(now))
        return SampleContent(
            snapshots=[InterviewSnapshot.model_validate(item) for item in plain["interviews"]],
            jobs=[library.JobDescription.model_validate(item) for item in plain["jobs"]],
            resumes=[library.Resume.model_validate(item) for item in plain["resumes"]],
            stories=[library.StarStory.model_validate(item) for item in plain["stories"]],
        )
    except (OSError, ValueError, KeyError) as error:
        raise StoreError("The sample content is damaged.", mend="Restore data/sample from the release.") from error


def _since_epoch(now: datetime) -> timedelta:
    return timedelta(days=(now - EPOCH).days)


def _shift(value: Any, by: timedelta, name: str = "") -> Any:
    """Moves every `…_at` timestamp by `by`."""
    if isinstance(value, dict):
        return {key: _shift(item, by, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_shift(item, by) for item in value]
    if isinstance(value, str) and name.endswith("_at"):
        return (datetime.fromisoformat(value) + by).isoformat()
    return value


def _with_recordings(
    snapshot: InterviewSnapshot, archive: Callable[[], SampleArchive], saved: list[str]
) -> InterviewSnapshot:
    """Saves the sample recordings that belong to it into the archive and notes them in `saved`."""
    attempts = []
    for attempt in snapshot.attempts:
        path = SAMPLE / "audio" / f"{attempt.id}.ogg"
        uri = archive().save(path, attempt.id) if path.exists() else None
        saved += [uri] if uri else []
        expires = attempt.created_at + timedelta(days=30) if uri else None
        attempts.append(attempt.model_copy(update={"audio_uri": uri, "audio_expires_at": expires}))
    return snapshot.model_copy(update={"attempts": attempts})


def _insert(connection: sa.Connection, snapshots: list[InterviewSnapshot], content: SampleContent) -> None:
    for job in content.jobs:
        library.save_job(connection, job)
    for resume in content.resumes:
        library.save_resume(connection, resume)
    for snapshot in snapshots:
        interviews.create_interview(connection, snapshot.interview, snapshot.exchanges)
        for attempt in snapshot.attempts:
            interviews.add_attempt(connection, attempt)
    for story in content.stories:
        library.save_story(connection, story)


def _interview_ids(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(mock_interviews.c.id)).scalars())


def _remove_rest(connection: sa.Connection) -> int:
    theirs = sa.delete(star_stories).where(star_stories.c.is_sample.is_(True)).returning(star_stories.c.id)
    stories = len(connection.execute(theirs).all())
    for table, column in ((star_stories, "user_id"), (users, "id")):
        connection.execute(sa.delete(table).where(table.c[column].startswith(PREFIX, autoescape=True)))
    for job_id in _samples(connection, job_descriptions):
        if not _in_own_use(connection, job_id):
            library.delete_job(connection, job_id)
    for resume_id in _samples(connection, resumes):
        library.delete_resume(connection, resume_id)
    return stories


def _samples(connection: sa.Connection, table: sa.Table) -> list[str]:
    return list(connection.execute(sa.select(table.c.id).where(table.c.is_sample.is_(True))).scalars())


def _in_own_use(connection: sa.Connection, job_id: str) -> bool:
    """Whether the person has practised for a sample job, or written for it: then it stays."""
    return any(
        connection.execute(
            sa.select(table.c.id).where(table.c.job_description_id == job_id, table.c.is_sample.is_(False))
        ).first()
        for table in (mock_interviews, resumes, star_stories)
    )
