"""What was deleted, remembered outside the database: a copy taken back later gives nothing of it back.

Where what people say is encrypted, destroyed keys see to that wherever a copy lies. Elsewhere each deletion leaves a
line beside the file: a salted hash of the id, never the id. Of a person who came back under the same id a copy holds an
earlier life exactly when it does not know the deletion: its ledger has no line with the receipt's checksum.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from coach.store.engine import copies
from coach.store.engine.chores import Restored
from coach.store.maintenance import deletion_notes
from coach.store.maintenance.deletion_notes import DeletionNote, is_of
from coach.store.maintenance.removal import delete_rows
from coach.store.repositories import deletions, people
from coach.store.repositories.samples import PREFIX
from coach.store.sqlstore import SqlStore
from coach.store.tables.core import deletions as ledger
from coach.store.tables.core import mock_interviews, users


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a restored copy held that had been deleted since."""

    sessions: int
    people: int


def leave_out(store: SqlStore, restored: Restored) -> LeftOut:
    """Deletes from the restored database what had been deleted since; then neither it nor the copy here holds it.

    Raises:
        StoreError: it is still there; restore again.
    """
    noted = deletion_notes.notes(store)
    if not noted:
        return LeftOut(0, 0)
    sessions, persons = store.run(_leave_out, noted)
    if sessions or persons:
        store.forget_leftovers(copies_too=False)
        copy, database = Path(restored.copy), store.database.path
        if database is not None and copy.parent == copies.folder(database):
            store.back_up()
            copies.drop(copy)
    return LeftOut(sessions, persons)


def _leave_out(connection: sa.Connection, notes: list[DeletionNote]) -> tuple[int, int]:
    known = set(connection.execute(sa.select(ledger.c.id)).scalars())
    unknown = [note for note in notes if note[2] and note[2] not in known]
    gone = _among(connection, users, unknown)
    sessions = _among(connection, mock_interviews, [note for note in notes if not note[2]])
    for interview_id in sessions:
        delete_rows(connection, interview_id, noted=False)
    for user_id in gone:
        for interview_id in people.sessions_of(connection, user_id):
            delete_rows(connection, interview_id, noted=False)
        people.forget(connection, user_id)
    for _, _, receipt in unknown:  # from now on this database knows of it: who comes again has a life of their own
        deletions.note_person(connection, receipt, datetime.now(UTC), sessions=0, texts=0, recordings=0, files=0)
    return len(sessions), len(gone)


def _among(connection: sa.Connection, table: sa.Table, notes: list[DeletionNote]) -> list[str]:
    """Ids of the table that the notes are of; sample people go all together and are none."""
    ids = [str(each) for each in connection.execute(sa.select(table.c.id)).scalars()] if notes else []
    real = [each for each in ids if not each.startswith(PREFIX)]
    return [each for each in real if any(is_of(note, each) for note in notes)]
