"""What expires: audio after 30 days, text after 12 months, and sessions nobody came back to for 24 hours.

Measured numbers and scores stay, so that progress remains visible; whatever quotes the person goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from coach.contracts.interview import InterviewStatus, new_id
from coach.store.repositories import deletions
from coach.store.repositories.owners import sealed_for
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import (
    auth_tokens,
    human_reviews,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
)
from coach.store.tables.review import review_comments

MONTH_DAYS = 365.25 / 12
ABANDONED_AFTER = timedelta(hours=24)
EXPIRED_QUESTION = "(The text of this follow-up has expired.)"

_EXPIRING_COLUMNS = (
    "transcript", "words", "transcript_origin", "evaluation", "evidence", "guards", "failed_outputs", "coach_notes",
    "rewritten_answer", "extra",
)  # fmt: skip


class Recordings(Protocol):
    """Where sealed recordings are kept; `coach.audio.archive.AudioArchive` is one."""

    def delete(self, uri: str) -> None:
        """Removes a recording; one that is gone already is no error."""

    def drop_parts(self, attempt_id: str) -> None:
        """Removes what a bucket has of a recording in progress; nothing there is no error."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long things are kept."""

    audio_days: int = 30
    text_months: int = 12

    def audio_limit(self, now: datetime) -> datetime:
        """Audio without an expiry of its own is due when its attempt is older than this."""
        return now - timedelta(days=self.audio_days)

    def text_limit(self, now: datetime) -> datetime:
        """Text of attempts created before this is due."""
        return now - timedelta(days=self.text_months * MONTH_DAYS)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many of each were dealt with: recordings, attempts whose text went, sessions."""

    audio_deleted: int
    text_deleted: int
    abandoned: int


def sweep(store: SqlStore, recordings: Recordings, *, now: datetime, policy: RetentionPolicy) -> Swept:
    """Deletes what is due at `now` and marks abandoned sessions; running it twice changes nothing more.

    Raises:
        StoreError, StoreBusyError: what was done before stays done; the next sweep does the rest.
    """
    sweep_id = new_id()
    audio = store.run(due_audio, now, policy)
    for attempt_id, uri in audio:
        recordings.delete(uri)
        store.run(audio_is_gone, [attempt_id], now, sweep_id)
        recordings.delete(uri)  # once more: who sealed it meanwhile, in a bucket without locks, looked too early
    text = store.run(expire_text, now, policy, sweep_id)
    abandoned = store.run(mark_abandoned, now)
    store.run(drop_dead_tokens, now)
    if text:
        store.forget_leftovers()
    return Swept(audio_deleted=len(audio), text_deleted=text, abandoned=abandoned)


def due_audio(connection: sa.Connection, now: datetime, policy: RetentionPolicy) -> list[tuple[str, str]]:
    """Attempt and address of every recording that is due."""
    c = mock_interview_attempts.c
    late = sa.or_(
        c.audio_expires_at <= now, sa.and_(c.audio_expires_at.is_(None), c.created_at <= policy.audio_limit(now))
    )
    query = sa.select(c.id, c.audio_uri).where(c.audio_uri.is_not(None), c.audio_deleted_at.is_(None), late)
    return [(row.id, row.audio_uri) for row in connection.execute(query)]


def audio_is_gone(connection: sa.Connection, attempt_ids: Sequence[str], now: datetime, sweep_id: str) -> None:
    """Notes that the recordings of these attempts were deleted at `now`, by the sweep `sweep_id`."""
    table = mock_interview_attempts
    change = sa.update(table).where(table.c.id.in_(attempt_ids)).values(audio_deleted_at=now, audio_uri=None)
    connection.execute(change)
    invented = _of_samples(connection, attempt_ids)
    deletions.note(connection, sweep_id, "sweep", now, recordings=len(attempt_ids) - invented)
    deletions.note(connection, f"sample-{sweep_id}", "sample", now, recordings=invented)


def _of_samples(connection: sa.Connection, attempt_ids: Sequence[str]) -> int:
    """How many of the attempts are invented people's: they are counted apart."""
    a, i = mock_interview_attempts.c, mock_interviews.c
    joined = mock_interview_attempts.join(mock_interviews, i.id == a.interview_id)
    query = sa.select(sa.func.count()).select_from(joined).where(a.id.in_(attempt_ids), i.is_sample.is_(True))
    return int(connection.execute(query).scalar_one())


