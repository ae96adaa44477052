"""From the record of promotions: what a step back would put in force, and what the last step back took away.

Every step back goes one further, to what was in force before that; a step forward undoes the last of them. A promotion
in between begins a new way, as in an editor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BACK, AGAIN = "rolled back: ", "put back: "
"""How the reasons of both steps begin."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WayBack:
    """Rows of the record that hold the texts of either step; None where there is none."""

    earlier: Row | None = None
    later: Row | None = None


def way_back(history: Sequence[Row]) -> WayBack:
    """Follows the record (oldest first; `name, version, content_hash, reason, evidence`).

    A promotion has evidence on record, a step back none. A step whose text is not the one before it is taken for a
    promotion: in older records a second step back led forward.
    """
    stood: list[Row] = []
    taken: list[Row] = []
    for row in history:
        if _is(row, BACK) and row["evidence"] is None and len(stood) > 1 and _same(stood[-2], row):
            taken.append(stood.pop())
        elif _is(row, AGAIN) and taken and _same(taken[-1], row):
            stood.append(taken.pop())
        elif not stood or not _same(stood[-1], row):
            stood.append(row)
            taken.clear()
    return WayBack(stood[-2] if len(stood) > 1 else None, taken[-1] if taken else None)


def _is(row: Row, beginning: str) -> bool:
    return str(row["reason"] or "").startswith(beginning)


def _same(one: Row, other: Row) -> bool:
    return bool(one["content_hash"] == other["content_hash"])
