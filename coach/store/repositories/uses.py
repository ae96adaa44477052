"""What a person's interviews and retries took from a plan or pack: reserved before, found again, given back."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.usage import usage_event_id
from coach.store.repositories.billing import change_account, standing, uses_query
from coach.store.repositories.billing_records import Standing, Use
from coach.store.tables.billing import (
    billing_accounts,
    billing_uses,
)
from coach.store.tables.core import mock_interview_attempts, mock_interviews, usage_tracking

Decision = TypeVar("Decision")


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
    row = connection.execute(uses_query().where(billing_uses.c.use_id == use_id)).mappings().first()
    return Use(**row) if row else None


def retries_of(connection: sa.Connection, interview_id: str) -> int:
    """Retries after feedback of an interview, running ones included."""
    c = mock_interview_attempts.c
    query = sa.select(sa.func.count()).where(
        c.interview_id == interview_id, c.attempt_number > 1, c.status != "discarded"
    )
    return int(connection.execute(query).scalar_one())


def taken_interviews(
    connection: sa.Connection, *, user_id: str | None = None, limit: int = 200
) -> list[dict[str, object]]:
    """Interviews with their use, newest first: id, person, plan, when, and `state` (reserved, used, given back)."""
    i, u = mock_interviews.c, billing_uses.c
    query = sa.select(i.id, i.user_id).order_by(i.created_at.desc()).limit(limit)
    query = query.where(i.user_id == user_id) if user_id else query
    known = {usage_event_id(row.id, "interview", "interview.used"): row.id for row in connection.execute(query)}
    rows = connection.execute(uses_query().add_columns(u.user_id).where(u.use_id.in_(known))).mappings()
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
