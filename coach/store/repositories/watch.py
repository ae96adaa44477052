"""How answers went by day, bundle and person, summed in the database; never what was said."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus
from coach.store.repositories import samples
from coach.store.tables.billing import watch_alerts
from coach.store.tables.core import mock_interview_attempts, mock_interviews, usage_tracking

FINISHED = (AttemptStatus.EVALUATED.value, AttemptStatus.DELAYED.value)


@dataclass(frozen=True, slots=True)
class PersonDay:
    """One person's answers of one UTC day under one bundle: `sums` and `counts` by metric.

    Metrics: `overall` (0-10), `guards` and `delayed` (answers a guard changed, answers whose feedback was delayed),
    `first_scores_s` (Finish to scores without the person's own look over the transcript, seconds), `cost_usd`.
    """

    day: datetime
    bundle: str
    user_id: str
    sums: dict[str, float]
    counts: dict[str, int]


def by_person_and_day(
    connection: sa.Connection, since: datetime, until: datetime, *, of_samples: bool = False
) -> list[PersonDay]:
    """What was answered from `since` until before `until`, of real people or of invented ones."""
    a, i = mock_interview_attempts.c, mock_interviews.c
    paid = (
        sa.select(usage_tracking.c.attempt_id, sa.func.sum(usage_tracking.c.cost_usd).label("cost_usd"))
        .where(usage_tracking.c.attempt_id.is_not(None), usage_tracking.c.occurred_at >= since)
        .group_by(usage_tracking.c.attempt_id)
        .subquery()
    )
    values = {
        "overall": a.overall_score,
        "guards": _flag(sa.func.coalesce(a.guard_count, 0) > 0),
        "delayed": _flag(a.status == AttemptStatus.DELAYED.value),
        "first_scores_s": _own_latency(a.timeline) / 1000,
        "cost_usd": sa.cast(paid.c.cost_usd, sa.Double()),
    }
    day = sa.func.date_trunc("day", sa.func.timezone("UTC", a.created_at))
    query = (
        sa.select(
            day.label("day"),
            a.prompt_version,
            i.user_id,
            *(sa.func.coalesce(sa.func.sum(value), 0.0).label(f"sum_{name}") for name, value in values.items()),
            *(sa.func.count(value).label(f"n_{name}") for name, value in values.items()),
        )
        .join_from(mock_interview_attempts, mock_interviews, i.id == a.interview_id)
        .outerjoin(paid, paid.c.attempt_id == a.id)
        .where(a.created_at >= since, a.created_at < until, a.status.in_(FINISHED), a.prompt_version != "")
        .where(i.is_sample.is_(of_samples), samples.belongs(i.user_id, to_samples=of_samples))
        .group_by(day, a.prompt_version, i.user_id)
        .order_by(day, a.prompt_version, i.user_id)
    )
    return [_person_day(dict(row), list(values)) for row in connection.execute(query).mappings()]


def recent_alerts(connection: sa.Connection, since: datetime) -> list[dict[str, Any]]:
    """Alerts raised since a moment, newest first."""
    c = watch_alerts.c
    query = sa.select(watch_alerts).where(c.raised_at >= since).order_by(c.raised_at.desc(), c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def _own_latency(timeline: sa.ColumnElement[object]) -> sa.ColumnElement[object]:
    def mark(name: str) -> sa.ColumnElement[object]:
        return timeline[name].as_float()

    looked = sa.func.coalesce(mark("reviewed") - mark("transcript_final"), 0.0)
    return mark("first_scores") - sa.case((looked > 0, looked), else_=0.0)


def _flag(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[float]:
    return sa.case((condition, 1.0), else_=0.0)


def _person_day(row: dict[str, Any], names: list[str]) -> PersonDay:
    return PersonDay(
        day=row["day"].replace(tzinfo=UTC),
        bundle=row["prompt_version"],
        user_id=row["user_id"],
        sums={name: float(row[f"sum_{name}"]) for name in names},
        counts={name: int(row[f"n_{name}"]) for name in names},
    )
