"""Accounts, credits, reserved interviews, received webhooks and saved scenarios: plain functions on a connection."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.usage import usage_event_id
from coach.errors import StoreError
from coach.store.tables.billing import (
    billing_accounts,
    billing_credits,
    billing_payments,
    billing_uses,
    billing_webhooks,
    economics_scenarios,
)
from coach.store.tables.core import mock_interview_attempts, mock_interviews, usage_tracking

Decision = TypeVar("Decision")
RESERVATION = timedelta(hours=24)
"""An interview that was started but never gave feedback is not charged; its place is free again after this."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person's standing with billing. `status` is the subscription's ("none" without one)."""

    user_id: str
    stripe_customer_id: str | None = None
    plan_id: str | None = None
    subscription_id: str | None = None
    status: str = "none"
    period_start: datetime | None = None
    period_end: datetime | None = None
    payment_failed: bool = False
    overage_agreed: bool = False
    state_at: datetime | None = None
    payment_at: datetime | None = None
    past_due_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credits:
    """One bought pack. `id` is the checkout session, so that buying is idempotent."""

    id: str
    user_id: str
    plan_id: str
    interviews: int
    payment_id: str
    bought_at: datetime
    expires_at: datetime
    refunded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One interview taken from a source (`trial`, `pack:<credits id>`, `subscription:<id>`)."""

    use_id: str
    plan_id: str
    source: str
    level: str
    reserved_at: datetime
    used: bool
    returned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AvatarUse:
    """Credits the vendor counted and seconds connected, of one interview."""

    credits: Decimal = Decimal(0)
    seconds: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """All that an entitlement is decided from. Reservations that ran out and uses given back are left out."""

    account: Account
    credits: tuple[Credits, ...]
    uses: tuple[Use, ...]
    avatar: dict[str, AvatarUse]
    """What the avatar used, by the use (interview) it was for."""


def account_of(connection: sa.Connection, user_id: str) -> Account:
    """The account; an empty one when there is none yet."""
    row = (
        connection.execute(sa.select(billing_accounts).where(billing_accounts.c.user_id == user_id)).mappings().first()
    )
    return Account(**row) if row else Account(user_id)


def account_by_customer(connection: sa.Connection, customer_id: str) -> Account | None:
    """The account of a Stripe customer."""
    query = sa.select(billing_accounts).where(billing_accounts.c.stripe_customer_id == customer_id)
    row = connection.execute(query).mappings().first()
    return Account(**row) if row else None


def accounts(connection: sa.Connection) -> list[Account]:
    """All accounts, by user."""
    rows = connection.execute(sa.select(billing_accounts).order_by(billing_accounts.c.user_id)).mappings()
    return [Account(**row) for row in rows]


def change_account(connection: sa.Connection, /, user_id: str, **values: Any) -> None:
    """Creates the account or changes the named fields."""
    empty = {"status": "none", "payment_failed": False, "overage_agreed": False}
    statement = insert(billing_accounts).values(user_id=user_id, **(empty | values))
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values or {"user_id": user_id}))


def add_credits(connection: sa.Connection, bought: Credits) -> bool:
    """Adds a bought pack; False when it was there already."""
    values = {name: getattr(bought, name) for name in Credits.__slots__}
    statement = insert(billing_credits).values(values).on_conflict_do_nothing().returning(billing_credits.c.id)
    return connection.execute(statement).first() is not None


def refund_credits(connection: sa.Connection, payment_id: str, at: datetime) -> bool:
    """Takes back what is left of the pack bought with a payment; False when there is none or it was done."""
    c = billing_credits.c
    change = sa.update(billing_credits).where(c.payment_id == payment_id, c.refunded_at.is_(None))
    return connection.execute(change.values(refunded_at=at).returning(c.id)).first() is not None


def standing(connection: sa.Connection, user_id: str, now: datetime) -> Standing:
    """Account, packs, uses and avatar seconds of one person."""
    c = billing_credits.c
    query = sa.select(billing_credits).where(c.user_id == user_id).order_by(c.expires_at, c.id)
    packs = tuple(Credits(**row) for row in connection.execute(query).mappings())
    return Standing(
        account_of(connection, user_id), packs, _uses(connection, user_id, now), _avatar(connection, user_id)
    )


def reserve(
    connection: sa.Connection,
    user_id: str,
    use_id: str,
    now: datetime,
    decide: Callable[[Standing], tuple[Decision, Use | None]],
) -> Decision:
    """Reads the standing, lets `decide` judge, and stores the use it grants; all in one transaction, one at a time.

    Two starts at once cannot take the same last interview: the account's row is locked meanwhile.
    """
    change_account(connection, user_id)
    if connection.dialect.name == "postgresql":
        locked = sa.select(billing_accounts.c.user_id).where(billing_accounts.c.user_id == user_id).with_for_update()
        connection.execute(locked)
    decision, use = decide(standing(connection, user_id, now))
    if use is not None:
        row = {
            "use_id": use_id,
            "user_id": user_id,
            "plan_id": use.plan_id,
            "source": use.source,
            "level": use.level,
            "reserved_at": now,
        }
        kept = {name: row[name] for name in ("plan_id", "source", "level", "reserved_at")} | {"returned_at": None}
        statement = insert(billing_uses).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["use_id"], set_=kept))
    return decision


def find_use(connection: sa.Connection, use_id: str) -> Use | None:
    """The reserved or used interview of this identity."""
    row = connection.execute(_uses_query().where(billing_uses.c.use_id == use_id)).mappings().first()
    return Use(**row) if row else None


def retries_of(connection: sa.Connection, interview_id: str) -> int:
    """Retries after feedback of an interview, running ones included."""
    c = mock_interview_attempts.c
    query = sa.select(sa.func.count()).where(
        c.interview_id == interview_id, c.attempt_number > 1, c.status != "discarded"
    )
    return int(connection.execute(query).scalar_one())


def keep_webhook(connection: sa.Connection, event_id: str, kind: str, created: datetime, now: datetime) -> bool:
    """Notes a webhook; False when it was received before."""
    row = {"event_id": event_id, "type": kind, "created_at": created, "received_at": now, "outcome": "received"}
    statement = insert(billing_webhooks).values(row).on_conflict_do_nothing().returning(billing_webhooks.c.event_id)
    return connection.execute(statement).first() is not None


def webhook_outcome(connection: sa.Connection, event_id: str, outcome: str) -> None:
    """Notes what a webhook led to."""
    change = sa.update(billing_webhooks).where(billing_webhooks.c.event_id == event_id)
    connection.execute(change.values(outcome=outcome))


def had_outcome(connection: sa.Connection, outcome: str) -> bool:
    """Whether some webhook led to this."""
    query = sa.select(billing_webhooks.c.event_id).where(billing_webhooks.c.outcome == outcome)
    return connection.execute(query).first() is not None


def scenarios(connection: sa.Connection) -> dict[str, dict[str, object]]:
    """Saved what-if scenarios by name."""
    c = economics_scenarios.c
    return {row.name: row.scenario for row in connection.execute(sa.select(c.name, c.scenario).order_by(c.name))}


def save_scenario(connection: sa.Connection, name: str, scenario: dict[str, object], now: datetime) -> None:
    """Saves a scenario under its name, replacing an older one."""
    values = {"scenario": scenario, "updated_at": now}
    statement = insert(economics_scenarios).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def delete_scenario(connection: sa.Connection, name: str) -> None:
    """Forgets a scenario.

    Raises:
        StoreError: there is none of this name.
    """
    c = economics_scenarios.c
    if connection.execute(sa.delete(economics_scenarios).where(c.name == name).returning(c.name)).first() is None:
        raise StoreError(f"There is no saved scenario called {name}.")


def user_of(connection: sa.Connection, use_id: str) -> str | None:
    """Whose use it is."""
    return connection.execute(sa.select(billing_uses.c.user_id).where(billing_uses.c.use_id == use_id)).scalar()


def taken_interviews(
    connection: sa.Connection, *, user_id: str | None = None, limit: int = 200
) -> list[dict[str, object]]:
    """Interviews with their use, newest first: id, person, plan, when, and `state` (reserved, used, given back)."""
    i, u = mock_interviews.c, billing_uses.c
    query = sa.select(i.id, i.user_id).order_by(i.created_at.desc()).limit(limit)
    query = query.where(i.user_id == user_id) if user_id else query
    known = {usage_event_id(row.id, "interview", "interview.used"): row.id for row in connection.execute(query)}
    rows = connection.execute(_uses_query().add_columns(u.user_id).where(u.use_id.in_(known))).mappings()
    found = [
        {
            "interview_id": known[row["use_id"]],
            "user_id": row["user_id"],
            "plan_id": row["plan_id"],
            "source": row["source"],
            "level": row["level"],
            "reserved_at": row["reserved_at"],
            "state": "given back" if row["returned_at"] else "used" if row["used"] else "reserved",
        }
        for row in rows
    ]
    return sorted(found, key=lambda row: row["reserved_at"], reverse=True)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of one customer: `paid`, `refunded` or `disputed`, in cents. Negative where it went back."""

    id: str
    customer_id: str
    kind: str
    cents: int
    paid_at: datetime


