"""What the operator's page reads: how answers went, never what was said."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus
from coach.store.repositories import deletions, samples
from coach.store.tables.core import mock_interview_attempts, mock_interviews, usage_tracking

Rows = list[dict[str, object]]


def answer_rows(connection: sa.Connection, since: datetime, *, of_samples: bool = False) -> Rows:
    """Finished answers since `since` with their timeline, providers, status and what guards had to do.

    Those of invented people are never among those of real ones: `of_samples` gives theirs alone.
    """
    attempts = mock_interview_attempts.c
    columns = ("status", "timeline", "brain", "model", "transcriber", "prompt_version", "guard_count")
    query = (
        sa.select(
            attempts.id.label("attempt_id"),
            attempts.created_at,
            attempts.evaluation_status,
            *(attempts[name] for name in columns),
        )
        .where(attempts.status.not_in([AttemptStatus.DISCARDED.value, AttemptStatus.RECORDING.value]))
        .where(attempts.created_at >= since, _theirs(of_samples=of_samples))
        .order_by(attempts.created_at)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def retention_counts(connection: sa.Connection, now: datetime, *, of_samples: bool = False) -> dict[str, int]:
    """Recordings kept, due within a week, overdue; open interviews idle for 24 h; how much was deleted in all.

    Of real people, or with `of_samples` of invented ones.
    """
    audio, sessions = mock_interview_attempts.c, mock_interviews.c
    kept = (audio.audio_uri.is_not(None), audio.audio_deleted_at.is_(None), _theirs(of_samples=of_samples))
    due, soon = audio.audio_expires_at, now + timedelta(days=7)
    idle = (
        sessions.is_sample.is_(of_samples),
        sessions.status.in_(["planned", "in_progress"]),
        sessions.last_activity_at < now - timedelta(hours=24),
    )
    recordings = (
        sa.select(
            sa.func.count().label("recordings kept"),
            sa.func.count(sa.case((sa.and_(due >= now, due < soon), 1))).label("due within 7 days"),
            sa.func.count(sa.case((due < now, 1))).label("overdue"),
        )
        .select_from(mock_interview_attempts)
        .where(*kept)
    )
    abandoned = sa.select(sa.func.count()).select_from(mock_interviews).where(*idle)
    found = {name: int(count) for name, count in connection.execute(recordings).mappings().one().items()}
    found["sessions to be marked abandoned"] = int(connection.execute(abandoned).scalar_one())
    gone = deletions.totals(connection, of_samples=of_samples)
    return found | {f"{'stray ' * (name == 'files')}{name} deleted": count for name, count in gone.items()}


def _theirs(*, of_samples: bool) -> sa.ColumnElement[bool]:
    """Attempts of invented people, or of real ones: the few sessions of samples are looked up, not everybody's."""
    sessions = mock_interviews.c
    invented = sa.select(sessions.id).where(sessions.is_sample.is_(True))
    found = mock_interview_attempts.c.interview_id.in_(invented)
    return found if of_samples else sa.not_(found)


def unpriced_usage(connection: sa.Connection) -> int:
    """Usage events without a price as billed."""
    c = usage_tracking.c
    mine = (c.cost_usd.is_(None), samples.belongs(c.user_id, to_samples=False))
    query = sa.select(sa.func.count()).select_from(usage_tracking).where(*mine)
    return int(connection.execute(query).scalar() or 0)
