"""What both formats carry beside their own fields, under one key: whole answers, whole outcomes, what the run was.

The foreign fields are what the other tool shows and works with; these are what comes back without loss.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coach.contracts.base import Record
from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.errors import InputError
from coach.foreign_data import from_json
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.workspace import RunInfo, Workspace
from coach.private_files import written_whole
from coach.vault.keyring import HOUSE

KEY = "jobfoxy"


class CarriedRun(Record):
    """A run with its answers and whatever of it one file holds."""

    info: RunInfo
    data: Dataset
    outcomes: tuple[Outcome, ...]


def plain(record: Record) -> dict[str, Any]:
    """A record as JSON values."""
    found = from_json(record.model_dump_json())
    assert isinstance(found, dict)
    return found


def text_of(item: Item) -> str:
    """Question and answer as one text, for whoever shows only text."""
    return f"Question: {item.input.question.text}\n\nAnswer: {item.input.user_answer.transcript}"


def target_of(item: Item) -> str:
    """What careful people say of the answer, as one text; empty where they said nothing."""
    said = item.gold.model_dump(exclude_none=True)
    return "; ".join(f"{name}: {value}" for name, value in said.items())


def item_from(carried: object, foreign: Mapping[str, Any], where: str) -> Item:
    """An answer: as carried, or made of the foreign fields `id, question, answer`.

    Raises:
        InputError: neither can be used; `where` says which one.
    """
    try:
        if carried is not None:
            return Item.model_validate(carried)
        question, answer = str(foreign["question"]), str(foreign["answer"])
        data = EvaluationInput(question=Question(text=question), user_answer=UserAnswer(transcript=answer))
        return Item(id=str(foreign["id"]), person=str(foreign["person"]), input=data)
    except (KeyError, ValidationError) as error:
        what = "question and answer" if isinstance(error, KeyError) else "an answer that can be used"
        raise InputError(f"{where} has no {what}.", mend="Each needs a question and an answer.") from error


def dataset(name: str, items: Iterable[Item]) -> Dataset:
    """Answers under a name.

    Raises:
        InputError: there is none, or an id stands twice.
    """
    found = tuple(items)
    if not found:
        raise InputError(f"{name} holds no answers.")
    if len({item.id for item in found}) < len(found):
        raise InputError(f"{name} names an id twice.")
    return Dataset(name=name[:80], items=found)


def keep_run(workspace: Workspace, parts: Iterable[CarriedRun], origin: str) -> RunInfo:
    """Writes a run that was made elsewhere: shown and compared, marked by `origin`, and no evidence for a promotion.

    Raises:
        InputError: the parts are of several runs, answers are missing, or the run is here already.
    """
    found = list(parts)
    info, data = found[0].info, found[0].data
    if set(info.variant_keys) != {variant.name for variant in info.experiment.variants}:
        raise InputError("The run does not say what its variants are.", mend="Export the run anew.")
    if any(part.info.id != info.id or part.data != data for part in found):
        raise InputError("These files are of different runs.", mend="Import one run at a time.")
    if data.content_hash != info.dataset_hash:
        raise InputError("The answers are not those the run was made on.", mend="Export the run anew.")
    if any(outcome.item_id not in {item.id for item in data.items} for part in found for outcome in part.outcomes):
        raise InputError("The run judged answers that are not in it.", mend="Export the run anew.")
    if any(run.id == info.id for run in workspace.runs()):
        raise InputError(f"The run '{info.id}' is here already.", mend="Nothing was changed.")
    data = workspace.keep(data)
    if not data.items:
        raise InputError("All of these answers were deleted here.", mend="Import others.")
    here = {"recorded": info.recorded or origin, "dataset_hash": data.content_hash}
    marked = info.model_copy(update=here)
    journal, whose = workspace.journal(info.id), {item.id: item.person for item in data.items}
    for part in found:
        for outcome in part.outcomes:
            journal.append(outcome, whose.get(outcome.item_id, HOUSE))
    journal.close()
    (journal.path.parent / "run.json").write_text(marked.model_dump_json(indent=1), "utf8")
    return marked


def read(path: Path) -> str:
    """A file's text.

    Raises:
        InputError: it cannot be read as text.
    """
    try:
        return path.read_text("utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as text.") from error


def write(path: Path, text: str) -> Path:
    """Writes a file whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as draft:
            draft.write_text(text, "utf8")
        return path
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error