def expire_text(connection: sa.Connection, now: datetime, policy: RetentionPolicy, sweep_id: str) -> int:
    """Empties every text of attempts that are due, and of their sessions; returns the number of attempts."""
    table, limit = mock_interview_attempts, policy.text_limit(now)
    due = sa.select(table.c.id, table.c.delivery_metrics).where(
        table.c.created_at <= limit, table.c.text_deleted_at.is_(None)
    )
    rows = connection.execute(due).all()
    for row in rows:
        values: dict[str, Any] = dict.fromkeys(_EXPIRING_COLUMNS)
        values |= {"delivery_metrics": without_words(row.delivery_metrics), "text_deleted_at": now}
        with sealed_for(connection, {"attempt_id": row.id}):
            connection.execute(sa.update(table).where(table.c.id == row.id).values(values))
    if rows:
        _expire_session_text(connection, limit)
    _expire_coaches_words(connection, limit)
    deletions.note(connection, sweep_id, "sweep", now, texts=len(rows))
    return len(rows)


def _expire_coaches_words(connection: sa.Connection, limit: datetime) -> None:
    """What coaches wrote about an answer goes with its text; what they gave it stays, like the machine's scores."""
    attempts = mock_interview_attempts.c
    old = sa.select(attempts.id).where(attempts.created_at <= limit)
    connection.execute(sa.delete(review_comments).where(review_comments.c.attempt_id.in_(old)))
    said = human_reviews.c.comment != ""
    theirs = human_reviews.c.attempt_id.in_(old)
    connection.execute(sa.update(human_reviews).where(theirs, said).values(comment=""))


def without_words(delivery: dict[str, object] | None) -> dict[str, object] | None:
    """Delivery metrics without the passages that quote the person."""
    return delivery and delivery | {"filler_hits": [], "repetitions": [], "clarity_note": ""}


def _expire_session_text(connection: sa.Connection, limit: datetime) -> None:
    sessions, exchanges = mock_interviews, mock_interview_exchanges
    old = sa.select(sessions.c.id).where(sessions.c.created_at <= limit)
    empty: dict[str, Any] = {"strengths": None, "gaps": None, "plan": None, "summary": None}
    connection.execute(sa.update(sessions).where(sessions.c.created_at <= limit).values(empty))
    theirs = exchanges.c.interview_id.in_(old)
    connection.execute(sa.update(exchanges).where(theirs).values(follow_up_question_text=""))
    follow_ups = sa.and_(theirs, exchanges.c.follow_up_of.is_not(None))
    connection.execute(sa.update(exchanges).where(follow_ups).values(question_text=EXPIRED_QUESTION))


def mark_abandoned(connection: sa.Connection, now: datetime) -> int:
    """Marks unfinished sessions without activity for 24 hours; *Resume* returns them."""
    table = mock_interviews
    open_states = [InterviewStatus.PLANNED.value, InterviewStatus.IN_PROGRESS.value]
    change = (
        sa.update(table)
        .where(table.c.status.in_(open_states), table.c.last_activity_at <= now - ABANDONED_AFTER)
        .values(status=InterviewStatus.ABANDONED.value)
        .returning(table.c.id)
    )
    return len(connection.execute(change).all())


def drop_dead_tokens(connection: sa.Connection, now: datetime) -> None:
    """Forgets tokens that expired."""
    connection.execute(sa.delete(auth_tokens).where(auth_tokens.c.expires_at <= now.timestamp()))
