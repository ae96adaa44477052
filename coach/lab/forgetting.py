"""Copies of people's answers in the lab's folder: found for whom asks for them, and cut out for good."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from coach.contracts.base import Record
from coach.errors import CoachError, InputError
from coach.foreign_data import from_json, lines_of
from coach.lab.runs import forgotten, named_states
from coach.lab.runs.dataset import Dataset, Item, thaw
from coach.private_files import written_whole
from coach.vault.files import opened_line
from coach.vault.keyring import BrokenSealError

_FOR_NOBODY = "playground"


class LabCopies(Record):
    """What of a person lay in the lab: answers in datasets, judgements of them in runs."""

    answers: int = 0
    judgements: int = 0


class LabFolder:
    """The lab's folder as somebody sees it who looks for one person's answers."""

    def __init__(self, folder: Path, user_id: str, attempt_ids: Collection[str]) -> None:
        """`attempt_ids`: of the person's answers; an item is theirs by person or by attempt."""
        self._folder = folder
        self._user_id = user_id
        self._attempts = frozenset(attempt_ids)

    def items(self) -> dict[str, list[Item]]:
        """The person's answers by the hash of the dataset they were frozen in."""
        found = {data.content_hash: [i for i in data.items if self._is_theirs(i)] for _, data in self._datasets()}
        return {key: items for key, items in found.items() if items}

    def forget(self) -> LabCopies:
        """Cuts them out: datasets are frozen anew without them, runs keep what is left, an emptied one goes.

        What was typed in the playground has no owner and goes as a whole, as do the index of answers and drafts.
        """
        if not self._folder.is_dir():
            return LabCopies()
        with self._alone():
            found = self._cut_datasets()
            self._forget_typed()
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody freezes, adds or judges meanwhile; who goes on afterwards knows what is gone."""
        with named_states.alone(self._folder / "datasets"), forgotten.unchanged(self._folder):
            forgotten.note(self._folder, self._attempts)
            yield

    def _cut_datasets(self) -> LabCopies:
        answers = judgements = 0
        for path, data in self._datasets():
            theirs = {item.id for item in data.items if self._is_theirs(item)}
            if not theirs:
                continue
            forgotten.note(self._folder, theirs)
            rest = Dataset(name=data.name, items=tuple(item for item in data.items if item.id not in theirs))
            for run in self._runs_of(data.content_hash):
                judgements += _cut(run, theirs, rest)
            if rest.items:
                rest.freeze(path.parent)
            named_states.replaced(path.parent, data.content_hash, rest.content_hash if rest.items else "")
            path.unlink(missing_ok=True)
            answers += len(theirs)
        return LabCopies(answers=answers, judgements=judgements)

    def forget_answers(self) -> LabCopies:
        """Cuts out the given answers alone, of the playground too; what others typed there stays."""
        if not self._folder.is_dir():
            return LabCopies()
        with self._alone():
            found = self._cut_datasets()
            tried = sum(_cut_lines(path, self._attempts) for path in (self._folder / _FOR_NOBODY).glob("*.jsonl"))
            if found.answers or tried:
                (self._folder / "cache.jsonl").unlink(missing_ok=True)
        return LabCopies(answers=found.answers, judgements=found.judgements + tried)

    def _is_theirs(self, item: Item) -> bool:
        return item.person == self._user_id or item.id in self._attempts

    def _datasets(self) -> list[tuple[Path, Dataset]]:
        found = []
        for path in sorted((self._folder / "datasets").glob("*.jsonl")):
            try:
                found.append((path, thaw(path)))
            except InputError as error:
                raise CoachError(
                    f"The dataset {path.name} cannot be read, so nobody can say whose answers it holds.",
                    mend="Restore or delete that file, then try again.",
                ) from error
        return found

    def _runs_of(self, dataset_hash: str) -> list[Path]:
        return [path for path in self._folder.glob("runs/*/run.json") if _dataset_of(path) == dataset_hash]

    def _forget_typed(self) -> None:
        (self._folder / "cache.jsonl").unlink(missing_ok=True)
        for path in (self._folder / _FOR_NOBODY).glob("*.jsonl"):
            path.unlink()
        for pattern in ("datasets/*.draft", "datasets/.*.part", "runs/*/.*.part", f"{_FOR_NOBODY}/.*.part"):
            for path in self._folder.glob(pattern):
                path.unlink(missing_ok=True)


def _dataset_of(run: Path) -> str:
    """Which answers a run judged.

    Raises:
        CoachError: nobody can say; then nobody can say whose they are either.
    """
    try:
        return str(from_json(run.read_text("utf8"))["dataset_hash"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CoachError(
            f"The run {run.parent.name} cannot be read, so nobody can say whose answers it judged.",
            mend="Restore or delete its folder, then try again.",
        ) from error


def _cut(run: Path, theirs: set[str], rest: Dataset) -> int:
    """Takes the judgements of `theirs` out of a run; returns how many went."""
    journal = run.parent / "outcomes.jsonl"
    lines = [line for line in lines_of(journal.read_text("utf8", errors="replace")) if line] if journal.exists() else []
    kept = [line for line in lines if _item_of(journal, line) not in {"", *theirs}]
    if rest.items:
        _write(journal, "".join(f"{line}\n" for line in kept))
        _write(run, json.dumps(json.loads(run.read_text("utf8")) | {"dataset_hash": rest.content_hash}, indent=1))
    else:
        for path in run.parent.iterdir():
            path.unlink()
        run.parent.rmdir()
    return len(lines) - len(kept)


def _cut_lines(journal: Path, theirs: Collection[str]) -> int:
    lines = [line for line in lines_of(journal.read_text("utf8", errors="replace")) if line]
    kept = [line for line in lines if _item_of(journal, line) not in theirs]
    if len(kept) < len(lines):
        _write(journal, "".join(f"{line}\n" for line in kept))
    return len(lines) - len(kept)


def _item_of(journal: Path, line: str) -> str:
    """Whose judgement a line is; empty for a torn one, which nobody reads and which may be anybody's."""
    try:
        return str(json.loads(opened_line(journal, line))["item_id"])
    except (ValueError, KeyError, TypeError, BrokenSealError):
        return ""


def _write(path: Path, text: str) -> None:
    with written_whole(path) as draft:
        draft.write_text(text, "utf8")
