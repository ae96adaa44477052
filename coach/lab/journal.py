"""Every answer of a run is on disk before it counts, so that a crash never pays for the same call twice."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from coach.lab.dataset import Item
from coach.lab.outcome import Outcome


class RunJournal:
    """Append-only JSONL of outcomes of one run; a half-written last line is ignored on reading."""

    def __init__(self, path: Path) -> None:
        """Opens (or creates) the journal at `path`."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] | None = None

    def outcomes(self) -> Iterator[Outcome]:
        """What was answered so far, in order."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                yield Outcome.model_validate_json(line)
            except ValidationError:
                continue

    def append(self, outcome: Outcome) -> None:
        """Hands one outcome to the operating system: it survives a crash of this process."""
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
            if self._file.tell() and not self.path.read_bytes().endswith(b"\n"):
                self._file.write(b"\n")
        self._file.write(outcome.model_dump_json().encode() + b"\n")

    def close(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()
            self._file = None


class ResponseCache:
    """Answers by content: the same words, settings, input and repeat were asked before, whatever the run was called."""

    def __init__(self, folder: Path) -> None:
        """Keeps answers below `folder`."""
        self.folder = folder

    def _path(self, variant_key: str, item: Item, repeat: int) -> Path:
        body = f"{variant_key}\x1f{item.input.model_dump_json()}\x1f{item.resume_text}\x1f{repeat}"
        digest = hashlib.sha256(body.encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}.json"

    def get(self, variant_key: str, item: Item, repeat: int) -> Outcome | None:
        """An earlier answer to the identical call; None when there is none."""
        path = self._path(variant_key, item, repeat)
        try:
            return Outcome.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    def put(self, item: Item, outcome: Outcome) -> None:
        """Remembers an answer; failures are never remembered."""
        if outcome.result is None:
            return
        path = self._path(outcome.variant_key, item, outcome.repeat)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(outcome.model_dump_json(), "utf8")
        draft.replace(path)
