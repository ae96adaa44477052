"""Reading for people: plain rows for commands, pages and notebooks. Charts read typed columns only."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus, InterviewStatus
from coach.store.repositories import stated_jobs
from coach.store.tables.core import (
    SCORE_COLUMNS,
    human_reviews,
    job_descriptions,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    usage_tracking,
    users,
)

Rows = list[dict[str, Any]]

_ATTEMPT_COLUMNS = (
    "attempt_number", "status", "overall_score", *SCORE_COLUMNS, "wpm", "articulation_wpm", "word_count",
    "filler_count", "long_pause_count", "speech_seconds", "verbatim", "recognition_confidence", "duration_seconds",
    "audio_uri", "audio_expires_at", "audio_deleted_at", "transcriber", "brain", "model", "prompt_version",
    "created_at", "finished_at",
)  # fmt: skip

REVIEW_COLUMNS = (*human_reviews.c.keys(), "machine_overall", "interview_id")
"""Of `review_rows`."""


def ever_answered(connection: sa.Connection, user_id: str) -> bool:
    """Whether the person has an attempt of their own; sample content does not count."""
    sessions, attempts = mock_interviews.c, mock_interview_attempts.c
    found = (
        sa.select(sa.literal(1))
        .join_from(mock_interviews, mock_interview_attempts, attempts.interview_id == sessions.id)
        .where(sessions.user_id == user_id, sessions.is_sample.is_(False))
        .limit(1)
    )
    return connection.execute(found).first() is not None


def question_row(connection: sa.Connection, wanted: str, user_id: str) -> dict[str, object] | None:
    """A question by its own id, or by the id of an answer to it: the person's own, or one of the sample content."""
    sessions, questions, attempts = mock_interviews.c, mock_interview_exchanges.c, mock_interview_attempts.c
    answered = sa.select(attempts.exchange_id).where(attempts.id == wanted)
    query = (
        sa.select(
            questions.id,
            questions.question_text,
            questions.question_type,
            questions.competency,
            sessions.job_description_id,
        )
        .join_from(mock_interview_exchanges, mock_interviews, questions.interview_id == sessions.id)
        .where(sa.or_(questions.id == wanted, questions.id.in_(answered)))
        .where(sa.or_(sessions.user_id == user_id, sessions.is_sample.is_(True)))
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def interview_rows(connection: sa.Connection, user_id: str | None = None) -> Rows:
    """Sessions, newest first, with the numbers of questions, answered questions and attempts."""
    sessions, attempts = mock_interviews.c, mock_interview_attempts.c
    spoken = attempts.status != AttemptStatus.DISCARDED.value
    grouped = (
        sa.select(
            attempts.interview_id.label("counted_id"),
            sa.func.count(sa.distinct(attempts.exchange_id)).label("questions_answered"),
            sa.func.count().label("attempts"),
        )
        .where(spoken)
        .group_by(attempts.interview_id)
    )
    if user_id is not None:
        theirs = sa.select(sessions.id).where(sessions.user_id == user_id)
        grouped = grouped.where(attempts.interview_id.in_(theirs))
    counted = grouped.subquery()
    columns = [sessions[name] for name in sessions.keys() if name not in ("strengths", "gaps", "plan", "summary")]  # noqa: SIM118
    query = (
        sa.select(
            *columns,
            sa.func.coalesce(counted.c.questions_answered, 0).label("questions_answered"),
            sa.func.coalesce(counted.c.attempts, 0).label("attempts"),
            users.c.name.label("person"),
            job_descriptions.c.title.label("job_title"),
            job_descriptions.c.company.label("company"),
        )
        .outerjoin_from(mock_interviews, counted, counted.c.counted_id == sessions.id)
        .outerjoin(users, users.c.id == sessions.user_id)
        .outerjoin(job_descriptions, job_descriptions.c.id == sessions.job_description_id)
        .order_by(sessions.created_at.desc(), sessions.id)
    )
    if user_id is not None:
        query = query.where(sessions.user_id == user_id)
    return _rows(connection, query)


def running_ids(connection: sa.Connection, most: int) -> list[str]:
    """Sessions in progress, the one that moved last first."""
    c = mock_interviews.c
    running = sa.select(c.id).where(c.status == InterviewStatus.IN_PROGRESS.value)
    return list(connection.execute(running.order_by(c.last_activity_at.desc(), c.id).limit(most)).scalars())


def attempt_rows(
    connection: sa.Connection,
    interview_id: str | None = None,
    user_id: str | None = None,
    *,
    sessions_only: Collection[str] | None = None,
    newest: int | None = None,
) -> Rows:
    """Attempts that were not discarded, with their question, by session, question and number. No transcript.

    Args:
        connection: the transaction.
        interview_id: of this session.
        user_id: of this person.
        sessions_only: of these sessions.
        newest: so many with a score, the newest, and whatever a person judged.
    """
    attempts, sessions = mock_interview_attempts.c, mock_interviews.c
    query = _attempts_in_words()
    if interview_id is not None:
        query = query.where(attempts.interview_id == interview_id)
    if user_id is not None:
        query = query.where(sessions.user_id == user_id)
    if sessions_only is not None:
        query = query.where(attempts.interview_id.in_(list(sessions_only)))
    if newest is not None:
        query = query.where(attempts.id.in_(_newest_and_judged(newest)))
    return stated_jobs.filled(connection, _rows(connection, query))


def _attempts_in_words() -> sa.Select[Any]:
    attempts, questions, sessions = mock_interview_attempts.c, mock_interview_exchanges.c, mock_interviews.c
    return (
        sa.select(
            attempts.id.label("attempt_id"),
            attempts.exchange_id,
            attempts.interview_id,
            *(attempts[name] for name in _ATTEMPT_COLUMNS),
            questions.order.label("question_order"),
            questions.question_text,
            questions.competency,
            questions.question_type,
            questions.follow_up_of,
            sessions.is_sample,
            sessions.user_id,
            sessions.bundle,
            sessions.created_at.label("interview_created_at"),
            users.c.name.label("person"),
            stated_jobs.title(job_descriptions.c.title).label("job_title"),
        )
        .join_from(mock_interview_attempts, mock_interview_exchanges, questions.id == attempts.exchange_id)
        .join(mock_interviews, sessions.id == attempts.interview_id)
        .outerjoin(users, users.c.id == sessions.user_id)
        .outerjoin(job_descriptions, job_descriptions.c.id == sessions.job_description_id)
        .where(attempts.status != AttemptStatus.DISCARDED.value)
        .order_by(sessions.created_at, questions.order, attempts.attempt_number, attempts.id)
    )


def _newest_and_judged(most: int) -> sa.CompoundSelect[tuple[str]]:
    c = mock_interview_attempts.c
    scored = sa.select(c.id).where(c.overall_score.is_not(None)).order_by(c.created_at.desc(), c.id)
    return sa.union(sa.select(scored.limit(most).subquery().c.id), sa.select(human_reviews.c.attempt_id))


def usage_rows(connection: sa.Connection, interview_id: str) -> Rows:
    """Usage of one session in the order it happened."""
    table = usage_tracking
    query = sa.select(table).where(table.c.interview_id == interview_id).order_by(table.c.occurred_at, table.c.event_id)
    return _rows(connection, query)


def review_rows(connection: sa.Connection, interview_id: str | None = None) -> Rows:
    """Human reviews with the machine's scores beside them."""
    attempts = mock_interview_attempts.c
    query = (
        sa.select(human_reviews, attempts.overall_score.label("machine_overall"), attempts.interview_id)
        .join_from(human_reviews, mock_interview_attempts, attempts.id == human_reviews.c.attempt_id)
        .order_by(human_reviews.c.created_at, human_reviews.c.id)
    )
    if interview_id is not None:
        query = query.where(attempts.interview_id == interview_id)
    return _rows(connection, query)


def totals(connection: sa.Connection) -> dict[str, int]:
    """How many rows the main tables hold."""
    tables = (mock_interviews, mock_interview_attempts, usage_tracking)
    return {
        table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0)
        for table in tables
    }


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> Rows:
    return [dict(row) for row in connection.execute(query).mappings()]
