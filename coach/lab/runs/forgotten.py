"""Which answers were taken out of the lab for good: whoever still has one in memory writes nothing of it any more.

A run goes on for hours over the answers it began with, and a page may hold one that is to be added to a dataset. So
what was cut out is noted here first, by the hash of its id, and everything that writes answers or judgements asks while
nobody cuts.
"""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path

from filelock import FileLock

from coach.lab.runs.appending import appending

FILE = "forgotten"


def unchanged(lab: Path) -> FileLock:
    """Held by who cuts answers out, and by who writes one while it asks and writes."""
    lab.mkdir(parents=True, exist_ok=True)
    return FileLock(lab / ".forgotten.lock", mode=0o600)


def note(lab: Path, item_ids: Collection[str]) -> None:
    """These answers are gone from now on; to be called while `unchanged` is held."""
    known = among(lab, item_ids)
    fresh = sorted({_name(item_id) for item_id in item_ids if item_id not in known})
    if fresh:
        with appending(lab / FILE) as file:
            file.write("".join(f"{name}\n" for name in fresh).encode())


def among(lab: Path, item_ids: Iterable[str]) -> frozenset[str]:
    """Those of the answers that were cut out; to be called while `unchanged` is held."""
    try:
        gone = frozenset((lab / FILE).read_text("ascii", errors="replace").split())
    except FileNotFoundError:
        return frozenset()
    return frozenset(item_id for item_id in item_ids if _name(item_id) in gone)


def _name(item_id: str) -> str:
    """Ids are drawn by lot or hashes of words: nobody finds one from this."""
    return hashlib.sha256(f"forgotten {item_id}".encode()).hexdigest()[:32]
