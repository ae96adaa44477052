"""The sample organisation: twelve invented people, two coaches and three months of practice, put in as one piece.

`data/sample/people.json.gz` holds whole records as days before loading; `coach.cli.samples.people` makes it. All ids
begin with `sample-`; no row of it waits to be sent to anybody.
"""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from coach.contracts.interview import InterviewSnapshot
from coach.contracts.usage import UsageEvent
from coach.errors import StoreError
from coach.settings import DATA
from coach.store.repositories import library, library_records, live_split, records
from coach.store.repositories.samples import PREFIX
from coach.store.tables.billing import billing_outbox
from coach.store.tables.core import (
    experiments,
    human_reviews,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    usage_tracking,
    users,
)

__all__ = ["PEOPLE", "PREFIX", "People", "insert_people", "read_people"]

PEOPLE = DATA / "sample" / "people.json.gz"
BATCH = 200
"""Rows per statement: DuckDB takes milliseconds for each statement, hardly more for each row."""
Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class People:
    """The file's content with its days counted from a given now."""

    people: list[Plain]
    snapshots: list[InterviewSnapshot]
    stories: list[library_records.StarStory]
    reviews: list[Plain]
    usage: list[UsageEvent]
    outbox: list[Plain]
    split: Plain


def read_people(shift: Any, path: Path = PEOPLE) -> People:
    """Reads the file; `shift` moves every timestamp of a plain value.

    Raises:
        StoreError: it is missing or does not fit the contracts.
    """
    try:
        plain = shift(json.loads(gzip.decompress(path.read_bytes())))
        return People(
            people=plain["people"],
            snapshots=[InterviewSnapshot.model_validate(item) for item in plain["interviews"]],
            stories=[library_records.StarStory.model_validate(item) for item in plain["stories"]],
            reviews=[_with_times(row) for row in plain["reviews"]],
            usage=[UsageEvent.model_validate(item) for item in plain["usage"]],
            outbox=[_with_times(row) for row in plain["outbox"]],
            split=_with_times(plain["split"]),
        )
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise StoreError("The sample people are damaged.", mend="Restore data/sample from the release.") from error


def _with_times(row: Plain) -> Plain:
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value for name, value in row.items()
    }


def insert_people(connection: sa.Connection, content: People, at: datetime) -> None:
    """All rows in one transaction.

    Args:
        connection: the transaction.
        content: of `read_people`, recordings saved already.
        at: when these people are said to have come.
    """
    sessions = [snapshot.interview for snapshot in content.snapshots]
    questions = [exchange for snapshot in content.snapshots for exchange in snapshot.exchanges]
    attempts = [attempt for snapshot in content.snapshots for attempt in snapshot.attempts]
    sent = {row["event_id"] for row in content.outbox}
    _rows(connection, users, ({**person, "created_at": at} for person in content.people))
    _rows(connection, mock_interviews, map(records.interview_row, sessions))
    _rows(connection, mock_interview_exchanges, map(records.exchange_row, questions))
    _rows(connection, mock_interview_attempts, map(records.attempt_row, attempts))
    for story in content.stories:
        library.save_story(connection, story)
    _rows(connection, human_reviews, content.reviews)
    _rows(connection, usage_tracking, (_settled(event, sent) for event in content.usage))
    _rows(connection, billing_outbox, content.outbox)
    split = dict(content.split)
    named = {name: split.pop(name) for name in ("id", "created_at")}
    row = {**named, "name": split["name"], "kind": live_split.SAMPLE, "status": "running", "definition": split}
    connection.execute(sa.insert(experiments).values(row))


def _settled(event: UsageEvent, sent: set[str]) -> Plain:
    """Never `pending`: nothing of it is ever queued."""
    return records.usage_row(event) | {"billed_state": "billed" if event.event_id in sent else "skipped"}


def _rows(connection: sa.Connection, table: sa.Table, rows: Iterable[Plain]) -> None:
    ready: Sequence[Plain] = list(rows)
    for start in range(0, len(ready), BATCH):
        connection.execute(sa.insert(table).values(ready[start : start + BATCH]))
