"""What recorded interviews used and how long they took: facts a model of cost is fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from coach.store.tables.core import (
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    usage_tracking,
    users,
)

_HEARINGS = ("live", "batch")
NEWEST = 1_000
"""Interviews that are looked at: the mean of their 3,000 and more answers is known to a fiftieth of its spread, and how
people practise now says more than how they did. All of a million answers took ten seconds for each page."""

PICKED = 100
"""Customers whose whole history a plan is tried on: their mean margin is known to a tenth of its spread. Picked by
a hash of their id, which has nothing to do with what they did."""


@dataclass(frozen=True, slots=True)
class AnswerFact:
    """One attempt as the cost model sees it."""

    interview_id: str
    attempt_number: int
    is_follow_up: bool
    discarded: bool
    duration_s: float
    word_count: int | None


@dataclass(frozen=True, slots=True)
class HeardFact:
    """Answers transcribed while they were spoken, and how many of them were transcribed again from the recording."""

    live: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class RecordedFacts:
    """What is recorded: finished or started interviews, their questions, follow-ups, answers and model tokens."""

    interviews: int
    questions: int
    follow_ups: int
    answers: tuple[AnswerFact, ...]
    tokens: tuple[tuple[str, str, float], ...]
    """(call, kind of token, quantity) of every model call."""
    heard: HeardFact


@dataclass(frozen=True, slots=True)
class InterviewUse:
    """One interview of a person: when it began, what vendors took (USD, as billed) and how many retries it had."""

    interview_id: str
    user_id: str
    begun_at: datetime
    cost_usd: Decimal
    retries: int


@dataclass(frozen=True, slots=True)
class RecordedUse:
    """What customers used, oldest interview first; how many these are of all who practised."""

    interviews: tuple[InterviewUse, ...]
    customers: int
    of_customers: int


def use_of_customers(connection: sa.Connection, *, customers: int = PICKED) -> RecordedUse:
    """Every interview with use of so many customers, the same ones each time; samples are nobody's."""
    practised = sa.exists().where(mock_interviews.c.user_id == users.c.id, mock_interviews.c.is_sample.is_(False))
    everybody = connection.execute(sa.select(sa.func.count()).select_from(users).where(practised)).scalar_one()
    picked = sa.select(users.c.id).where(practised).order_by(sa.func.md5(users.c.id)).limit(customers)
    found = [*connection.execute(picked).scalars()]
    return RecordedUse(tuple(_interview_uses(connection, found)), len(found), int(everybody))


def _interview_uses(connection: sa.Connection, people: Sequence[str]) -> list[InterviewUse]:
    u, i = usage_tracking.c, mock_interviews.c
    retried = sa.case((u.meter.in_(("answer.retried", "answer.retried_extra")), u.quantity), else_=0)
    begun, cost = sa.func.min(u.occurred_at), sa.func.coalesce(sa.func.sum(u.cost_usd), 0)
    query = (
        sa.select(u.interview_id, u.user_id, begun, cost, sa.func.sum(retried))
        .join(mock_interviews, i.id == u.interview_id)
        .where(u.user_id.is_not(None), i.is_sample.is_(False), i.user_id.in_(people))
        .group_by(u.interview_id, u.user_id)
        .order_by(begun, u.interview_id)
    )
    return [
        InterviewUse(interview, user, at, Decimal(usd), int(retries))
        for interview, user, at, usd, retries in connection.execute(query)
    ]


def recorded_facts(connection: sa.Connection, *, with_samples: bool = False) -> RecordedFacts:
    """Facts of the `NEWEST` interviews that were started; sample content only when asked for."""
    i, e, a = mock_interviews.c, mock_interview_exchanges.c, mock_interview_attempts.c
    wanted = [i.status != "planned"] + ([] if with_samples else [i.is_sample.is_(False)])
    newest = sa.select(i.id).where(*wanted).order_by(i.created_at.desc(), i.id).limit(NEWEST)
    started: list[sa.ColumnElement[bool]] = [i.id.in_(newest)]
    interviews = connection.execute(
        sa.select(sa.func.count()).select_from(mock_interviews).where(*started)
    ).scalar_one()
    answered = sa.exists().where(a.exchange_id == e.id, a.status != "discarded")
    questions = (
        sa.select(e.follow_up_of.is_(None).label("main"), sa.func.count().label("n"))
        .select_from(mock_interview_exchanges.join(mock_interviews, i.id == e.interview_id))
        .where(*started, answered)
        .group_by(e.follow_up_of.is_(None))
    )
    counts = {row.main: row.n for row in connection.execute(questions)}
    return RecordedFacts(
        interviews=int(interviews),
        questions=counts.get(True, 0),
        follow_ups=counts.get(False, 0),
        answers=_answers(connection, started),
        tokens=_tokens(connection, started),
        heard=_heard(connection, started),
    )


def _answers(connection: sa.Connection, started: list[sa.ColumnElement[bool]]) -> tuple[AnswerFact, ...]:
    i, e, a = mock_interviews.c, mock_interview_exchanges.c, mock_interview_attempts.c
    joined = mock_interview_attempts.join(mock_interview_exchanges, e.id == a.exchange_id).join(
        mock_interviews, i.id == a.interview_id
    )
    query = (
        sa.select(a.interview_id, a.attempt_number, e.follow_up_of, a.status, a.duration_seconds, a.word_count)
        .select_from(joined)
        .where(*started, a.duration_seconds > 0)
    )
    return tuple(
        AnswerFact(row[0], row[1], row[2] is not None, row[3] == "discarded", row[4], row[5])
        for row in connection.execute(query)
    )


def _tokens(connection: sa.Connection, started: list[sa.ColumnElement[bool]]) -> tuple[tuple[str, str, float], ...]:
    c = usage_tracking.c
    joined = usage_tracking.join(mock_interviews, mock_interviews.c.id == c.interview_id)
    query = (
        sa.select(c.attempt_id, c.call_id, c.meter, c.quantity)
        .select_from(joined)
        .where(*started, c.unit == "token", c.attempt_id.is_not(None))
    )
    return tuple(
        (f"{row.attempt_id}/{row.call_id}", row.meter.rpartition(".")[2], float(row.quantity))
        for row in connection.execute(query)
    )


def _heard(connection: sa.Connection, started: list[sa.ColumnElement[bool]]) -> HeardFact:
    """Answers that were thrown away are left out: they are never heard again."""
    c, a = usage_tracking.c, mock_interview_attempts.c
    joined = usage_tracking.join(mock_interviews, mock_interviews.c.id == c.interview_id).join(
        mock_interview_attempts, a.id == c.attempt_id
    )
    by_answer = (
        sa.select(*(sa.func.max(sa.case((c.meter.like(f"%.{kind}"), 1), else_=0)).label(kind) for kind in _HEARINGS))
        .select_from(joined)
        .where(*started, c.unit == "second", a.status != "discarded", c.quantity > 0)
        .group_by(c.attempt_id)
        .subquery()
    )
    live, again = (by_answer.c[kind] for kind in _HEARINGS)
    sums = sa.select(sa.func.coalesce(sa.func.sum(live), 0), sa.func.coalesce(sa.func.sum(live * again), 0))
    counted = connection.execute(sums).one()
    return HeardFact(int(counted[0]), int(counted[1]))
