"""Everything of one person, from every part: handed over as one file, or deleted for good."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from coach.bootstrap.store import StoreParts
from coach.contracts.asking import as_program, own_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from coach.lab.forgetting import LabCopies, LabFolder
    from coach.store.maintenance.person import Receipt
    from coach.store.maintenance.person_export import PersonExport, PersonWritten
    from coach.store.sqlstore import SqlStore
    from coach.web.handed_over import FileToFetch, HandedOver


def forget_in_lab(store: SqlStore, home: Path, interview_id: str) -> LabCopies:
    """Cuts the answers of a session out of the lab's files; blocking, repeatable, before its rows go.

    Raises:
        NotFoundError: there is no such session.
        CoachError: a dataset cannot be read, so nobody can say whose answers it holds.
    """
    from coach.lab.forgetting import LabFolder
    from coach.store.maintenance.removal import recordings_of

    attempts = [attempt_id for attempt_id, _ in store.run(recordings_of, interview_id)]
    return LabFolder(home / "lab", "", attempts).forget_answers()


class OwnData(StoreParts):
    """What a person may ask for at any time."""

    @cached_property
    def handed_over(self) -> HandedOver:
        """Files that wait to be fetched by whom they were made for."""
        from coach.web.handed_over import HandedOver

        return HandedOver(self.settings.coach_home)

    def hand_over_everything(self) -> FileToFetch:
        """*Export everything of mine*, of whoever asks, as a file to be fetched; blocking.

        Raises:
            NotFoundError: nothing is kept about them.
            StoreError: it cannot be written.
        """
        return self.handed_over.make("job-foxy-everything.zip", lambda file: self.write_person(own_id(), file))

    def export_person(self, user_id: str, target: Path) -> PersonExport:
        """*Export everything of mine*: writes the zip; blocking.

        Raises:
            NotFoundError: nobody of this id is known.
            StoreError: it cannot be written.
        """
        from coach.store.maintenance.person_export import export_person

        return export_person(target, lambda file: self.write_person(user_id, file))

    def write_person(self, user_id: str, file: BinaryIO) -> PersonWritten:
        """The same into an open file.

        Raises:
            NotFoundError: nobody of this id is known.
            OSError: it cannot be written.
        """
        from coach.store.maintenance.person_export import write_person

        with as_program(person_id=user_id):
            copies = self._lab_folder(user_id).items()
            folder = self.settings.journal_dir
            return write_person(self.store, self.archive, user_id, file, journal_dir=folder, lab_items=copies)

    def delete_person(self, user_id: str) -> Receipt:
        """*Delete everything of mine*: files first, so that a crash in between can be repeated; blocking.

        Raises:
            InputError: a sample person.
            NotFoundError: nobody of this id is known.
            ConflictError: a subscription is running.
            StoreError: rows are still there; repeat it.
        """
        from coach.store.maintenance import person

        with as_program(person_id=user_id):
            person.require_real(user_id)
            self.handed_over.forget()
            return self._delete(user_id)

    def _delete(self, user_id: str) -> Receipt:
        from coach.store.maintenance import person, removal
        from coach.store.repositories import people

        if "bin" in self.__dict__:
            self.bin.empty(user_id)
        sessions = self.store.run(people.sessions_of, user_id)
        self._let_go(sessions)
        lab, recorded = self._lab_folder(user_id), person.recordings_of_person(self.store, user_id)
        files = person.delete_files(self.store, self.archive, user_id, journal_dir=self.settings.journal_dir)
        copies = lab.forget()
        files |= {"lab_answers": copies.answers, "lab_judgements": copies.judgements, "clips": self._forget_clips()}
        destroy = self.vault.destroy if self.vault else lambda _: False
        receipt = person.delete_everything(self.store, user_id, files, destroy_key=destroy)
        removal.drop_recordings(self.archive, recorded)
        self._let_go(sessions)  # should a client have come back in between
        return receipt

    def _let_go(self, sessions: Sequence[str]) -> None:
        """Whoever holds them in memory gives them up and writes nothing more: this process and every server."""
        for interview_id in sessions:
            self.store.forget(interview_id)

    def _lab_folder(self, user_id: str) -> LabFolder:
        from coach.lab.forgetting import LabFolder
        from coach.store.repositories import people

        attempts = self.store.run(people.attempts_of, self.store.run(people.sessions_of, user_id))
        return LabFolder(self.settings.coach_home / "lab", user_id, attempts)

    def _forget_clips(self) -> int:
        """Follow-ups quote answers: their clips go, whoever's they are; they are heard once anyway."""
        spoken = [*(self.settings.coach_home / "clips").glob("*.once.wav")]
        for path in spoken:
            path.unlink(missing_ok=True)
        return len(spoken)
