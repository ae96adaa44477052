"""Sample content: finished interviews of an invented person, marked as samples, with texts and recordings of our own.

`data/sample/interviews.json` holds whole records as days before loading; `coach.cli.sample_build` makes it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from coach.contracts.interview import InterviewSnapshot
from coach.errors import StoreError
from coach.settings import DATA
from coach.store.maintenance.removal import delete_interview
from coach.store.maintenance.retention import Recordings
from coach.store.repositories import interviews, library
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import job_descriptions, mock_interviews, resumes, star_stories

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


def load_sample(
    store: SqlStore, archive: Callable[[], SampleArchive], *, if_empty: bool = False, now: datetime | None = None
) -> SampleCount:
    """Puts the sample in; what is there already stays as it is.

    Args:
        store: where to.
        archive: opened only when there is something to save.
        if_empty: do nothing when any session exists.
        now: the sample's days count back from here.
    """
    present = store.run(_interview_ids)
    if if_empty and present:
        return SampleCount()
    content = read_sample(now or datetime.now(UTC))
    fresh = [snapshot for snapshot in content.snapshots if snapshot.interview.id not in present]
    if not fresh:
        return SampleCount()
    saved: list[str] = []
    try:
        fresh = [_with_recordings(snapshot, archive, saved) for snapshot in fresh]
        store.run(_insert, fresh, content)
    except StoreError:
        for uri in saved:
            archive().delete(uri)
        raise
    attempts = sum(len(snapshot.attempts) for snapshot in fresh)
    return SampleCount(len(fresh), attempts, len(saved), len(content.stories))


def remove_sample(store: SqlStore, recordings: Recordings, journal_dir: Path) -> SampleCount:
    """Takes all sample content out, recordings included."""
    ids = store.run(_interview_ids, samples_only=True)
    attempts = heard = 0
    for interview_id in ids:
        removed = delete_interview(store, recordings, interview_id, journal_dir=journal_dir)
        attempts, heard = attempts + removed.attempts, heard + removed.audio_deleted
    stories = store.run(_remove_rest)
    return SampleCount(len(ids), attempts, heard, stories)


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
        plain = _shift(json.loads(path.read_text("utf8")), timedelta(days=(now - EPOCH).days))
        return SampleContent(
            snapshots=[InterviewSnapshot.model_validate(item) for item in plain["interviews"]],
            jobs=[library.JobDescription.model_validate(item) for item in plain["jobs"]],
            resumes=[library.Resume.model_validate(item) for item in plain["resumes"]],
            stories=[library.StarStory.model_validate(item) for item in plain["stories"]],
        )
    except (OSError, ValueError, KeyError) as error:
        raise StoreError("The sample content is damaged.", mend="Restore data/sample from the release.") from error


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


def _interview_ids(connection: sa.Connection, *, samples_only: bool = False) -> set[str]:
    query = sa.select(mock_interviews.c.id)
    if samples_only:
        query = query.where(mock_interviews.c.is_sample.is_(True))
    return set(connection.execute(query).scalars())


def _remove_rest(connection: sa.Connection) -> int:
    theirs = sa.delete(star_stories).where(star_stories.c.is_sample.is_(True)).returning(star_stories.c.id)
    stories = len(connection.execute(theirs).all())
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