def keep_payment(connection: sa.Connection, payment: Payment) -> None:
    """Notes a payment; one of the same identity is replaced (a refund that grows, a dispute that is won)."""
    values = {name: getattr(payment, name) for name in Payment.__slots__}
    statement = insert(billing_payments).values(values)
    kept = {"kind": payment.kind, "cents": payment.cents}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=kept))


def payments(connection: sa.Connection) -> list[Payment]:
    """All payments by time."""
    c = billing_payments.c
    query = sa.select(billing_payments).order_by(c.paid_at, c.id)
    return [Payment(**row) for row in connection.execute(query).mappings()]


def give_use_back(connection: sa.Connection, use_id: str, now: datetime) -> bool:
    """The interview counts no more; False when there is none or it was given back before."""
    c = billing_uses.c
    change = sa.update(billing_uses).where(c.use_id == use_id, c.returned_at.is_(None))
    return connection.execute(change.values(returned_at=now).returning(c.use_id)).first() is not None


def not_billable(connection: sa.Connection, interview_id: str, vendor: str) -> None:
    """What one vendor's meters counted for an interview is no longer charged to the person; its cost stays."""
    c = usage_tracking.c
    change = sa.update(usage_tracking).where(c.interview_id == interview_id, c.vendor == vendor)
    connection.execute(change.values(billable=False))
    waiting = change.where(c.billed_state == "pending")
    connection.execute(waiting.values(billed_state="skipped"))


