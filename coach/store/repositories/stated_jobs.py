"""What the job of a session is called: its posting's title, else the title that was told when the session was planned.

The latter stands inside the session's `job`. Where that is sealed the database cannot look into it: it is opened here.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from coach.store.tables.core import job_descriptions, mock_interviews
from coach.vault import ambient

BATCH = 1000
Rows = list[dict[str, Any]]


def title(of_posting: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The title as far as the database can tell it, else empty; a query that asks for it joins both tables."""
    if ambient.ring():
        return sa.func.coalesce(of_posting, "")
    return sa.func.coalesce(of_posting, mock_interviews.c.job["job_title"].as_string(), "")


def filled(connection: sa.Connection, rows: Rows) -> Rows:
    """The rows (`interview_id`, `job_title`) with the titles that the database could not tell."""
    if ambient.ring() is None:
        return rows
    told = _told(connection, {row["interview_id"] for row in rows if not row["job_title"]})
    return [row | {"job_title": row["job_title"] or told.get(row["interview_id"], "")} for row in rows]


def keys_and_titles(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    """By session what its job is known by (the posting's id, else the title) and called."""
    i = mock_interviews.c
    query = sa.select(i.id, i.job_description_id, job_descriptions.c.title, i.job).outerjoin_from(
        mock_interviews, job_descriptions, job_descriptions.c.id == i.job_description_id
    )
    named = {row.id: (row.job_description_id, row.title or _title_in(row.job)) for row in connection.execute(query)}
    return {session: (posting or name, name) for session, (posting, name) in named.items()}


def _told(connection: sa.Connection, sessions: Collection[str]) -> dict[str, str]:
    i, wanted = mock_interviews.c, sorted(sessions)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), BATCH):
        query = sa.select(i.id, i.job).where(i.id.in_(wanted[start : start + BATCH]))
        found |= {row.id: _title_in(row.job) for row in connection.execute(query)}
    return found


def _title_in(job: dict[str, Any] | None) -> str:
    return str((job or {}).get("job_title") or "")
