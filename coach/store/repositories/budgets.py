"""Spending limits an operator wants to hear of, and the alerts that were raised; sums are the ledger's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.alert_message import Delivery
from coach.store.repositories import alerts
from coach.store.tables.billing import budget_alerts, budgets
from coach.store.tables.core import mock_interviews, usage_tracking

EVERY_CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Budget:
    """`usd` per `period` (`day` or `month`, UTC) of `scope`: `all`, or `customer` for each person by themselves."""

    id: str
    scope: str
    period: str
    usd: Decimal
    email: str
    webhook: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """One level (per cent of the budget) that was passed in one period; `user_id` empty for the whole installation."""

    id: str
    budget_id: str
    user_id: str
    period_start: datetime
    level: int
    spent_usd: Decimal
    raised_at: datetime
    told_at: datetime | None
    tries: int
    next_try_at: datetime | None
    error: str | None
    arrived: str | None = None


def keep(connection: sa.Connection, budget: Budget) -> None:
    """Adds or changes a budget."""
    values = {name: getattr(budget, name) for name in Budget.__slots__}
    statement = insert(budgets).values(values)
    changed = {name: statement.excluded[name] for name in values if name not in ("id", "created_at")}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def remove(connection: sa.Connection, budget_id: str) -> bool:
    """Takes a budget and its alerts away; False when it was not there."""
    connection.execute(sa.delete(budget_alerts).where(budget_alerts.c.budget_id == budget_id))
    gone = connection.execute(sa.delete(budgets).where(budgets.c.id == budget_id).returning(budgets.c.id)).all()
    return bool(gone)


def all_budgets(connection: sa.Connection) -> list[Budget]:
    """Every budget, the oldest first."""
    rows = connection.execute(sa.select(budgets).order_by(budgets.c.created_at, budgets.c.id)).mappings()
    return [Budget(**row) for row in rows]


def spent(connection: sa.Connection, since: datetime, *, by_customer: bool) -> dict[str, Decimal]:
    """USD since a moment, by person, or under the empty name for everybody together. Samples are nobody's."""
    c = usage_tracking.c
    total = sa.func.coalesce(sa.func.sum(c.cost_usd), 0)
    samples = sa.select(mock_interviews.c.id).where(mock_interviews.c.is_sample.is_(True))
    mine = (c.occurred_at >= since, sa.or_(c.interview_id.is_(None), c.interview_id.not_in(samples)))
    if not by_customer:
        return {"": Decimal(connection.execute(sa.select(total).where(*mine)).scalar_one())}
    query = sa.select(c.user_id, total).where(*mine, c.user_id.is_not(None)).group_by(c.user_id)
    return {user: Decimal(usd) for user, usd in connection.execute(query)}


def raise_alerts(connection: sa.Connection, raised: Sequence[BudgetAlert]) -> int:
    """Writes down alerts that were not raised before; returns how many are new."""
    rows = [{name: getattr(alert, name) for name in BudgetAlert.__slots__} for alert in raised]
    return alerts.raise_once(connection, budget_alerts, rows)


def claim(connection: sa.Connection, now: datetime, most_tries: int) -> BudgetAlert | None:
    """Takes an alert that nobody was told of yet; see `alerts.claim`."""
    row = alerts.claim(connection, budget_alerts, now, most_tries)
    return BudgetAlert(**row) if row else None


def settle(
    connection: sa.Connection, alert_id: str, *, told_at: datetime | None, retry_at: datetime, outcome: Delivery
) -> None:
    """What became of telling."""
    alerts.settle(connection, budget_alerts, alert_id, told_at=told_at, retry_at=retry_at, outcome=outcome)


def recent(connection: sa.Connection, since: datetime) -> list[BudgetAlert]:
    """Alerts raised since a moment, newest first."""
    c = budget_alerts.c
    query = sa.select(budget_alerts).where(c.raised_at >= since).order_by(c.raised_at.desc(), c.level.desc(), c.id)
    return [BudgetAlert(**row) for row in connection.execute(query).mappings()]
