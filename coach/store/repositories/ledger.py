"""Reading the usage ledger, pricing what had no price, and what the cost model is fitted from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from coach.contracts.usage import UsageEvent
from coach.store.repositories import records, samples
from coach.store.tables.core import mock_interview_attempts, mock_interview_exchanges, mock_interviews, usage_tracking


def usage_events(
    connection: sa.Connection,
    *,
    interview_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    vendors: Sequence[str] = (),
) -> list[UsageEvent]:
    """Usage by time; `until` is exclusive. That of invented people only where their interview is asked for."""
    c = usage_tracking.c
    wanted = [
        samples.belongs(c.user_id, to_samples=False) if not interview_id else None,
        c.interview_id == interview_id if interview_id else None,
        c.occurred_at >= since if since else None,
        c.occurred_at < until if until else None,
        c.vendor.in_(vendors) if vendors else None,
    ]
    query = sa.select(usage_tracking).where(*(clause for clause in wanted if clause is not None))
    rows = connection.execute(query.order_by(c.occurred_at, c.event_id)).mappings()
    return [records.usage_from(row) for row in rows]


@dataclass(frozen=True, slots=True)
class UsageSum:
    """Use of one key on one UTC day at one price entry. `cost_usd` is as billed, the sum of its events."""

    key: str
    day: date
    vendor: str
    meter: str
    unit: str
    price_entry: str
    events: int
    quantity: Decimal
    cost_usd: Decimal
    billable_usd: Decimal
    unpriced: int


_HEARINGS = ("live", "batch")
KEYS = ("vendor", "meter", "day", "user", "interview", "attempt", "bundle")


def usage_sums(
    connection: sa.Connection,
    by: str = "vendor",
    *,
    since: datetime | None = None,
    unpriced_only: bool = False,
    of_samples: bool = False,
) -> list[UsageSum]:
    """Sums per key (one of `KEYS`), day and price, added up by the database; exact, decimals all the way.

    Use of invented people is never among that of real ones: `of_samples` gives theirs alone.
    """
    c = usage_tracking.c
    day = sa.cast(_in_utc(connection, c.occurred_at), sa.Date())
    columns = {
        "user": c.user_id,
        "interview": c.interview_id,
        "attempt": c.attempt_id,
        "day": sa.cast(day, sa.String()),
    }
    key = sa.func.coalesce(columns.get(by, c.get(by)), "(none)")
    cost, zero = sa.func.coalesce(c.cost_usd, 0), sa.literal(0)
    groups = (key, day, c.vendor, c.meter, c.unit, sa.func.coalesce(c.price_entry, ""))
    query = sa.select(
        *groups,
        sa.func.count(),
        sa.func.sum(c.quantity),
        sa.func.sum(cost),
        sa.func.sum(sa.case((c.billable.is_(True), cost), else_=zero)),
        sa.func.sum(sa.case((c.cost_usd.is_(None), 1), else_=0)),
    ).group_by(*groups)
    query = query.where(samples.belongs(c.user_id, to_samples=of_samples))
    if since is not None:
        query = query.where(c.occurred_at >= since)
    if unpriced_only:
        query = query.where(c.cost_usd.is_(None))
    return [_usage_sum(tuple(row)) for row in connection.execute(query.order_by(*groups))]


def _in_utc(connection: sa.Connection, column: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """A server has a time zone of its own; the connection to a DuckDB file is in UTC."""
    return sa.func.timezone("UTC", column) if connection.dialect.name == "postgresql" else column


def _usage_sum(row: tuple[Any, ...]) -> UsageSum:
    key, day, vendor, meter, unit, entry, events, quantity, cost, billable, unpriced = row
    sums = (int(events), Decimal(quantity), Decimal(cost), Decimal(billable), int(unpriced))
    return UsageSum(str(key), day, vendor, meter, unit, entry, *sums)


def price_unpriced(connection: sa.Connection, price: Callable[[list[UsageEvent]], list[UsageEvent]]) -> int:
    """Gives events without a price theirs; a price once written is never changed. Returns how many were priced."""
    c = usage_tracking.c
    rows = connection.execute(sa.select(usage_tracking).where(c.cost_usd.is_(None))).mappings()
    priced = [event for event in price([records.usage_from(row) for row in rows]) if event.cost_usd is not None]
    for event in priced:
        change = sa.update(usage_tracking).where(c.event_id == event.event_id, c.cost_usd.is_(None))
        connection.execute(change.values(cost_usd=event.cost_usd, price_entry=event.price_entry))
    return len(priced)


def count_events(connection: sa.Connection, interview_id: str, meters: Sequence[str], *, but: str = "") -> int:
    """Usage events of an interview with these meters, those of attempt `but` left out."""
    c = usage_tracking.c
    query = sa.select(sa.func.count()).where(c.interview_id == interview_id, c.meter.in_(meters))
    if but:
        query = query.where(c.attempt_id != but)
    return int(connection.execute(query).scalar_one())


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


def interview_uses(connection: sa.Connection) -> list[InterviewUse]:
    """Every interview with use, oldest first; samples are nobody's."""
    u, i = usage_tracking.c, mock_interviews.c
    retried = sa.case((u.meter.in_(("answer.retried", "answer.retried_extra")), u.quantity), else_=0)
    begun, cost = sa.func.min(u.occurred_at), sa.func.coalesce(sa.func.sum(u.cost_usd), 0)
    query = (
        sa.select(u.interview_id, u.user_id, begun, cost, sa.func.sum(retried))
        .join(mock_interviews, i.id == u.interview_id)
        .where(u.user_id.is_not(None), i.is_sample.is_(False))
        .group_by(u.interview_id, u.user_id)
        .order_by(begun, u.interview_id)
    )
    return [
        InterviewUse(interview, user, at, Decimal(usd), int(retries))
        for interview, user, at, usd, retries in connection.execute(query)
    ]


def recorded_facts(connection: sa.Connection, *, with_samples: bool = False) -> RecordedFacts:
    """Facts of all interviews that were started; sample content only when asked for."""
    i, e, a = mock_interviews.c, mock_interview_exchanges.c, mock_interview_attempts.c
    started = [i.status != "planned"] + ([] if with_samples else [i.is_sample.is_(False)])
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
