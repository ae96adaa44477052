"""The trial that shares real interviews out: its definition, its looks, what it brought."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from coach.contracts.interview import new_id
from coach.store.repositories import samples
from coach.store.repositories.in_turn import in_turn
from coach.store.tables.core import (
    experiments,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    star_stories,
    usage_tracking,
)

LIVE = "live"


SAMPLE = "sample"
"""Kind of a split between invented people: shown, never obeyed."""


def set_live_split(connection: sa.Connection, definition: dict[str, object] | None, at: datetime) -> None:
    """Starts a live experiment with `definition` (`name, shares, salt`), ending the one before; None only ends it."""
    in_turn(connection, "live split")
    ended = sa.update(experiments).where(experiments.c.kind == LIVE, experiments.c.status == "running")
    connection.execute(ended.values(status="ended"))
    if definition:
        row = {
            "id": new_id(),
            "name": definition["name"],
            "kind": LIVE,
            "status": "running",
            "definition": definition,
            "created_at": at,
        }
        connection.execute(sa.insert(experiments).values(row))


def live_split(connection: sa.Connection) -> dict[str, Any] | None:
    """The running live experiment with its `id` and `created_at`; None when there is none."""
    query = sa.select(experiments).where(experiments.c.kind == LIVE, experiments.c.status == "running")
    row = connection.execute(query.order_by(experiments.c.created_at.desc())).mappings().first()
    return {**row["definition"], "id": row["id"], "created_at": row["created_at"]} if row else None


def keep_live_look(connection: sa.Connection, experiment_id: str, look: dict[str, object]) -> None:
    """Adds a look to a live experiment; one of the same size is there once."""
    c = experiments.c
    query = sa.select(c.definition).where(c.id == experiment_id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    definition = connection.execute(query).scalar_one()
    looks = definition.get("looks", [])
    if all(known["judged"] != look["judged"] for known in looks):
        changed = {**definition, "looks": [*looks, look]}
        connection.execute(sa.update(experiments).where(c.id == experiment_id).values(definition=changed))


def sample_split(connection: sa.Connection) -> dict[str, Any] | None:
    """The split between the invented people, as `live_split`; no real interview is divided by it."""
    row = connection.execute(sa.select(experiments).where(experiments.c.kind == SAMPLE)).mappings().first()
    return {**row["definition"], "id": row["id"], "name": row["name"], "created_at": row["created_at"]} if row else None


def live_outcomes(
    connection: sa.Connection, since: datetime, *, until: datetime | None = None, of_samples: bool = False
) -> list[dict[str, object]]:
    """One row per evaluated attempt of interviews begun since `since`, and before `until`, with what live experiments
    look at; of real people or invented.
    """
    a, e, i = mock_interview_attempts.c, mock_interview_exchanges.c, mock_interviews.c
    cost = _paid_by_attempt()
    saved = sa.select(star_stories.c.source_attempt_id).where(star_stories.c.source_attempt_id.is_not(None))
    query = (
        sa.select(
            i.id.label("interview_id"),
            i.user_id,
            i.bundle,
            i.status.label("interview_status"),
            e.id.label("exchange_id"),
            e.question_type,
            a.id.label("attempt_id"),
            a.attempt_number,
            a.status,
            a.overall_score,
            a.timeline,
            a.created_at,
            cost.c.cost_usd,
            a.id.in_(saved).label("saved"),
        )
        .join(mock_interview_exchanges, a.exchange_id == e.id)
        .join(mock_interviews, a.interview_id == i.id)
        .outerjoin(cost, cost.c.attempt_id == a.id)
        .where(
            i.created_at >= since,
            i.is_sample.is_(of_samples),
            samples.belongs(i.user_id, to_samples=of_samples),
            a.status != "discarded",
        )
        .order_by(a.created_at, a.id)
    )
    query = query.where(i.created_at < until) if until else query
    return [dict(row) for row in connection.execute(query).mappings()]


def _paid_by_attempt() -> sa.Subquery:
    return (
        sa.select(usage_tracking.c.attempt_id, sa.func.sum(usage_tracking.c.cost_usd).label("cost_usd"))
        .group_by(usage_tracking.c.attempt_id)
        .subquery()
    )
