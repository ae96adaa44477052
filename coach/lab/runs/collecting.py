"""Datasets that grow answer by answer, picked on a page or fetched from elsewhere; every state is frozen."""

from collections.abc import Sequence

from filelock import FileLock

from coach.errors import InputError
from coach.lab.runs.dataset import Dataset, Item, thaw
from coach.lab.runs.workspace import Workspace


def add_to(workspace: Workspace, name: str, items: Sequence[Item]) -> tuple[Dataset, int]:
    """Adds answers to the dataset called `name` and freezes it anew; returns it and how many were not there before.

    The same answer is there once, by its id; one that was judged by people since takes the place of the older. Two
    who add at the same time both find theirs in it.

    Raises:
        InputError: no name, or nothing to add.
    """
    name = name.strip()
    if not name or len(name) > 80 or "/" in name:
        raise InputError("Give the dataset a name of up to 80 signs, without a slash.")
    if not items:
        raise InputError("There is no answer to add.", mend="Choose at least one.")
    workspace.datasets.mkdir(parents=True, exist_ok=True)
    with FileLock(workspace.datasets / ".lock"):
        before = newest(workspace, name)
        known = {item.id: item for item in before.items} if before else {}
        added = sum(item.id not in known for item in items)
        grown = Dataset(name=name, items=tuple({**known, **{item.id: item for item in items}}.values()))
        grown.freeze(workspace.datasets).touch()
        return grown, added


def newest(workspace: Workspace, name: str) -> Dataset | None:
    """The present state of the dataset called `name`; None when there is none."""
    for digest, (called, _) in workspace.frozen().items():
        if called == name:
            return thaw(workspace.datasets / f"{digest}.jsonl")
    return None
