"""The billing outbox: usage that must reach Stripe, written before it is sent and settled after.

pending → sending → sent; retry after a passing fault; rejected when Stripe refuses for good; unknown when nobody can
say any more; written_off, cancelled and credited by decision. The identity is the usage event's, for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.store.repositories.outbox_sums import OPEN, MeterNames, OutboxRow, metered, named_event
from coach.store.tables.billing import billing_accounts, billing_outbox
from coach.store.tables.columns import UtcDateTime
from coach.store.tables.core import usage_tracking

LEASE = timedelta(minutes=2)
"""A batch whose sender has not come back by then was interrupted; another takes it over."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one try; `tried_at` takes back a try that never left the machine.

    `arrived=False`: Stripe said that it did not take it. A first try of which that is known was none.
    """

    event_id: str
    state: str
    error: str | None = None
    next_try_at: datetime | None = None
    tried_at: datetime | None = None
    arrived: bool | None = None


def enqueue(connection: sa.Connection, meters: MeterNames, now: datetime) -> int:
    """Puts billable usage of people with a Stripe customer into the outbox; what no meter counts is settled at once.

    Meter events carry whole units: each event is rounded once, half up, and keeps that value. On a server use may be
    written, or given back, between two statements: only what stands in the outbox counts as queued, and only what
    counts as queued stays there.
    """
    u, account = usage_tracking.c, billing_accounts.c
    theirs = sa.select(account.user_id).where(account.stripe_customer_id.is_not(None))
    open_usage = (u.billed_state == "pending", u.user_id.in_(theirs))
    selected = sa.select(
        u.event_id,
        account.stripe_customer_id,
        named_event(meters),
        sa.cast(sa.func.round(u.quantity), sa.BigInteger()),
        u.occurred_at,
        sa.literal("pending", sa.String(20)),
        sa.literal(0, sa.Integer()),
        sa.literal(now, UtcDateTime()),
    ).select_from(usage_tracking.join(billing_accounts, account.user_id == u.user_id))
    columns = ("event_id", "customer_id", "event_name", "value", "occurred_at", "state", "tries", "next_try_at")
    statement = insert(billing_outbox).from_select(columns, selected.where(*open_usage, metered(meters)))
    queued = connection.execute(statement.on_conflict_do_nothing().returning(billing_outbox.c.event_id)).all()
    change = sa.update(usage_tracking).where(*open_usage)
    there = u.event_id.in_(sa.select(billing_outbox.c.event_id))
    connection.execute(change.where(there).values(billed_state="queued"))
    connection.execute(change.where(sa.not_(metered(meters))).values(billed_state="skipped"))
    return len(queued) - (_drop_given_back(connection, now) if queued else 0)


def _drop_given_back(connection: sa.Connection, now: datetime) -> int:
    """Takes out again what was put in at `now` and was given back before it could be marked."""
    u, o = usage_tracking.c, billing_outbox.c
    others = sa.exists().where(u.event_id == o.event_id, u.billed_state != "queued")
    fresh = sa.delete(billing_outbox).where(o.state == "pending", o.tries == 0, o.next_try_at == now, others)
    return len(connection.execute(fresh.returning(o.event_id)).all())


def claim(connection: sa.Connection, now: datetime, *, limit: int, ahead: timedelta) -> list[OutboxRow]:
    """Takes up to `limit` due rows for sending, oldest first, and those an interrupted sender left behind.

    Events further in the future than `ahead` wait. The try is on disk before anything leaves the machine; what is
    returned are the rows as they were before it, so that earlier tries can be told.
    """
    c = billing_outbox.c
    due = sa.or_(
        sa.and_(c.state.in_(("pending", "retry")), c.next_try_at <= now),
        sa.and_(c.state == "sending", c.tried_at <= now - LEASE),
    )
    query = sa.select(billing_outbox).where(due, c.occurred_at <= now + ahead)
    query = query.order_by(c.occurred_at, c.event_id).limit(limit)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(skip_locked=True)
    rows = [OutboxRow(**row) for row in connection.execute(query).mappings()]
    take(connection, [row.event_id for row in rows], now)
    return [replace(row, stamped_at=row.stamped_at or row.occurred_at) for row in rows]


def take(connection: sa.Connection, ids: Sequence[str], now: datetime) -> None:
    """Notes a try of these rows and keeps other senders off them for `LEASE`."""
    c = billing_outbox.c
    kept = {
        "first_tried_at": sa.func.coalesce(c.first_tried_at, sa.literal(now, UtcDateTime())),
        "stamped_at": sa.func.coalesce(c.stamped_at, c.occurred_at),
    }
    if ids:
        change = sa.update(billing_outbox).where(c.event_id.in_(ids))
        connection.execute(change.values(state="sending", tries=c.tries + 1, tried_at=now, **kept))


def withdraw(connection: sa.Connection, ids: Sequence[str], why: str, now: datetime) -> frozenset[str]:
    """Cancels those of the rows that nobody has begun to send; returns them. A sender's claim comes first."""
    c = billing_outbox.c
    unsent = sa.update(billing_outbox).where(c.event_id.in_(ids), c.state.in_(OPEN), c.tries == 0)
    change = unsent.values(state="cancelled", error=why, settled_at=now).returning(c.event_id)
    gone = frozenset(connection.execute(change).scalars()) if ids else frozenset[str]()
    _mark(connection, sorted(gone), "cancelled", now)
    return gone


