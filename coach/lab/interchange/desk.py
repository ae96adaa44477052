"""Out to the other tools and in from them, whatever the files are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from coach.contracts.base import Record
from coach.errors import InputError
from coach.foreign_data import from_json, lines_of
from coach.lab.interchange import inspect_files, promptfoo_files
from coach.lab.interchange.carried import keep_run, read
from coach.lab.runs.dataset import Dataset, from_jsonl, thaw
from coach.lab.runs.workspace import Workspace

Tool = Literal["inspect", "promptfoo"]
TOOLS: tuple[Tool, ...] = ("inspect", "promptfoo")


class Taken(Record):
    """What an import brought: a frozen dataset, and the run's id where it was a run."""

    dataset: str
    name: str
    answers: int
    run: str = ""


def send(workspace: Workspace, what: str, tool: Tool, folder: Path, *, default_model: str) -> list[Path]:
    """Writes a run (by id) or a dataset (by hash, or a JSONL file) for another tool; returns the files.

    Raises:
        InputError: neither a run nor a dataset is called so, or the folder cannot be written.
    """
    if any(run.id == what for run in workspace.runs()):
        info, data, outcomes = workspace.load(what)
        if tool == "inspect":
            return inspect_files.export_run(info, data, outcomes, folder)
        path = folder / f"{info.id}.promptfoo.json"
        config = folder / f"{info.id}.promptfooconfig.yaml"
        variants = info.experiment.variants
        return [
            promptfoo_files.export_run(info, data, outcomes, path, default_model=default_model),
            promptfoo_files.export_dataset(data, config, variants, default_model=default_model),
        ]
    data = _dataset(workspace, what)
    if tool == "inspect":
        return [inspect_files.export_dataset(data, folder / f"{data.content_hash}.inspect.jsonl")]
    config = folder / f"{data.content_hash}.promptfooconfig.yaml"
    return [promptfoo_files.export_dataset(data, config, default_model=default_model)]


def _dataset(workspace: Workspace, what: str) -> Dataset:
    frozen = workspace.datasets / f"{what}.jsonl"
    if frozen.is_file():
        return thaw(frozen)
    if Path(what).is_file():
        return from_jsonl(Path(what))
    raise InputError(f"There is no run and no dataset '{what}'.", mend="`lab runs` lists runs; a JSONL file works too.")


def take(workspace: Workspace, files: Sequence[Path], *, name: str = "") -> Taken:
    """Brings in what other tools hold: samples, a configuration, or a run that was exported here.

    Raises:
        InputError: no file, several that are not one run, or nothing in it that can be used.
    """
    if not files:
        raise InputError("There is no file to import.")
    runs = [path for path in files if path.suffix == ".json"]
    if runs and len(runs) < len(files):
        raise InputError("Import a run's results apart from answers.")
    if runs:
        tool = "promptfoo" if _is_promptfoo(runs[0]) else "Inspect"
        module = promptfoo_files if tool == "promptfoo" else inspect_files
        info = keep_run(workspace, [module.import_run(path) for path in runs], f"imported from {tool}")
        size = len(thaw(workspace.datasets / f"{info.dataset_hash}.jsonl").items)
        return Taken(dataset=info.dataset_hash, name=info.dataset_name, answers=size, run=info.id)
    if len(files) > 1:
        raise InputError("Import one dataset at a time.")
    data = workspace.keep(read_answers(files[0], name=name))
    if not data.items:
        raise InputError("All of these answers were deleted here.", mend="Import others.")
    return Taken(dataset=data.content_hash, name=data.name, answers=len(data.items))


def read_answers(path: Path, *, name: str = "") -> Dataset:
    """A dataset of any of the formats: our own JSONL, Inspect's samples, promptfoo's configuration.

    Raises:
        InputError: it is none of them.
    """
    if path.suffix in (".yaml", ".yml"):
        return promptfoo_files.import_dataset(path, name=name)
    if path.suffix != ".jsonl":
        raise InputError(f"{path.name} is neither JSONL, YAML nor JSON.")
    first = next((line for line in lines_of(read(path)) if line.strip()), "")
    try:
        row = from_json(first or "null")
    except ValueError:
        row = None
    if isinstance(row, dict) and ("metadata" in row or "target" in row):
        return inspect_files.import_dataset(path, name=name)
    return from_jsonl(path, name=name)


def _is_promptfoo(path: Path) -> bool:
    try:
        found = from_json(read(path))
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON.") from error
    return isinstance(found, dict) and "config" in found
