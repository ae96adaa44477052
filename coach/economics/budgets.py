"""Budgets: what may be spent in a day or a month before somebody is told, for all together or for each customer.

At 80 % and at 100 % of a budget an alert is raised, once for each period, and told by mail and webhook, each until it
arrived.
A message carries ids and amounts, never a name or a word somebody said. A webhook may arrive twice (the `id` is the
same then): whoever died while telling cannot say whether it had arrived.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from urllib.parse import urlsplit

from coach.contracts.alert_message import AlertMessage, Delivery, Tell
from coach.contracts.base import Record
from coach.contracts.interview import new_id
from coach.economics.outside import refuse_inside
from coach.errors import InputError, NotFoundError
from coach.store import SqlStore
from coach.store.repositories import budgets as rows
from coach.store.repositories.alerts import MOST_TRIES, next_try, ways
from coach.store.repositories.budgets import EVERY_CUSTOMER, Budget, BudgetAlert

__all__ = ["Budget", "BudgetAlert", "Budgets", "Checked", "check", "period_start", "sentence"]
LEVELS = (80, 100)
MOST_USD = 1_000_000_000
Scope = Literal["all", "customer"]
Period = Literal["day", "month"]


class Checked(Record):
    """What one look at the budgets came to."""

    raised: int
    told: int
    failed: int


def new_budget(
    scope: Scope,
    period: Period,
    usd: Decimal,
    *,
    email: str = "",
    webhook: str = "",
    inside: bool = False,
    now: datetime | None = None,
) -> Budget:
    """A budget ready to be kept; `inside`: its webhook may name an address inside this network.

    Raises:
        InputError: no amount above 0, an address that is none, or one that is not allowed.
    """
    if not usd.is_finite() or not 0 < usd <= MOST_USD:
        raise InputError(f"A budget needs an amount above $0 and up to ${MOST_USD:,}.")
    if email and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", email):
        raise InputError(f"'{email}' is no mail address.")
    if webhook and not _is_address(webhook):
        raise InputError("A webhook needs an address that begins with http:// or https://.")
    if webhook and not inside:
        refuse_inside(urlsplit(webhook).hostname or "")
    return Budget(new_id(), scope, period, usd, email, webhook, now or datetime.now(UTC))


def _is_address(webhook: str) -> bool:
    try:
        parts = urlsplit(webhook)
        return bool(re.fullmatch(r"https?://[^\s/]+\S*", webhook) and parts.hostname and parts.port != 0)
    except ValueError:
        return False


class Budgets:
    """The budgets of an installation, as a page or a command changes them."""

    def __init__(self, store: SqlStore, *, inside: bool = False) -> None:
        """Keeps them in `store`; `inside`: webhooks may name addresses inside this network."""
        self._store, self._inside = store, inside

    def listed(self) -> list[Budget]:
        """Every budget, the oldest first."""
        return self._store.run(rows.all_budgets)

    def add(self, scope: Scope, period: Period, usd: Decimal, *, email: str = "", webhook: str = "") -> Budget:
        """Keeps a new one.

        Raises:
            InputError: no amount above 0, an address that is none, or one that is not allowed.
        """
        made = new_budget(scope, period, usd, email=email, webhook=webhook, inside=self._inside)
        self._store.run(rows.keep, made)
        return made

    def remove(self, budget_id: str) -> None:
        """Takes one away.

        Raises:
            NotFoundError: there is no such budget.
        """
        if not self._store.run(rows.remove, budget_id):
            raise NotFoundError(f"There is no budget '{budget_id}'.", mend="List them with `budget list`.")

    def standing(self, now: datetime | None = None) -> list[tuple[Budget, str, Decimal]]:
        """Each budget with who has used most of it in the present period, and how much, in USD."""
        moment = now or _now()
        found = []
        for budget in self.listed():
            spent = _spent(self._store, budget, moment)
            user, usd = max(spent, key=lambda each: each[1], default=("", Decimal(0)))
            found.append((budget, user, usd))
        return found

    def open_alerts(self, now: datetime | None = None) -> list[tuple[Budget, BudgetAlert]]:
        """Alerts of periods that are not over, the highest level of each alone."""
        moment = now or _now()
        known = {budget.id: budget for budget in self.listed()}
        highest: dict[tuple[str, str], tuple[Budget, BudgetAlert]] = {}
        for alert in self._store.run(rows.recent, moment - timedelta(days=31)):
            budget = known.get(alert.budget_id)
            if budget and alert.period_start == period_start(budget.period, moment):
                key = (alert.budget_id, alert.user_id)
                if key not in highest or highest[key][1].level < alert.level:
                    highest[key] = (budget, alert)
        return list(highest.values())


def check(store: SqlStore, tell: Tell, *, clock: Callable[[], datetime] | None = None) -> Checked:
    """Raises what is due and tells what nobody was told of; blocking. Two processes at once tell each alert once."""
    now = (clock or _now)()
    known = {budget.id: budget for budget in store.run(rows.all_budgets)}
    due = [alert for budget in known.values() for alert in passed(budget, _spent(store, budget, now), now)]
    raised = store.run(rows.raise_alerts, due)
    told = failed = 0
    while alert := store.run(rows.claim, now := (clock or _now)(), MOST_TRIES):
        outcome = tell(notice(known[alert.budget_id], alert)) if alert.budget_id in known else Delivery()
        told_at, retry_at = None if outcome.error else now, next_try(now, alert.tries)
        store.run(rows.settle, alert.id, told_at=told_at, retry_at=retry_at, outcome=outcome)
        told, failed = told + (not outcome.error), failed + bool(outcome.error)
    return Checked(raised=raised, told=told, failed=failed)


def passed(budget: Budget, spent: Iterable[tuple[str, Decimal]], now: datetime) -> list[BudgetAlert]:
    """An alert for the highest level that was reached, the same one whenever it is asked within a period."""
    start = period_start(budget.period, now)
    return [
        BudgetAlert(
            id=_alert_id(budget.id, user, start, level),
            budget_id=budget.id,
            user_id=user,
            period_start=start,
            level=level,
            spent_usd=usd,
            raised_at=now,
            told_at=None,
            tries=0,
            next_try_at=now,
            error=None,
        )
        for user, usd in spent
        for level in [max((level for level in LEVELS if usd * 100 >= budget.usd * level), default=0)]
        if level
    ]


def period_start(period: str, now: datetime) -> datetime:
    """The UTC day or month that `now` is in."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if period == "month" else day


