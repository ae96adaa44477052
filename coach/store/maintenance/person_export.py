"""Everything that is kept about a person, as one archive."""

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from coach.audio.disk import plain_content
from coach.contracts.base import Record
from coach.errors import StoreError
from coach.private_files import written_whole
from coach.store.maintenance.export import ExportedRecordings, add_interview
from coach.store.repositories import library, library_records, people
from coach.store.sqlstore import SqlStore


class PersonWritten(Record):
    """What went into an export."""

    user_id: str
    interviews: int
    audio_files: int
    stories: int
    lab_copies: int


class PersonExport(PersonWritten):
    """What went into the file."""

    file: str
    size_bytes: int


def export_person(target: Path, write: Callable[[BinaryIO], PersonWritten]) -> PersonExport:
    """Has `write` (`write_person` of somebody) fill the file at `target`, whole or not at all.

    Raises:
        NotFoundError: nobody of this id is known.
        StoreError: `target` cannot be written.
    """
    try:
        with written_whole(target) as draft, draft.open("wb") as file:
            found = write(file)
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({error.strerror or type(error).__name__}).") from error
    return PersonExport(**found.model_dump(), file=str(target), size_bytes=target.stat().st_size)


def write_person(
    store: SqlStore,
    archive: ExportedRecordings,
    user_id: str,
    file: BinaryIO,
    *,
    journal_dir: Path,
    lab_items: Mapping[str, Sequence[Record]],
) -> PersonWritten:
    """Writes everything of a person as a zip of JSON, Markdown and recordings, one recording after the other.

    Args:
        store: the database.
        archive: finished recordings.
        user_id: whose.
        file: where to.
        journal_dir: recordings in progress.
        lab_items: the person's answers in the lab, by dataset.

    Raises:
        NotFoundError: nobody of this id is known.
        OSError: it cannot be written.
    """
    sessions, rows = store.run(people.sessions_of, user_id), store.run(people.rows_of, user_id)
    stories = store.run(library.stories, user_id)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("README.md", _about(user_id, len(sessions)))
        _add_rows(bundle, {"format": "jobfoxy-person/1", "user_id": user_id, **rows}, stories)
        heard = sum(add_interview(bundle, store, archive, each, folder=f"interviews/{each}/") for each in sessions)
        _add_elsewhere(bundle, lab_items, journal_dir, store.run(people.attempts_of, sessions))
    return PersonWritten(
        user_id=user_id, interviews=len(sessions), audio_files=heard, stories=len(stories),
        lab_copies=sum(map(len, lab_items.values())),
    )  # fmt: skip


def _add_rows(
    bundle: zipfile.ZipFile, person: Mapping[str, object], stories: Sequence[library_records.StarStory]
) -> None:
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


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _about(user_id: str, sessions: int) -> str:
    return (
        f"# Everything of {user_id}\n\n{datetime.now(UTC):%d %B %Y, %H:%M} UTC, {sessions} interviews.\n\n"
        "- `person.json`: every row about you beside the interviews: stories, jobs, resumes, consent, reviews of your\n"
        "  answers, what the lab stored of them, metered use, plan and payments; what you judged and said as a coach\n"
        "- `interviews/ID/`: each interview as JSON and Markdown, with the recordings that have not expired\n"
        "- `library.md`: your stories to read\n"
        "- `lab/`: your answers as the prompt lab keeps them, where you agreed\n"
        "- `in-progress/`: recordings that were not finished\n"
    )


def _readable(stories: Sequence[library_records.StarStory]) -> str:
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