def _uses_query() -> sa.Select[object]:
    u = billing_uses.c
    used = sa.exists().where(usage_tracking.c.event_id == u.use_id)
    return sa.select(u.use_id, u.plan_id, u.source, u.level, u.reserved_at, used.label("used"), u.returned_at)


def _uses(connection: sa.Connection, user_id: str, now: datetime) -> tuple[Use, ...]:
    rows = connection.execute(_uses_query().where(billing_uses.c.user_id == user_id)).mappings()
    uses = (Use(**row) for row in rows)
    return tuple(use for use in uses if use.returned_at is None and (use.used or use.reserved_at > now - RESERVATION))


def _avatar(connection: sa.Connection, user_id: str) -> dict[str, AvatarUse]:
    c = usage_tracking.c
    query = sa.select(c.interview_id, c.unit, sa.func.sum(c.quantity)).where(
        c.user_id == user_id, c.vendor == "liveavatar", c.interview_id.is_not(None), c.unit.in_(("credit", "second"))
    )
    used: dict[str, AvatarUse] = {}
    for interview_id, unit, quantity in connection.execute(query.group_by(c.interview_id, c.unit)):
        use_id = usage_event_id(interview_id, "interview", "interview.used")
        name = "credits" if unit == "credit" else "seconds"
        used[use_id] = replace(used.get(use_id, AvatarUse()), **{name: Decimal(quantity)})
    return used
