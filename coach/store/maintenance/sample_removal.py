"""Sample sessions leave without a trace, and what somebody took into use stays."""

from dataclasses import astuple, dataclass
from pathlib import Path

import sqlalchemy as sa

from coach.store.maintenance.removal import drop_journal
from coach.store.maintenance.retention import Recordings
from coach.store.repositories import library, live_split, use_by_day
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


@dataclass(frozen=True, slots=True)
class SampleCount:
    """How much sample content was put in or taken out."""

    interviews: int = 0
    attempts: int = 0
    recordings: int = 0
    stories: int = 0

    def __add__(self, other: "SampleCount") -> "SampleCount":
        return SampleCount(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


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


def sample_sessions() -> sa.Select[tuple[str]]:
    """The ids of sample interviews."""
    return sa.select(mock_interviews.c.id).where(mock_interviews.c.is_sample.is_(True))


def _sample_recordings(connection: sa.Connection) -> list[tuple[str, str | None]]:
    c = mock_interview_attempts.c
    query = sa.select(c.id, c.audio_uri).where(c.interview_id.in_(sample_sessions()))
    return [(row.id, row.audio_uri) for row in connection.execute(query)]


def _purge(connection: sa.Connection) -> int:
    """Every row of sample sessions and of invented people's use; returns the number of sessions."""
    sessions = list(connection.execute(sample_sessions()).scalars())
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
    use_by_day.put_together(connection)
    connection.execute(sa.delete(experiments).where(experiments.c.kind == live_split.SAMPLE))
    connection.execute(sa.delete(deletions).where(deletions.c.cause == "sample"))
    own = star_stories.c.source_attempt_id.in_(attempts) & star_stories.c.is_sample.is_(False)
    parted = {"source_attempt_id": None, "original_transcript": None, "coach_notes": None}
    connection.execute(sa.update(star_stories).where(own).values(parted))
    for table in (mock_interview_attempts, mock_interview_exchanges):
        connection.execute(sa.delete(table).where(table.c.interview_id.in_(sessions)))
    connection.execute(sa.delete(mock_interviews).where(mock_interviews.c.id.in_(sessions)))
    return len(sessions)


def interview_ids(connection: sa.Connection) -> set[str]:
    """The ids of all interviews."""
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
