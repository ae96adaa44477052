"""Interviews, exchanges and attempts: plain functions on a connection, each called inside one transaction."""

import math
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewSnapshot, PlannedQuestion
from coach.contracts.usage import UsageEvent
from coach.errors import ConflictError, NotFoundError
from coach.store.engine.orders import caller_pid
from coach.store.repositories import records
from coach.store.repositories.owners import sealed_for
from coach.store.tables.core import (
    auth_tokens,
    evaluation_claims,
    job_descriptions,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    resumes,
    scoring_noise,
    usage_tracking,
    users,
)

CLAIMABLE = (AttemptStatus.CAPTURED, AttemptStatus.REVIEW, AttemptStatus.DELAYED)
USAGE_BATCH = 500
"""Rows per statement: DuckDB takes milliseconds for each statement, hardly more for each row."""
CLAIM_EXPIRES = timedelta(minutes=15)


def ensure_user(connection: sa.Connection, user_id: str) -> None:
    """Makes sure the user has a row."""
    row = {"id": user_id, "name": user_id, "created_at": datetime.now(UTC)}
    connection.execute(insert(users).values(row).on_conflict_do_nothing())


def create_interview(connection: sa.Connection, interview: Interview, exchanges: Sequence[Exchange]) -> None:
    """Stores a planned interview with its questions; idempotent by id.

    Raises:
        NotFoundError: its job or resume does not exist.
    """
    ensure_user(connection, interview.user_id)
    _require(connection, job_descriptions, interview.job_description_id, "job")
    _require(connection, resumes, interview.resume_id, "resume")
    row = records.interview_row(interview)
    with sealed_for(connection, row):
        connection.execute(insert(mock_interviews).values(row).on_conflict_do_nothing())
    for exchange in exchanges:
        add_exchange(connection, exchange)


def update_interview(connection: sa.Connection, interview: Interview) -> None:
    """Writes the interview's row anew."""
    _update(connection, mock_interviews, records.interview_row(interview))


def add_exchange(connection: sa.Connection, exchange: Exchange) -> None:
    """Stores an exchange; idempotent by id.

    Raises:
        NotFoundError: its interview does not exist.
    """
    _require(connection, mock_interviews, exchange.interview_id, "interview")
    row = records.exchange_row(exchange)
    with sealed_for(connection, row):
        connection.execute(insert(mock_interview_exchanges).values(row).on_conflict_do_nothing())


def update_exchange(connection: sa.Connection, exchange: Exchange) -> None:
    """Writes the exchange's row anew."""
    _update(connection, mock_interview_exchanges, records.exchange_row(exchange))


def add_attempt(connection: sa.Connection, attempt: Attempt) -> None:
    """Stores an attempt; idempotent by id.

    Raises:
        NotFoundError: its exchange does not exist.
        ConflictError: the exchange has another attempt with this number that was not discarded.
    """
    about = {"the_id": attempt.id, "the_question": attempt.exchange_id, "the_number": attempt.attempt_number}
    found = set(connection.execute(_WHAT_IS_THERE, about).scalars())
    if "same" in found:
        return
    if "asked" not in found:
        raise NotFoundError(f"There is no exchange {attempt.exchange_id}.")
    if attempt.status != AttemptStatus.DISCARDED and "taken" in found:
        raise ConflictError(f"This question already has an attempt number {attempt.attempt_number}.")
    row = records.attempt_row(attempt)
    with sealed_for(connection, row):
        connection.execute(_new(connection), row)


def _what_is_there() -> sa.CompoundSelect[str]:
    """In one look: whether there is the same attempt, its question, another attempt of its number. Made once: making it
    takes as long as asking it.
    """
    attempts, questions = mock_interview_attempts.c, mock_interview_exchanges.c
    question = sa.bindparam("the_question", type_=sa.String(64))
    same = sa.select(sa.literal("same")).where(attempts.id == sa.bindparam("the_id", type_=sa.String(64)))
    asked = sa.select(sa.literal("asked")).where(questions.id == question)
    taken = sa.select(sa.literal("taken")).where(
        attempts.exchange_id == question,
        attempts.attempt_number == sa.bindparam("the_number", type_=sa.Integer()),
        attempts.status != AttemptStatus.DISCARDED.value,
    )
    return sa.union_all(same, asked, taken)


_WHAT_IS_THERE = _what_is_there()


def _new(connection: sa.Connection) -> sa.Insert:
    """The INSERT of an attempt, the same for every row, so that it is compiled once; on a server somebody else may have
    written the row meanwhile.

    DuckDB has one writer, and its `ON CONFLICT` costs as much as the rest of the statement three times.
    """
    statement = insert(mock_interview_attempts)
    return statement.on_conflict_do_nothing() if connection.dialect.name == "postgresql" else statement


