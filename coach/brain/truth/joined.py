"""Neighbouring quantities that also read as one."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from coach.brain.truth.quantity import Quantity


def _is_small_change(quantity: Quantity) -> bool:
    """True for what may stand behind "two euros": "twenty", "fifty pence", "fifty cheaper"."""
    bare = quantity.kind == "number" and not quantity.unit and not quantity.digits
    return bare and 0 < quantity.value < 100


def joined(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """Neighbours in words that also read as one: a year ("twenty nineteen"), a time ("four thirty"), a price ("two
    euros twenty").
    """
    for left, right in pairwise(found):
        gap = text[left.core_end : right.start]
        if left.kind == "money" and text[left.end : right.start].strip() in ("", "and") and _is_small_change(right):
            yield replace(left, end=right.end, core_end=right.end, value=left.value + right.value / 100)
            continue
        plain = left.kind == right.kind == "number" and not left.unit and not left.digits and not right.digits
        small = left.value < 100 > right.value and left.value == int(left.value)
        if plain and small and gap.strip(" -") in ("", "oh") and ("oh" in gap or right.value >= 10):
            yield replace(right, start=left.start, value=left.value * 100 + right.value)
