"""Whose a row is, so that what it tells is sealed with that person's key. Sample content is the house's.

Asked only while keys are in force: without encryption nothing is looked up.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from coach.store.repositories.samples import PREFIX
from coach.store.tables.core import mock_interview_attempts, mock_interviews
from coach.vault import ambient
from coach.vault.keyring import HOUSE


@contextmanager
def sealed_for(connection: sa.Connection, row: Mapping[str, object]) -> Iterator[None]:
    """What is written inside is sealed for whom `row` belongs to, by `user_id`, `interview_id` or `attempt_id`."""
    with ambient.belonging_to(owner_of(connection, row) if ambient.ring() else HOUSE):
        yield


def owner_of(connection: sa.Connection, row: Mapping[str, Any]) -> str:
    """The person a row belongs to; the house where it is nobody's."""
    if row.get("is_sample"):
        return HOUSE
    user_id = row.get("user_id") or _by_interview(connection, row) or _by_attempt(connection, row) or HOUSE
    return HOUSE if user_id.startswith(PREFIX) else str(user_id)


def _by_interview(connection: sa.Connection, row: Mapping[str, object]) -> str | None:
    i = mock_interviews.c
    if not row.get("interview_id"):
        return None
    return connection.execute(_real(sa.select(i.user_id).where(i.id == row["interview_id"]))).scalar_one_or_none()


def _by_attempt(connection: sa.Connection, row: Mapping[str, object]) -> str | None:
    i, a = mock_interviews.c, mock_interview_attempts.c
    attempt_id = row.get("attempt_id") or row.get("item_id")
    if not attempt_id:
        return None
    joined = sa.select(i.user_id).join_from(mock_interviews, mock_interview_attempts, i.id == a.interview_id)
    return connection.execute(_real(joined.where(a.id == attempt_id))).scalar_one_or_none()


def _real(query: sa.Select[str]) -> sa.Select[str]:
    return query.where(mock_interviews.c.is_sample.is_(False))
