"""The sample sessions as shipped: read, moved to today, inserted."""

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
from coach.store.repositories import interviews, library, library_records

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
class SampleContent:
    """The sample file with its days counted from a given now."""

    snapshots: list[InterviewSnapshot]
    jobs: list[library_records.JobDescription]
    resumes: list[library_records.Resume]
    stories: list[library_records.StarStory]


def read_sample(now: datetime, path: Path = SAMPLE / "interviews.json") -> SampleContent:
    """Reads the sample file.

    Raises:
        StoreError: it is missing or does not fit the contracts.
    """
    try:
        plain = shift(json.loads(path.read_text("utf8")), since_epoch(now))
        return SampleContent(
            snapshots=[InterviewSnapshot.model_validate(item) for item in plain["interviews"]],
            jobs=[library_records.JobDescription.model_validate(item) for item in plain["jobs"]],
            resumes=[library_records.Resume.model_validate(item) for item in plain["resumes"]],
            stories=[library_records.StarStory.model_validate(item) for item in plain["stories"]],
        )
    except (OSError, ValueError, KeyError) as error:
        raise StoreError("The sample content is damaged.", mend="Restore data/sample from the release.") from error


def since_epoch(now: datetime) -> timedelta:
    """How far the sample's days are from now, in whole days."""
    return timedelta(days=(now - EPOCH).days)


def shift(value: Any, by: timedelta, name: str = "") -> Any:
    """Moves every `…_at` timestamp by `by`."""
    if isinstance(value, dict):
        return {key: shift(item, by, key) for key, item in value.items()}
    if isinstance(value, list):
        return [shift(item, by) for item in value]
    if isinstance(value, str) and name.endswith("_at"):
        return (datetime.fromisoformat(value) + by).isoformat()
    return value


def with_recordings(
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


def insert(connection: sa.Connection, snapshots: list[InterviewSnapshot], content: SampleContent) -> None:
    """Stores the sessions with what belongs to them."""
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
