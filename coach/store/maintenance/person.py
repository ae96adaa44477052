"""*Export everything of mine* and *Delete everything of mine*: one person, every table, every file.

A deletion ends in a receipt. Its checksum is the name of the deletion's row in the ledger, so whoever holds the receipt
can have it confirmed, and the ledger itself says neither who nor what.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from coach.contracts.base import Record
from coach.errors import InputError, NotFoundError
from coach.interview import spool_file
from coach.interview.store_and_forward import SPOOL
from coach.store.maintenance.deletion_notes import note_person
from coach.store.maintenance.removal import delete_rows, drop_journal, drop_recordings, recordings_of
from coach.store.maintenance.retention import Recordings
from coach.store.repositories import deletions, people
from coach.store.repositories.samples import PREFIX
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import deletions as ledger

FORMAT = "jobfoxy-deletion-receipt/1"
_SPOOLS = (SPOOL, "usage.jsonl")
_KEPT = (
    "Use that is billed or waits to be billed, without your name, sessions or answers.",
    "Payments, under the number Stripe gave them, as bookkeeping asks for.",
    "What you judged and said as a coach of other people's answers, without your name.",
    "This receipt's checksum, and how much was deleted.",
)

_KEY_GONE = "The key to what you said and wrote was destroyed: no copy of it, wherever it lies, can be read."


class Receipt(Record):
    """What was deleted, when, and what stays. `id` is the SHA-256 of everything else."""

    format: str = FORMAT
    id: str = ""
    deleted_at: datetime
    counts: dict[str, int]
    kept: tuple[str, ...] = _KEPT
    backups: str = ""

    @property
    def checksum(self) -> str:
        """SHA-256 of the receipt without its id."""
        plain = self.model_dump(mode="json", exclude={"id"})
        return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def require_real(user_id: str) -> None:
    """Sample people go all together.

    Raises:
        InputError: a sample person.
    """
    if user_id.startswith(PREFIX):
        raise InputError("That is a sample person.", mend="`python -m coach sample-data remove` takes all of them out.")


def delete_files(store: SqlStore, recordings: Recordings, user_id: str, *, journal_dir: Path) -> dict[str, int]:
    """First half of a deletion: recordings, journals and what waits in spools; repeatable.

    Raises:
        NotFoundError: nobody of this id is known.
        ConflictError: a subscription is running.
        StoreError: another process keeps a spool.
    """
    sessions, recorded = store.run(people.sessions_of, user_id), recordings_of_person(store, user_id)
    store.run(people.require_no_subscription, user_id)
    drop_recordings(recordings, recorded)
    for attempt_id, _ in recorded:
        drop_journal(journal_dir, attempt_id)
    facts = sum(spool_file.forget(journal_dir / name, each) for each in sessions for name in _SPOOLS)
    return {"recordings": sum(uri is not None for _, uri in recorded), "waiting_facts": facts}


def recordings_of_person(store: SqlStore, user_id: str) -> list[tuple[str, str | None]]:
    """Attempt and address (None: no recording) of everything a person said.

    Raises:
        NotFoundError: nobody of this id is known.
    """
    sessions = store.run(people.sessions_of, user_id)
    return [each for interview_id in sessions for each in store.run(recordings_of, interview_id)]


def delete_everything(
    store: SqlStore, user_id: str, files: Mapping[str, int], *, destroy_key: Callable[[str], bool] = lambda _: False
) -> Receipt:
    """Second half: the person's key, every row and the ledger's in one transaction, then the copies of the database.

    Args:
        store: the database.
        user_id: whose.
        files: what was deleted beside rows, by kind; `recordings` and `other_files` enter the ledger.
        destroy_key: destroys the key all of it was sealed with, where it was; says whether there was one. It goes
            first: a crash in between leaves rows nobody can read, and the deletion can be repeated.

    Raises:
        NotFoundError: nobody of this id is known.
        StoreError, StoreBusyError: the rows are all still there; repeat it.
    """
    own_copies, sealed = store.database.path is not None, destroy_key(user_id)
    receipt = store.run(_delete_rows, user_id, dict(files), own_copies=own_copies, sealed=sealed)
    note_person(store, user_id, receipt.id)
    store.forget_leftovers()
    return receipt


def _delete_rows(
    connection: sa.Connection, user_id: str, files: dict[str, int], *, own_copies: bool, sealed: bool
) -> Receipt:
    sessions = people.sessions_of(connection, user_id)
    attempts = people.attempts_of(connection, sessions)
    for interview_id in sessions:
        delete_rows(connection, interview_id, noted=False)
    rows = people.forget(connection, user_id)
    counts = {"sessions": len(sessions), "answers": len(attempts), **rows, **files}
    present = {name: count for name, count in counts.items() if count}
    backups = _about_backups(own_copies=own_copies, sealed=sealed)
    receipt = Receipt(deleted_at=datetime.now(UTC), counts=present, backups=backups)
    receipt = receipt.model_copy(update={"id": receipt.checksum})
    in_ledger = {
        "sessions": len(sessions),
        "texts": len(attempts),
        "recordings": files.get("recordings", 0),
        "files": files.get("lab_answers", 0) + files.get("clips", 0),
    }
    deletions.note_person(connection, receipt.id, receipt.deleted_at, **in_ledger)
    return receipt


def _about_backups(*, own_copies: bool, sealed: bool) -> str:
    if own_copies:
        said = "The copies of the database were made anew without you."
    else:
        said = "Copies made by the database server's operator expire by their rules."
    return f"{said} {_KEY_GONE}" if sealed else said


def confirm(store: SqlStore, text: str) -> Receipt:
    """A receipt that is whole and stands in the ledger.

    Raises:
        InputError: it is no receipt, or was changed.
        NotFoundError: this installation's ledger does not know it.
    """
    try:
        receipt = Receipt.model_validate_json(text)
    except ValueError as error:
        raise InputError("That is not a deletion receipt.") from error
    if receipt.id != receipt.checksum:
        raise InputError("The receipt was changed after it was given.")
    known = store.run(lambda c: c.execute(sa.select(ledger.c.id).where(ledger.c.id == receipt.id)).first())
    if known is None:
        raise NotFoundError("The ledger of this installation does not know that receipt.")
    return receipt
