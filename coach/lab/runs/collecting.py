"""Datasets that grow answer by answer, picked on a page or fetched from elsewhere; every state is frozen."""

from collections.abc import Sequence

from coach.errors import InputError
from coach.lab.runs import named_states
from coach.lab.runs.dataset import Dataset, Item, thaw
from coach.lab.runs.workspace import Workspace


def add_to(workspace: Workspace, name: str, items: Sequence[Item]) -> tuple[Dataset, int]:
    """Adds answers to the dataset called `name` and freezes it anew; returns it and how many were not there before.

    The same answer is there once, by its id; one that was judged by people since takes the place of the older. Two
    who add at the same time both find theirs in it, and two datasets that hold the same answers stay two.

    Raises:
        InputError: no name, nothing to add, or all of it was deleted meanwhile.
    """
    name = name.strip()
    if not name or len(name) > 80 or "/" in name:
        raise InputError("Give the dataset a name of up to 80 signs, without a slash.")
    if not items:
        raise InputError("There is no answer to add.", mend="Choose at least one.")
    with named_states.alone(workspace.datasets):
        before = newest(workspace, name)
        known = {item.id: item for item in before.items} if before else {}
        grown = Dataset(name=name, items=tuple({**known, **{item.id: item for item in items}}.values()))
        grown = workspace.keep(grown)
        if not grown.items:
            raise InputError("These answers were deleted meanwhile.", mend="Choose others.")
        grown.freeze(workspace.datasets).touch()
        named_states.reached(workspace.datasets, name, grown.content_hash)
        return grown, sum(item.id not in known for item in grown.items)


def newest(workspace: Workspace, name: str) -> Dataset | None:
    """The present state of the dataset called `name`; None when there is none."""
    known = named_states.states(workspace.datasets).get(name, "")
    for digest, (called, _) in workspace.frozen().items():
        if digest == known or (not known and name in called.split(named_states.JOINT)):
            return thaw(workspace.datasets / f"{digest}.jsonl").model_copy(update={"name": name})
    return None
