"""What was asked aloud, when, and how long it was: the recorded timeline that avatar policies are replayed on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from coach.store.tables.core import mock_interview_attempts, mock_interview_exchanges, mock_interviews
from coach.vault import ambient


@dataclass(frozen=True, slots=True)
class Ask:
    """One question or follow-up as it was asked."""

    interview_id: str
    at: datetime
    purpose: str
    characters: int


@dataclass(frozen=True, slots=True)
class AskedInterview:
    """Everything asked in one interview, by time, and when it was over."""

    interview_id: str
    asks: tuple[Ask, ...]
    ended_at: datetime


def asked_interviews(connection: sa.Connection, *, with_samples: bool = False) -> list[AskedInterview]:
    """All interviews in which something was asked; sample content only when asked for.

    A question is asked when its first attempt begins; a follow-up when the answer before it asked for its speech
    (`speak_requested` of the attempt's timeline, milliseconds after *Finish*).
    """
    i, e, a = mock_interviews.c, mock_interview_exchanges.c, mock_interview_attempts.c
    joined = mock_interview_attempts.join(mock_interview_exchanges, e.id == a.exchange_id).join(
        mock_interviews, i.id == a.interview_id
    )
    query = sa.select(
        a.interview_id,
        a.exchange_id,
        a.created_at,
        a.finished_at,
        a.timeline,
        a.extra,
        e.follow_up_of,
        _length(e.question_text).label("question"),
        _length(e.follow_up_question_text).label("follow_up"),
        sa.func.coalesce(i.ended_at, i.last_activity_at).label("ended_at"),
    ).select_from(joined)
    if not with_samples:
        query = query.where(i.is_sample.is_(False))
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query.order_by(a.created_at, a.id)).mappings():
        found.setdefault(row["interview_id"], []).append(row)
    interviews = [AskedInterview(key, _asks(rows), rows[-1]["ended_at"]) for key, rows in sorted(found.items())]
    return [each for each in interviews if each.asks]


def _length(column: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """Counted by the database; a sealed text has to be opened for it."""
    return column if ambient.ring() else sa.func.length(column)


def _letters(found: int | str | None) -> int:
    return len(found) if isinstance(found, str) else int(found or 0)


def _asks(rows: list[Any]) -> tuple[Ask, ...]:
    asks, begun = [], set()
    for row in rows:
        if row["follow_up_of"] is None and row["exchange_id"] not in begun:
            begun.add(row["exchange_id"])
            before = len((row["extra"] or {}).get("lead_in") or "")
            asked = _letters(row["question"]) + (before + 1 if before else 0)
            asks.append(Ask(row["interview_id"], row["created_at"], "question", asked))
        spoken_ms = (row["timeline"] or {}).get("speak_requested")
        if spoken_ms is not None and row["finished_at"]:
            at = row["finished_at"] + timedelta(milliseconds=spoken_ms)
            asks.append(Ask(row["interview_id"], at, "follow_up", _letters(row["follow_up"])))
    return tuple(sorted(asks, key=lambda ask: ask.at))
