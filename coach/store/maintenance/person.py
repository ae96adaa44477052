"""*Export everything of mine* and *Delete everything of mine*: one person, every table, every file.

A deletion ends in a receipt. Its checksum is the name of the deletion's row in the ledger, so whoever holds the receipt
can have it confirmed, and the ledger itself says neither who nor what.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from coach.audio.disk import plain_content
from coach.contracts.base import Record
from coach.errors import InputError, NotFoundError, StoreError
from coach.interview import store_and_forward
from coach.interview.store_and_forward import SPOOL
from coach.store.maintenance.export import ExportedRecordings, add_interview
from coach.store.maintenance.removal import delete_rows, drop_journal, recordings_of
from coach.store.maintenance.retention import Recordings
from coach.store.repositories import deletions, library, people
from coach.store.repositories.samples import PREFIX
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import deletions as ledger

FORMAT = "jobfoxy-deletion-receipt/1"
_SPOOLS = (SPOOL, "usage.jsonl")
_KEPT = (
    "Use that is billed or waits to be billed, without your name, sessions or answers.",
    "Payments, under the number Stripe gave them, as bookkeeping asks for.",
    "This receipt's checksum, and how much was deleted.",
)

_KEY_GONE = "The key to what you said and wrote was destroyed: no copy of it, wherever it lies, can be read."


class PersonExport(Record):
    """What went into the file."""

    user_id: str
    file: str
    interviews: int
    audio_files: int
    stories: int
    lab_copies: int
    size_bytes: int


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


def export_person(
    store: SqlStore,
    archive: ExportedRecordings,
    user_id: str,
    target: Path,
    *,
    journal_dir: Path,
    lab_items: Mapping[str, Sequence[Record]],
) -> PersonExport:
    """Writes everything of a person as a zip of JSON, Markdown and recordings, whole or not at all.

    Args:
        store: the database.
        archive: finished recordings.
        user_id: whose.
        target: the zip.
        journal_dir: recordings in progress.
        lab_items: the person's answers in the lab, by dataset.

    Raises:
        NotFoundError: nobody of this id is known.
        StoreError: `target` cannot be written.
    """
    sessions, rows = store.run(people.sessions_of, user_id), store.run(people.rows_of, user_id)
    stories, draft = store.run(library.stories, user_id), target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("README.md", _about(user_id, len(sessions)))
            _add_rows(bundle, {"format": "jobfoxy-person/1", "user_id": user_id, **rows}, stories)
            heard = sum(add_interview(bundle, store, archive, each, folder=f"interviews/{each}/") for each in sessions)
            _add_elsewhere(bundle, lab_items, journal_dir, store.run(people.attempts_of, sessions))
        _put(draft, target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror or type(error).__name__}).") from error
    finally:
        draft.unlink(missing_ok=True)
    return PersonExport(
        user_id=user_id, file=str(target), interviews=len(sessions), audio_files=heard, stories=len(stories),
        lab_copies=sum(map(len, lab_items.values())), size_bytes=target.stat().st_size,
    )  # fmt: skip


def _put(draft: Path, target: Path) -> None:
    """Puts a finished file in its place, forced to disk before."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)


def _add_rows(bundle: zipfile.ZipFile, person: Mapping[str, object], stories: Sequence[library.StarStory]) -> None:
    """Everything of the person's for programs, the library also for reading."""
    bundle.writestr("person.json", _as_json(person))
    bundle.writestr("library.md", _readable(stories))


def _add_elsewhere(
    bundle: zipfile.ZipFile, lab_items: Mapping[str, Sequence[Record]], journal_dir: Path, attempts: Sequence[str]
) -> None:
    """What lies outside the database: copies in the lab, recordings in progress."""
    for name, items in lab_items.items():
        bundle.writestr(f"lab/{name}.jsonl", "".join(f"{item.model_dump_json()}\n" for item in items))
    for attempt_id in attempts:
        for path in journal_dir.glob(f"{attempt_id}*"):
            bundle.writestr(f"in-progress/{path.name}", plain_content(path))


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
    sessions = store.run(people.sessions_of, user_id)
    store.run(people.require_no_subscription, user_id)
    recordings_gone = facts = 0
    for interview_id in sessions:
        for attempt_id, uri in store.run(recordings_of, interview_id):
            if uri:
                recordings.delete(uri)
                recordings_gone += 1
            drop_journal(journal_dir, attempt_id)
            recordings.drop_parts(attempt_id)
        facts += sum(store_and_forward.forget(journal_dir / name, interview_id) for name in _SPOOLS)
    return {"recordings": recordings_gone, "waiting_facts": facts}


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


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _about(user_id: str, sessions: int) -> str:
    return (
        f"# Everything of {user_id}\n\n{datetime.now(UTC):%d %B %Y, %H:%M} UTC, {sessions} interviews.\n\n"
        "- `person.json`: every row about you beside the interviews: stories, jobs, resumes, consent, reviews of your\n"
        "  answers, what the lab stored of them, metered use, plan and payments\n"
        "- `interviews/ID/`: each interview as JSON and Markdown, with the recordings that have not expired\n"
        "- `library.md`: your stories to read\n"
        "- `lab/`: your answers as the prompt lab keeps them, where you agreed\n"
        "- `in-progress/`: recordings that were not finished\n"
    )


def _readable(stories: Sequence[library.StarStory]) -> str:
    lines = ["# Library", ""]
    for story in stories:
        lines += [f"## {story.title}", ""]
        parts = (
            ("Situation", story.situation),
            ("Task", story.task),
            ("Action", story.action),
            ("Result", story.result),
        )
        lines += [f"**{name}** {text}\n" for name, text in parts if text]
        lines += [story.polished_answer, ""]
    return "\n".join(lines)
