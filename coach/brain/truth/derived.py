"""What follows from the quantities a source states: shares, differences and sums a faithful rewrite may name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coach.brain.truth.lexicon import WEEKDAYS
from coach.brain.truth.quantity import Quantity

_NEAR = 5
"""Quantities of one story stand within so many of each other."""
_CLOSE = 0.1
"""Slack of a share in words: nine of thirty is "close to a third"."""
_LARGEST_WHOLE = 100
_JOINT = re.compile(r"\s(?:[a-z'-]+\s)?(?:in|out of|to|for)(?:\severy)?\s", re.IGNORECASE)
_CHANGE = re.compile(r"^\W*(?:(?:percentage )?points?|fewer|less|more|higher|lower)\b", re.IGNORECASE)
_TOTAL = re.compile(r"^(?: \w+)? (?:in all|in total|altogether|all told|combined)\b", re.IGNORECASE)
_ALL_BUT = re.compile(r"\b(?:all|every \w+) (?:but|except(?: for)?|apart from|minus) (?:the |about )?$", re.IGNORECASE)
_WEEKDAY = "|".join(WEEKDAYS)
_DAY_SPAN = re.compile(rf"\b({_WEEKDAY}) (?:\w+ )?(?:to|until|till|through) (?:\w+ )?({_WEEKDAY})\b", re.IGNORECASE)
_AND_ME = re.compile(r"(?: \w+)? (?:and|plus) (?:me|myself)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Such as "nine in ten", "one box in five", "one for every eight"; offsets are code points, end exclusive."""

    start: int
    end: int
    part: float
    whole: float
    whole_only: bool


def ratios(text: str, found: Sequence[Quantity]) -> Iterator[Ratio]:
    """Proportions in words; a whole with a unit ("two people in five days") is none."""
    for part, whole in pairwise(found):
        plain = part.kind == whole.kind == "number" and not part.unit and not whole.unit
        if not plain or not 0 < part.value < whole.value <= _LARGEST_WHOLE:
            continue
        gap = text[part.core_end : whole.start]
        if _JOINT.fullmatch(gap) and (part.value == 1 or " in" in gap or " out of" in gap):
            yield Ratio(part.start, whole.end, part.value, whole.value, part.value == 1)


class Derived:
    """Figures nobody said that follow from those which were said."""

    def __init__(self, text: str, found: Sequence[Quantity]) -> None:
        alike = [
            (left, right)
            for i, left in enumerate(found)
            for right in found[i + 1 : i + 1 + _NEAR]
            if left.unit == right.unit and {left.kind, right.kind} <= {"number", "percent", "money"}
        ]
        self._shares = {low / high for a, b in alike for low, high in [sorted((a.value, b.value))] if high > 0}
        self._growth = {b.value / a.value - 1 for a, b in alike if b.value > a.value > 0}
        self._differences = {round(abs(a.value - b.value), 6) for a, b in alike}
        self._sums = {round(a.value + b.value, 6) for a, b in alike if a.kind == b.kind}
        self._products = {round(a.value * b.value, 6) for a, b in alike if a.kind == b.kind == "number"}
        self._left = set(_left_over(text, found))
        self._days = set(_days(text))
        self._with_me = {q.value + 1 for q in found if _AND_ME.match(text, q.core_end)}

    def share(self, value: float) -> bool:
        """True for a fraction that two figures make, that is left of one, or by which one grew."""
        known = self._shares | {1 - share for share in self._shares} | self._growth
        return any(abs(value - one) <= _CLOSE * value for one in known)

    def stated(self, quantity: Quantity, text: str) -> bool:
        """True for "three fewer", "twelve points", "six in all" when the figures say so."""
        value, after = round(quantity.value, 6), text[quantity.core_end : quantity.core_end + 30]
        if _CHANGE.match(after) and value in self._differences:
            return True
        if quantity.unit == "day" and value in self._days:
            return True
        return (bool(_TOTAL.match(after)) and value in self._sums | self._products) or value in (
            self._with_me | self._left
        )


def _left_over(text: str, found: Sequence[Quantity]) -> Iterator[float]:
    """What "thirty eight tickets … all but two" leaves."""
    for whole, rest in ((w, r) for i, r in enumerate(found) for w in found[max(0, i - _NEAR) : i]):
        if whole.value > rest.value and _ALL_BUT.search(text[: rest.start][-30:]):
            yield round(whole.value - rest.value, 6)


def _days(text: str) -> Iterator[float]:
    """How many days "from monday to thursday" are, with and without the first."""
    for match in _DAY_SPAN.finditer(text):
        first, last = (WEEKDAYS[day.lower()] for day in match.groups())
        passed = (last - first) % 7
        yield from (float(passed), float(passed + 1))
