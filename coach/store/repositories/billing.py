"""Accounts, credits, reserved interviews, received webhooks and saved scenarios: plain functions on a connection."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.usage import usage_event_id
from coach.errors import ConflictError, NotFoundError
from coach.store.repositories.billing_records import RESERVATION, Account, AvatarUse, Credits, Payment, Standing, Use
from coach.store.tables.billing import (
    billing_accounts,
    billing_credits,
    billing_payments,
    billing_uses,
    billing_webhooks,
    economics_scenarios,
)
from coach.store.tables.core import usage_tracking


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


def save_scenario(
    connection: sa.Connection,
    name: str,
    scenario: dict[str, object],
    now: datetime,
    *,
    seen: dict[str, object] | None = None,
) -> None:
    """Saves a scenario under its name; `seen` is what stood there when its author looked, None where nothing did.

    Raises:
        ConflictError: something else stands there.
    """
    c = economics_scenarios.c
    stands = connection.execute(sa.select(c.scenario).where(c.name == name)).scalar()
    if stands is not None and stands not in (seen, scenario):
        raise ConflictError(
            f"There is a saved scenario called {name} that you have not seen.", mend="Load it, or choose another name."
        )
    values = {"scenario": scenario, "updated_at": now}
    statement = insert(economics_scenarios).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def delete_scenario(connection: sa.Connection, name: str) -> None:
    """Forgets a scenario.

    Raises:
        NotFoundError: there is none of this name.
    """
    c = economics_scenarios.c
    if connection.execute(sa.delete(economics_scenarios).where(c.name == name).returning(c.name)).first() is None:
        raise NotFoundError(f"There is no saved scenario called {name}.")


def user_of(connection: sa.Connection, use_id: str) -> str | None:
    """Whose use it is."""
    return connection.execute(sa.select(billing_uses.c.user_id).where(billing_uses.c.use_id == use_id)).scalar()


def keep_payment(connection: sa.Connection, payment: Payment) -> None:
    """Notes a payment; one of the same identity is replaced, in whatever order they come.

    A refund only grows, and keeps its first day. Of a dispute the latest word counts, and its day.
    """
    values = {name: getattr(payment, name) for name in Payment.__slots__}
    c, statement = billing_payments.c, insert(billing_payments).values(values)
    new = statement.excluded
    kept: dict[str, Any] = {"kind": new.kind, "cents": new.cents, "paid_at": new.paid_at}
    later: sa.ColumnElement[bool] | None = c.paid_at <= new.paid_at
    if payment.kind == "refunded":
        kept = {"cents": sa.func.least(c.cents, new.cents), "paid_at": sa.func.least(c.paid_at, new.paid_at)}
        later = None
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=kept, where=later))


def payments(connection: sa.Connection) -> list[Payment]:
    """All payments by time."""
    c = billing_payments.c
    query = sa.select(billing_payments).order_by(c.paid_at, c.id)
    return [Payment(**row) for row in connection.execute(query).mappings()]


def uses_query() -> sa.Select[object]:
    """Uses with whether anything of them was recorded."""
    u = billing_uses.c
    used = sa.exists().where(usage_tracking.c.event_id == u.use_id)
    return sa.select(u.use_id, u.plan_id, u.source, u.level, u.reserved_at, used.label("used"), u.returned_at)


def _uses(connection: sa.Connection, user_id: str, now: datetime) -> tuple[Use, ...]:
    rows = connection.execute(uses_query().where(billing_uses.c.user_id == user_id)).mappings()
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
