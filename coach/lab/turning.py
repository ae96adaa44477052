"""The lab's files sealed, or opened again, where encryption was turned on or off after they were written."""

from pathlib import Path

from coach.errors import StoreError
from coach.foreign_data import lines_of
from coach.lab.runs import forgotten
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.private_files import written_whole
from coach.vault.files import opened_line, sealed_line
from coach.vault.keyring import BrokenSealError, is_sealed


def turn(folder: Path, *, sealed: bool) -> int:
    """Makes every answer in the lab's files sealed or plain; returns how many files changed. Repeatable.

    The index of answers says where lines stand, so it goes: what it knew is asked anew.
    """
    if not folder.is_dir():
        return 0
    with forgotten.unchanged(folder):
        people = _people(folder)
        changed = sum(_turn(path, people, sealed=sealed) for path in _texts(folder))
    if changed:
        (folder / "cache.jsonl").unlink(missing_ok=True)
    return changed


def _texts(folder: Path) -> list[Path]:
    return [
        path for at in ("datasets/*.jsonl", "runs/*/outcomes.jsonl", "playground/*.jsonl") for path in folder.glob(at)
    ]


def _people(folder: Path) -> dict[str, str]:
    """Speaker of each answer, from the datasets."""
    found: dict[str, str] = {}
    for path in folder.glob("datasets/*.jsonl"):
        for line in _plain(path)[1:]:
            item = Item.model_validate_json(line) if line else None
            found |= {item.id: item.person} if item else {}
    return found


def _plain(path: Path) -> list[str]:
    return [_opened(path, line) for line in lines_of(path.read_text("utf8", errors="replace"))]


def _opened(path: Path, line: str) -> str:
    """A line's plain form; empty for one that is torn, which nobody reads either."""
    try:
        return opened_line(path, line)
    except BrokenSealError:
        return ""


def _turn(path: Path, people: dict[str, str], *, sealed: bool) -> bool:
    lines = [line for line in lines_of(path.read_text("utf8", errors="replace")) if line]
    head = 1 if path.parent.name == "datasets" else 0
    body = lines[head:]
    if all(is_sealed(line) == sealed for line in body if line):
        return False
    plain = [line for line in (_opened(path, line) for line in body) if line]
    fresh = [sealed_line(path, line, _whose(line, people)) for line in plain] if sealed else plain
    try:
        with written_whole(path) as draft:
            draft.write_text("".join(f"{line}\n" for line in (*lines[:head], *fresh)), "utf8")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}).", mend="Free some space, then repeat it."
        ) from error
    return True


def _whose(line: str, people: dict[str, str]) -> str:
    for shape, name in ((Item, "id"), (Outcome, "item_id")):
        try:
            return people.get(getattr(shape.model_validate_json(line), name), "")
        except ValueError:
            continue
    return ""