def update_attempt(connection: sa.Connection, attempt: Attempt) -> None:
    """Writes the attempt's row anew."""
    _update(connection, mock_interview_attempts, records.attempt_row(attempt))


def find_attempt(connection: sa.Connection, attempt_id: str) -> Attempt | None:
    """One attempt; None when unknown."""
    table = mock_interview_attempts
    row = connection.execute(sa.select(table).where(table.c.id == attempt_id)).mappings().first()
    return records.attempt_from(row) if row else None


def load_interview(connection: sa.Connection, interview_id: str) -> InterviewSnapshot | None:
    """An interview, its exchanges by order, its attempts by exchange and number; None when unknown."""
    query = sa.select(mock_interviews).where(mock_interviews.c.id == interview_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    exchanges = mock_interview_exchanges
    questions = (
        sa.select(exchanges).where(exchanges.c.interview_id == interview_id).order_by(exchanges.c.order, exchanges.c.id)
    )
    attempts = mock_interview_attempts
    answers = (
        sa.select(attempts)
        .where(attempts.c.interview_id == interview_id)
        .order_by(attempts.c.attempt_number, attempts.c.created_at, attempts.c.id)
    )
    return InterviewSnapshot(
        interview=records.interview_from(row),
        exchanges=[records.exchange_from(r) for r in connection.execute(questions).mappings()],
        attempts=[records.attempt_from(r) for r in connection.execute(answers).mappings()],
    )


def claim_evaluation(connection: sa.Connection, attempt_id: str, owner: str) -> bool:
    """Compare-and-set of the attempt's status to evaluating; True for exactly one caller."""
    table = mock_interview_attempts
    change = (
        sa.update(table)
        .where(table.c.id == attempt_id, table.c.status.in_([status.value for status in CLAIMABLE]))
        .values(status=AttemptStatus.EVALUATING.value)
        .returning(table.c.id)
    )
    if connection.execute(change).first() is None:
        return False
    _note_claim(connection, attempt_id, owner)
    return True


def keep_and_claim(connection: sa.Connection, attempt: Attempt, owner: str) -> bool:
    """Writes the attempt's row as evaluating where nobody evaluates it; True for exactly one caller."""
    table = mock_interview_attempts
    free = [status.value for status in (AttemptStatus.RECORDING, *CLAIMABLE)]
    row = records.attempt_row(attempt.model_copy(update={"status": AttemptStatus.EVALUATING}))
    values = {name: value for name, value in row.items() if name != "id"}
    change = sa.update(table).where(table.c.id == attempt.id, table.c.status.in_(free)).values(values)
    with sealed_for(connection, row):
        taken = connection.execute(change.returning(table.c.id)).first()
    if taken is None:
        return False
    _note_claim(connection, attempt.id, owner)
    return True


def _note_claim(connection: sa.Connection, attempt_id: str, owner: str) -> None:
    claim = {"owner": owner, "host": socket.gethostname(), "pid": caller_pid(), "claimed_at": datetime.now(UTC)}
    statement = insert(evaluation_claims).values(attempt_id=attempt_id, **claim)
    connection.execute(statement.on_conflict_do_update(index_elements=["attempt_id"], set_=claim))


def complete_attempt(
    connection: sa.Connection, attempt: Attempt, exchange: Exchange, usage: Sequence[UsageEvent]
) -> None:
    """Evaluation, roll-up and usage, all or none; the claim ends."""
    update_attempt(connection, attempt)
    update_exchange(connection, exchange)
    add_usage(connection, usage)
    connection.execute(sa.delete(evaluation_claims).where(evaluation_claims.c.attempt_id == attempt.id))


def add_usage(connection: sa.Connection, usage: Sequence[UsageEvent]) -> None:
    """Stores usage events; one already known is left as it is."""
    for batch in (usage[start : start + USAGE_BATCH] for start in range(0, len(usage), USAGE_BATCH)):
        rows = {event.event_id: records.usage_row(event) for event in reversed(batch)}
        connection.execute(insert(usage_tracking).values(list(rows.values())).on_conflict_do_nothing())


def unfinished_attempts(connection: sa.Connection) -> list[Attempt]:
    """Captured attempts and those whose evaluator died; their claims are released, status captured again."""
    table, claims = mock_interview_attempts, evaluation_claims
    query = sa.select(table, claims.c.host, claims.c.pid, claims.c.claimed_at).select_from(
        table.outerjoin(claims, claims.c.attempt_id == table.c.id)
    )
    wanted = (AttemptStatus.CAPTURED.value, AttemptStatus.EVALUATING.value)
    rows = connection.execute(query.where(table.c.status.in_(wanted)).order_by(table.c.created_at)).mappings().all()
    unfinished = [row for row in rows if row["status"] == AttemptStatus.CAPTURED or not _alive(row)]
    freed = [row["id"] for row in unfinished if row["status"] == AttemptStatus.EVALUATING]
    if freed:
        connection.execute(sa.delete(claims).where(claims.c.attempt_id.in_(freed)))
        connection.execute(sa.update(table).where(table.c.id.in_(freed)).values(status=AttemptStatus.CAPTURED.value))
    captured = {"status": AttemptStatus.CAPTURED}
    return [records.attempt_from(row).model_copy(update=captured) for row in unfinished]


def store_token(connection: sa.Connection, interview_id: str, token_hash: str, expires_at: float) -> None:
    """Keeps the hash of the interview's one token, replacing an older one."""
    values = {"token_hash": token_hash, "expires_at": expires_at, "revoked": False}
    statement = insert(auth_tokens).values(interview_id=interview_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["interview_id"], set_=values))


