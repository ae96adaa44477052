"""That something was deleted, noted beside the DuckDB file: a salted hash of its id, never the id (`deleted_since`)."""

import hashlib
import json
import os
import secrets

from coach.errors import StoreError
from coach.foreign_data import lines_of
from coach.store.sqlstore import SqlStore

FILE = "deleted.jsonl"
DeletionNote = tuple[str, str, str]
"""Salt, hash of the id, and the receipt's checksum; of a session, whose id never comes back, no checksum."""


def note_session(store: SqlStore, interview_id: str) -> None:
    """To be called before its rows go: a crash in between is repaired by repeating the deletion.

    Raises:
        StoreError: it cannot be written.
    """
    _note(store, interview_id, "")


def note_person(store: SqlStore, user_id: str, receipt: str) -> None:
    """To be called when their rows are gone; `receipt` is the id of the deletion's row in the ledger.

    Raises:
        StoreError: it cannot be written.
    """
    _note(store, user_id, receipt)


def notes(store: SqlStore) -> list[DeletionNote]:
    """All of them; none on a server, whose copies are its operator's business."""
    path = store.database.path.parent / FILE if store.database.path else None
    if path is None or not path.exists():
        return []
    found = []
    for line in lines_of(path.read_text("utf8", errors="replace")):
        try:
            salt, hashed, receipt = json.loads(line)
        except (ValueError, TypeError):  # cut off by a crash
            continue
        found.append((str(salt), str(hashed), str(receipt)))
    return found


def is_of(note: DeletionNote, ident: str) -> bool:
    """Whether a note is of this id."""
    return _hashed(note[0], ident) == note[1]


def _note(store: SqlStore, ident: str, receipt: str) -> None:
    if store.database.path is None:
        return
    salt, path = secrets.token_hex(8), store.database.path.parent / FILE
    line = json.dumps([salt, _hashed(salt, ident), receipt])
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(f"\n{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}).", mend="Free some disk space.") from error


def _hashed(salt: str, ident: str) -> str:
    return hashlib.sha256(f"{salt} {ident}".encode()).hexdigest()[:32]
