"""Every answer of a run is on disk before it counts, so that a crash never pays for the same call twice."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from coach.foreign_data import lines_of
from coach.lab.runs.appending import appending
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.vault.files import opened_line, sealed_line
from coach.vault.keyring import HOUSE, BrokenSealError

_PLACE = TypeAdapter(tuple[str, str, int, int])


class RunJournal:
    """Append-only JSONL of outcomes of one run; a half-written line is ignored, what follows it is not."""

    def __init__(self, path: Path) -> None:
        """Opens (or creates) the journal at `path`."""
        self.path = path
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

    def append(self, outcome: Outcome, person: str = HOUSE) -> tuple[Path, int, int]:
        """Hands one outcome to the operating system: it survives a crash of this process. Returns where it stands.

        `person` is whose answer was judged: for them it is sealed where keys are in force.
        """
        if self._file is None:
            self._file = appending(self.path)
        line = sealed_line(self.path, outcome.model_dump_json(), person).encode()
        offset = self._file.tell()
        self._file.write(line + b"\n")
        return self.path.resolve(), offset, len(line)

    def close(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()
            self._file = None


class ResponseCache:
    """Answers by content: the same words, settings, input and repeat were asked before, whatever the run was called.

    An index over the runs' journals: one short line per answer says in which journal and where it stands.
    """

    def __init__(self, index: Path) -> None:
        """Keeps the index at `index`; it is read when first asked."""
        self._path = index
        self._places: dict[str, tuple[str, int, int]] | None = None
        self._file: IO[bytes] | None = None

    def get(self, variant_key: str, item: Item, repeat: int) -> Outcome | None:
        """An earlier answer to the identical call; None when there is none (any more)."""
        place = self._index().get(content_key(variant_key, item, repeat))
        if place is None:
            return None
        journal, offset, length = place
        try:
            with Path(journal).open("rb") as lines:
                lines.seek(offset)
                return Outcome.model_validate_json(opened_line(Path(journal), lines.read(length).decode()))
        except (OSError, ValueError, BrokenSealError):
            return None

    def put(self, item: Item, outcome: Outcome, place: tuple[Path, int, int]) -> None:
        """Remembers where an answer stands; failures are never remembered."""
        if outcome.result is None:
            return
        key, (journal, offset, length) = content_key(outcome.variant_key, item, outcome.repeat), place
        self._index()[key] = (str(journal), offset, length)
        if self._file is None:
            self._file = appending(self._path)
        self._file.write(json.dumps([key, str(journal), offset, length]).encode() + b"\n")

    def close(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _index(self) -> dict[str, tuple[str, int, int]]:
        if self._places is None:
            self._places = {}
            lines = self._path.read_bytes().splitlines() if self._path.exists() else []
            for line in lines:
                try:
                    key, journal, offset, length = _PLACE.validate_json(line)
                except ValidationError:
                    continue
                self._places[key] = (journal, offset, length)
        return self._places


def content_key(variant_key: str, item: Item, repeat: int) -> str:
    """What makes two calls the same: variant, input, resume, number of the repeat."""
    body = f"{variant_key}\x1f{item.input.model_dump_json()}\x1f{item.resume_text}\x1f{repeat}"
    return hashlib.sha256(body.encode()).hexdigest()[:32]
