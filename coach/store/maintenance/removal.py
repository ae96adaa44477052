"""*Delete this session*, complete: rows, recordings, and what backups and the database file still hold of them.

Usage stays for billing without a trace of session or answer. Stories the person saved on purpose stay in the library,
without the raw transcript, unless they are to go too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from coach.contracts.interview import new_id
from coach.errors import NotFoundError
from coach.interview import spool_file
from coach.interview.store_and_forward import SPOOL
from coach.store.maintenance.deletion_notes import note_session
from coach.store.maintenance.retention import Recordings
from coach.store.repositories import deletions
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import (
    auth_tokens,
    evaluation_claims,
    human_reviews,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    results,
    star_stories,
    usage_tracking,
)
from coach.store.tables.fleet import interview_leases
from coach.store.tables.review import review_comments


@dataclass(frozen=True, slots=True)
class Removed:
    """What went with a session."""

    interview_id: str
    exchanges: int
    attempts: int
    audio_deleted: int
    usage_anonymised: int
    stories_unlinked: int
    stories_deleted: int


def delete_interview(
    store: SqlStore, recordings: Recordings, interview_id: str, *, journal_dir: Path, with_stories: bool = False
) -> Removed:
    """Deletes a session and everything of it; recordings first, so that a crash in between can be repeated.

    Servers let go of it before, so that they write nothing more, and after, should a client have come back in between.

    Raises:
        NotFoundError: there is no such session.
        StoreError, StoreBusyError: the rows are all still there; repeat it.
    """
    attempts = store.run(recordings_of, interview_id)
    store.forget(interview_id)
    drop_recordings(recordings, attempts)
    for attempt_id, _ in attempts:
        drop_journal(journal_dir, attempt_id)
    spool_file.forget(journal_dir / SPOOL, interview_id)
    heard = sum(uri is not None for _, uri in attempts)
    note_session(store, interview_id)
    removed = store.run(delete_rows, interview_id, audio_deleted=heard, with_stories=with_stories)
    store.forget(interview_id)
    drop_recordings(recordings, attempts)
    store.forget_leftovers()
    return removed


def delete_rows(
    connection: sa.Connection,
    interview_id: str,
    *,
    audio_deleted: int = 0,
    with_stories: bool = False,
    noted: bool = True,
) -> Removed:
    """The rows of a session in one transaction; `noted`: whether the ledger of deletions is told here.

    Raises:
        NotFoundError: there is no such session.
    """
    attempts = [attempt_id for attempt_id, _ in recordings_of(connection, interview_id)]
    if noted:
        _note(connection, interview_id, recordings=audio_deleted, texts=len(attempts), sessions=1)
    usage = _anonymise_usage(connection, interview_id, attempts)
    stories = _part_from_stories(connection, attempts, with_stories=with_stories)
    theirs = ((human_reviews, "attempt_id"), (review_comments, "attempt_id"), (evaluation_claims, "attempt_id"))
    for table, column in (*theirs, (results, "item_id")):
        connection.execute(sa.delete(table).where(table.c[column].in_(attempts)))
    for table in (auth_tokens, interview_leases):
        connection.execute(sa.delete(table).where(table.c.interview_id == interview_id))
    of_session = sa.delete(mock_interview_attempts).where(mock_interview_attempts.c.interview_id == interview_id)
    connection.execute(of_session)
    exchange = mock_interview_exchanges
    gone = connection.execute(
        sa.delete(exchange).where(exchange.c.interview_id == interview_id).returning(exchange.c.id)
    )
    exchanges = len(gone.all())
    connection.execute(sa.delete(mock_interviews).where(mock_interviews.c.id == interview_id))
    return Removed(
        interview_id=interview_id,
        exchanges=exchanges,
        attempts=len(attempts),
        audio_deleted=audio_deleted,
        usage_anonymised=usage,
        stories_unlinked=0 if with_stories else stories,
        stories_deleted=stories if with_stories else 0,
    )


def _note(connection: sa.Connection, interview_id: str, **counts: int) -> None:
    sample = connection.execute(sa.select(mock_interviews.c.is_sample).where(mock_interviews.c.id == interview_id))
    cause: deletions.Cause = "sample" if sample.scalar() else "session"
    deletions.note(connection, new_id(), cause, datetime.now(UTC), **counts)


def recordings_of(connection: sa.Connection, interview_id: str) -> list[tuple[str, str | None]]:
    """Attempt and address (None: no recording) of everything said in a session.

    Raises:
        NotFoundError: there is no such session.
    """
    known = sa.select(mock_interviews.c.id).where(mock_interviews.c.id == interview_id)
    if connection.execute(known).first() is None:
        raise NotFoundError(f"There is no session {interview_id}.", mend="`python -m coach interview list` shows them.")
    c = mock_interview_attempts.c
    query = sa.select(c.id, c.audio_uri).where(c.interview_id == interview_id)
    return [(row.id, row.audio_uri) for row in connection.execute(query)]


def _anonymise_usage(connection: sa.Connection, interview_id: str, attempts: list[str]) -> int:
    """Cuts usage off its session; what is not billed yet keeps the account it will be billed to."""
    table = usage_tracking
    theirs = sa.or_(table.c.interview_id == interview_id, table.c.attempt_id.in_(attempts))
    settled = table.c.billed_state.in_(["skipped", "sent", "confirmed", "billed"])
    account = sa.case((settled, sa.null()), else_=table.c.user_id)
    values = {"attempt_id": None, "interview_id": None, "call_id": "", "user_id": account, "anonymous_id": new_id()}
    return len(connection.execute(sa.update(table).where(theirs).values(values).returning(table.c.event_id)).all())


def _part_from_stories(connection: sa.Connection, attempts: list[str], *, with_stories: bool) -> int:
    table = star_stories
    theirs = table.c.source_attempt_id.in_(attempts)
    if with_stories:
        return len(connection.execute(sa.delete(table).where(theirs).returning(table.c.id)).all())
    empty = {"source_attempt_id": None, "original_transcript": None, "coach_notes": None}
    return len(connection.execute(sa.update(table).where(theirs).values(empty).returning(table.c.id)).all())


def drop_recordings(recordings: Recordings, attempts: Sequence[tuple[str, str | None]]) -> None:
    """Removes recordings and parts of them; repeatable.

    Before the rows go, and once more afterwards: who sealed one meanwhile, in a bucket, which knows no locks, wrote it
    again and found its row still there.
    """
    for attempt_id, uri in attempts:
        if uri:
            recordings.delete(uri)
        recordings.drop_parts(attempt_id)


def drop_journal(journal_dir: Path, attempt_id: str) -> None:
    """Removes what is left of an attempt's recording in progress."""
    for path in journal_dir.glob(f"{attempt_id}*") if journal_dir.is_dir() else ():
        path.unlink(missing_ok=True)