def sentence(budget: Budget, alert: BudgetAlert) -> str:
    """The alert in words."""
    whose = f"Customer {alert.user_id} has" if alert.user_id else "This installation has"
    share = alert.spent_usd / budget.usd
    when = f"{alert.period_start:%-d %B %Y}" if budget.period == "day" else f"{alert.period_start:%B %Y}"
    return f"{whose} used {_usd(alert.spent_usd)} of {_usd(budget.usd)} ({share:.0%}) on {when}."


def _usd(amount: Decimal) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:,.4f}"


def notice(budget: Budget, alert: BudgetAlert) -> AlertMessage:
    """The alert as it is told."""
    return AlertMessage(
        id=alert.id,
        subject=f"Job Foxy: {alert.level} % of a budget is used",
        text=sentence(budget, alert),
        email=budget.email,
        webhook=budget.webhook,
        arrived=ways(alert.arrived),
        body={
            "type": "budget.passed",
            "level_percent": alert.level,
            "user_id": alert.user_id or None,
            "period": budget.period,
            "period_start": alert.period_start.isoformat(),
            "spent_usd": str(alert.spent_usd),
            "budget_usd": str(budget.usd),
        },
    )


def _spent(store: SqlStore, budget: Budget, now: datetime) -> list[tuple[str, Decimal]]:
    since = period_start(budget.period, now)
    return sorted(store.run(rows.spent, since, by_customer=budget.scope == EVERY_CUSTOMER).items())


def _alert_id(budget_id: str, user_id: str, start: datetime, level: int) -> str:
    body = f"{budget_id}\x1f{user_id}\x1f{start.isoformat()}\x1f{level}"
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def _now() -> datetime:
    return datetime.now(UTC)
