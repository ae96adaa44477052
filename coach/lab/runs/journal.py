"""Every answer of a run is on disk before it counts, so that a crash never pays for the same call twice."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from coach.foreign_data import lines_of
from coach.lab.runs import forgotten
from coach.lab.runs.appending import appending, write_whole
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.vault.files import opened_line, sealed_line
from coach.vault.keyring import HOUSE, BrokenSealError

Place = tuple[str, int, int, str]
"""Where an answer stands: journal, first byte, bytes, and their SHA-256 (16 hex digits; empty in older indexes)."""
_PLACE = TypeAdapter[tuple[str, str, int, int, str] | tuple[str, str, int, int]](
    tuple[str, str, int, int, str] | tuple[str, str, int, int]
)


class RunJournal:
    """Append-only JSONL of outcomes of one run; a half-written line is ignored, what follows it is not."""

    def __init__(self, path: Path, lab: Path | None = None) -> None:
        """Opens (or creates) the journal at `path`; of answers that were cut out of `lab` nothing is written."""
        self.path = path
        self._lab = lab
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] | None = None

    def outcomes(self) -> Iterator[Outcome]:
        """What was answered so far, in order."""
        if not self.path.exists():
            return
        for line in lines_of(self.path.read_text("utf8", errors="replace")):
            try:
                yield Outcome.model_validate_json(opened_line(self.path, line))
            except (ValidationError, BrokenSealError):
                continue

    def append(self, outcome: Outcome, person: str = HOUSE) -> Place | None:
        """Hands one outcome to the operating system: it survives a crash of this process. Returns where it stands.

        `person` is whose answer was judged: for them it is sealed where keys are in force. None where the answer was
        cut out of the lab meanwhile: then nothing is written.
        """
        line = sealed_line(self.path, outcome.model_dump_json(), person).encode()
        if self._lab is None:
            return self._write(line)
        with forgotten.unchanged(self._lab):
            if forgotten.among(self._lab, [outcome.item_id]):
                return None
            return self._write(line)

    def is_forgotten(self, item_id: str) -> bool:
        """Whether an answer was cut out of the lab: it is not to be judged any more."""
        if self._lab is None:
            return False
        with forgotten.unchanged(self._lab):
            return bool(forgotten.among(self._lab, [item_id]))

    def _write(self, line: bytes) -> Place:
        """Into the file that stands there now: who cuts an answer out puts another in its place."""
        if self._file is not None and not _is_at(self._file, self.path):
            self.close()
        if self._file is None:
            self._file = appending(self.path)
        offset = self._file.tell()
        write_whole(self._file, line + b"\n")
        return str(self.path.resolve()), offset, len(line), _digest(line)

    def close(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()
            self._file = None


class ResponseCache:
    """Answers by content: the same words, settings, input and repeat were asked before, whatever the run was called.

    An index over the runs' journals: one short line per answer says in which journal and where it stands, and the
    checksum of what stands there: a journal that was written anew has another answer at that place.
    """

    def __init__(self, index: Path) -> None:
        """Keeps the index at `index`; it is read when first asked."""
        self._path = index
        self._places: dict[str, Place] | None = None
        self._file: IO[bytes] | None = None

    def get(self, variant_key: str, item: Item, repeat: int) -> Outcome | None:
        """An earlier answer to the identical call; None when there is none (any more)."""
        place = self._index().get(content_key(variant_key, item, repeat))
        if place is None:
            return None
        journal, offset, length, digest = place
        try:
            with Path(journal).open("rb") as lines:
                lines.seek(offset)
                line = lines.read(length)
            if digest and _digest(line) != digest:
                return None
            found = Outcome.model_validate_json(opened_line(Path(journal), line.decode()))
        except (OSError, ValueError, BrokenSealError):
            return None
        asked = (variant_key, item.id, repeat)
        return found if digest or (found.variant_key, found.item_id, found.repeat) == asked else None

    def put(self, item: Item, outcome: Outcome, place: Place | None) -> None:
        """Remembers where an answer stands; failures, and what was not written, are never remembered."""
        if outcome.result is None or place is None:
            return
        key = content_key(outcome.variant_key, item, outcome.repeat)
        self._index()[key] = place
        if self._file is not None and not _is_at(self._file, self._path):
            self.close()
        if self._file is None:
            self._file = appending(self._path)
        write_whole(self._file, json.dumps([key, *place]).encode() + b"\n")

    def close(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _index(self) -> dict[str, Place]:
        if self._places is None:
            self._places = {}
            lines = self._path.read_bytes().splitlines() if self._path.exists() else []
            for line in lines:
                try:
                    key, journal, offset, length, *digest = _PLACE.validate_json(line)
                except ValidationError:
                    continue
                self._places[key] = (journal, offset, length, str(digest[0]) if digest else "")
        return self._places


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:16]


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is still the one at its path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def content_key(variant_key: str, item: Item, repeat: int) -> str:
    """What makes two calls the same: variant, input, resume, number of the repeat."""
    body = f"{variant_key}\x1f{item.input.model_dump_json()}\x1f{item.resume_text}\x1f{repeat}"
    return hashlib.sha256(body.encode()).hexdigest()[:32]