def existing(connection: sa.Connection, interview_ids: Sequence[str]) -> list[str]:
    """Those of the interviews that are stored."""
    column = mock_interviews.c.id
    return [*connection.execute(sa.select(column).where(column.in_(interview_ids))).scalars()]


def check_token(connection: sa.Connection, token_hash: str, now: float, latest: float = math.inf) -> str | None:
    """The interview a live token belongs to; None when unknown, expired, revoked, or expiring after `latest`."""
    table = auth_tokens
    live = (
        table.c.token_hash == token_hash,
        table.c.expires_at > now,
        table.c.expires_at <= latest,
        table.c.revoked.is_(False),
    )
    return connection.execute(sa.select(table.c.interview_id).where(*live)).scalar()


def revoke_token(connection: sa.Connection, interview_id: str) -> None:
    """Makes the interview's token dead."""
    connection.execute(sa.update(auth_tokens).where(auth_tokens.c.interview_id == interview_id).values(revoked=True))


def scores_noise(connection: sa.Connection, bundle: str) -> float | None:
    """Measured standard deviation of overall on repeated scoring; None when not measured."""
    table = scoring_noise
    return connection.execute(sa.select(table.c.sd_overall).where(table.c.bundle == bundle)).scalar()


def earlier_deliveries(
    connection: sa.Connection, user_id: str, *, transcriber: str, but: str, limit: int
) -> list[DeliveryMetrics]:
    """Measured delivery of the person's latest answers in all interviews, newest first; no sample content."""
    attempts, sessions = mock_interview_attempts.c, mock_interviews.c
    query = (
        sa.select(attempts.delivery_metrics)
        .join_from(mock_interview_attempts, mock_interviews, sessions.id == attempts.interview_id)
        .where(sessions.user_id == user_id, sessions.is_sample.is_(False))
        .where(attempts.transcriber == transcriber, attempts.id != but, attempts.speech_seconds > 0)
        .where(attempts.status != AttemptStatus.DISCARDED.value)
        .order_by(attempts.created_at.desc(), attempts.id)
        .limit(limit)
    )
    return [DeliveryMetrics.model_validate(found) for found in connection.execute(query).scalars()]


def asked_questions(connection: sa.Connection, user_id: str, *, limit: int) -> list[PlannedQuestion]:
    """The questions of the person's interviews, newest first; follow-ups and sample content left out."""
    questions, sessions = mock_interview_exchanges.c, mock_interviews.c
    query = (
        sa.select(questions.question_text, questions.question_type, questions.competency)
        .join_from(mock_interview_exchanges, mock_interviews, sessions.id == questions.interview_id)
        .where(sessions.user_id == user_id, sessions.is_sample.is_(False), questions.follow_up_of.is_(None))
        .order_by(sessions.created_at.desc(), questions.order.desc(), questions.id)
        .limit(limit)
    )
    return [PlannedQuestion(text=t, type=k, competency=c) for t, k, c in connection.execute(query)]


def _alive(claim: sa.RowMapping) -> bool:
    """Whether a claim's evaluator may still be at work: another live process here, or a recent one elsewhere."""
    if claim["pid"] is None:
        return False
    if claim["host"] != socket.gethostname():
        return datetime.now(UTC) - claim["claimed_at"] < CLAIM_EXPIRES
    if claim["pid"] == caller_pid():
        return False
    try:
        os.kill(claim["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _exists(connection: sa.Connection, table: sa.Table, row_id: str) -> bool:
    return connection.execute(sa.select(table.c.id).where(table.c.id == row_id)).first() is not None


def _require(connection: sa.Connection, table: sa.Table, row_id: str | None, noun: str) -> None:
    if row_id is not None and not _exists(connection, table, row_id):
        raise NotFoundError(f"There is no {noun} {row_id}.")


def _update(connection: sa.Connection, table: sa.Table, row: records.Row) -> None:
    values = {name: value for name, value in row.items() if name != "id"}
    change = sa.update(table).where(table.c.id == row["id"]).values(values).returning(table.c.id)
    with sealed_for(connection, row):
        changed = connection.execute(change).first()
    if changed is None:
        raise NotFoundError(f"There is nothing stored under {row['id']}.")