def tried_and_open(
    connection: sa.Connection, customer_id: str, event_name: str, start: datetime, end: datetime
) -> list[OutboxRow]:
    """Rows stamped in [start, end) of which nobody knows yet whether they arrived."""
    c = billing_outbox.c
    query = sa.select(billing_outbox).where(
        c.customer_id == customer_id,
        c.event_name == event_name,
        c.state.in_(OPEN),
        c.tries > 0,
        c.stamped_at >= start,
        c.stamped_at < end,
    )
    return [OutboxRow(**row) for row in connection.execute(query).mappings()]


def forget_tries(connection: sa.Connection, ids: Sequence[str], now: datetime) -> None:
    """What turned out never to have arrived counts as tried for the first time now."""
    if ids:
        change = sa.update(billing_outbox).where(billing_outbox.c.event_id.in_(ids))
        connection.execute(change.values(first_tried_at=now))


def stamp(connection: sa.Connection, stamps: Sequence[tuple[str, datetime]]) -> None:
    """Gives rows another time to be told to Stripe than the one they happened at."""
    for event_id, at in stamps:
        change = sa.update(billing_outbox).where(billing_outbox.c.event_id == event_id)
        connection.execute(change.values(stamped_at=at))


def settle(connection: sa.Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Writes what became of a batch, in the outbox and in the ledger."""
    refused = [each.event_id for each in settlements if each.arrived is False]
    _forget_first_tries(connection, refused)
    by_outcome: dict[tuple[str, str | None, datetime | None, datetime | None], list[str]] = {}
    for each in settlements:
        outcome = (each.state, each.error, each.next_try_at, each.tried_at)
        by_outcome.setdefault(outcome, []).append(each.event_id)
    for (state, error, next_try_at, tried_at), ids in by_outcome.items():
        values: dict[str, object] = {"state": state, "error": error}
        values |= {"next_try_at": next_try_at} if next_try_at else {}
        values |= {"tried_at": tried_at} if tried_at else {}
        if state not in OPEN:
            values["settled_at"] = now
        connection.execute(sa.update(billing_outbox).where(billing_outbox.c.event_id.in_(ids)).values(**values))
        if state not in OPEN:
            _mark(connection, ids, "billed" if state == "sent" else state, now)


def _forget_first_tries(connection: sa.Connection, ids: Sequence[str]) -> None:
    c = billing_outbox.c
    if ids:
        change = sa.update(billing_outbox).where(c.event_id.in_(ids), c.first_tried_at == c.tried_at)
        connection.execute(change.values(first_tried_at=None, tries=c.tries - 1))


def _mark(connection: sa.Connection, ids: Sequence[str], state: str, at: datetime | None = None) -> None:
    if ids:
        change = sa.update(usage_tracking).where(usage_tracking.c.event_id.in_(ids))
        connection.execute(change.values(billed_state=state, **({"billed_at": at} if at else {})))
