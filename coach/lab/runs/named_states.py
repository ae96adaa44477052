"""Which frozen state of a growing dataset is the present one, by its name.

A frozen file is named by its answers alone, so two growing datasets with the same answers are one file: which names
stand for it, and which state a name has reached, is kept beside the files.
"""

import json
from pathlib import Path

from filelock import FileLock

from coach.foreign_data import from_json
from coach.private_files import written_whole

FILE = "collections.json"
JOINT = " = "
"""Between the names that stand for one frozen file."""


def alone(datasets: Path) -> FileLock:
    """Held while a growing dataset is read and written: two who add at the same time come one after the other."""
    datasets.mkdir(parents=True, exist_ok=True)
    return FileLock(datasets / ".lock")


def states(datasets: Path) -> dict[str, str]:
    """Hash of the present state by name; empty where nothing was collected, or the file is torn."""
    try:
        found = from_json((datasets / FILE).read_text("utf8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in found.items()} if isinstance(found, dict) else {}


def reached(datasets: Path, name: str, digest: str) -> None:
    """`name` stands for this state from now on; to be called `alone`."""
    _write(datasets, states(datasets) | {name: digest})


def replaced(datasets: Path, old: str, new: str) -> None:
    """Every name of the state `old` stands for `new`; for nothing where that is empty. To be called `alone`."""
    known = states(datasets)
    if old in known.values():
        moved = {name: new if digest == old else digest for name, digest in known.items()}
        _write(datasets, {name: digest for name, digest in moved.items() if digest})


def _write(datasets: Path, names: dict[str, str]) -> None:
    with written_whole(datasets / FILE) as draft:
        draft.write_text(json.dumps(names, ensure_ascii=False, indent=1), "utf8")
