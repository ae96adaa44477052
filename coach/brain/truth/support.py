"""Whether the sources state a quantity, in whatever form."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from coach.brain.truth.derived import Derived, Ratio
from coach.brain.truth.number_words import SCALES, TIME_UNITS
from coach.brain.truth.quantity import Quantity
from coach.brain.truth.spoken_digits import digit_by_digit

_NOTHING = re.compile(r"\b(?:no|none|nothing|never|without|zero|nobody|not (?:a|one|any)|didn't|wasn't|nil)\b", re.I)
_EVERYTHING = re.compile(
    r"\b(?:all|every|everyone|everybody|everything|whole|entire|completely|full|fully|hundred)\b", re.I
)
_RANGE = frozenset(
    ("to", "and", "or", "up to", "down to", "until", "", "to about", "to around", "to just", "to nearly", "to almost")
)
_RATIO_WORDS = re.compile(r"\b(\w+)(?= (?:\w+ )??(?:in|out of|of) (?:the |every )?(\w+)\b)", re.I)
_TAKES_TIME = re.compile(
    r"\b(?:needed|needs|took|takes|lasted|over|after|nearly|almost|about|for|by) (?:only |just |about )?$", re.I
)
"""What makes "a week" a duration that somebody states; elsewhere it mostly points ("twice a week")."""
_OF = re.compile(r" (?:[a-z'-]+ )?(?:in|out of|of)(?: the| our| my| their| all| every)? ", re.IGNORECASE)
_FOLD = ("x", "times", "fold")
_FASTER = re.compile(
    r"[ -]?(?:x|times|fold) (?:as (?:many|much|fast|big|high|long|large|good|often|quick)|more|less|fewer|faster"
    r"|quicker|slower|larger|bigger|smaller|higher|lower|longer|shorter|cheaper|better|greater)\b",
    re.IGNORECASE,
)
"""What follows a factor that compares, where it does not count how often."""
_CLOSE = 0.1
"""Slack of a ratio in words: 11 to 21 has "nearly doubled"."""
_SAME_LENGTH = 0.09
"""Slack between durations in different units: four weeks are a month."""


class QuantitySources:
    """Indexed quantities of the sources."""

    def __init__(self, text: str, found: list[Quantity]) -> None:
        self._text = text
        self._all: dict[float, list[Quantity]] = defaultdict(list)
        for quantity in [*_with_shared_units(text, found), *digit_by_digit(text, found)]:
            self._all[round(quantity.value, 6)].append(quantity)
        self._durations = [(q.unit, q.value * TIME_UNITS[q.unit]) for q in _flat(self._all) if q.unit in TIME_UNITS]
        self._derived = Derived(text, found)
        self._percents = self._all_percents()
        self._pairs = self._ratios()
        self._beside_me = {m.end() for m in re.finditer(r"\b(?:me|myself|i) (?:and|plus) ", text, re.IGNORECASE)}

    def unsupported(self, quantity: Quantity, text: str) -> tuple[int, int] | None:
        """The span that is invented; None when the sources state it or it states nothing."""
        if self._compares(quantity, text):
            holds = self._has_ratio(quantity.value) or any(
                q.noun in _FOLD for q in self._all.get(round(quantity.value, 6), ())
            )
            return None if holds else (quantity.start, quantity.core_end)
        if self._states_nothing(quantity, text) or self._supports(quantity) or self._derived.stated(quantity, text):
            return None
        if quantity.kind == "number" and quantity.unit and self._stated(quantity.value):
            return quantity.start, quantity.end
        if quantity.kind in ("percent", "money"):
            return quantity.start, quantity.end
        return quantity.start, quantity.core_end

    def _compares(self, quantity: Quantity, text: str) -> bool:
        """True for "twenty times faster": twenty of anything else does not support it."""
        return quantity.kind == "number" and quantity.noun in _FOLD and bool(_FASTER.match(text, quantity.core_end))

    def states_ratio(self, ratio: Ratio) -> bool | None:
        """Whether a proportion in words holds; None where its numbers are to be looked at one by one."""
        share = ratio.part / ratio.whole
        if self._has_percent(share * 100) or self._derived.share(share):
            return True
        return False if ratio.whole_only and self._stated(ratio.whole) else None

    def _states_nothing(self, quantity: Quantity, text: str) -> bool:
        """True for "one", "first", "second" and "once", which mostly point, and for an article before a time unit."""
        word = text[quantity.start : quantity.core_end].lower()
        if quantity.kind == "ordinal":
            points = quantity.value <= 2 and not quantity.digits
            return points or quantity.noun == "party" or text[quantity.end : quantity.end + 6] == "-party"
        if quantity.kind == "times" and quantity.value == 1:
            return True
        if word in ("a", "an") and quantity.unit in TIME_UNITS and _TAKES_TIME.search(text[: quantity.start]):
            return False
        return quantity.kind == "number" and quantity.value == 1 and not quantity.digits and word in ("one", "a", "an")

    def _supports(self, quantity: Quantity) -> bool:
        if quantity.kind == "percent":
            return self._has_percent(quantity.value)
        if quantity.kind == "points":
            return self._has_percent(quantity.value)
        if quantity.kind == "money":
            return self._has_money(quantity)
        if quantity.kind == "fraction":
            return (
                self._has_percent(quantity.value * 100)
                or self._has_duration(quantity)
                or self._derived.share(quantity.value)
            )
        if quantity.kind == "times":
            return self._has_ratio(quantity.value)
        if quantity.kind == "many":
            return self._has_magnitude(quantity.value)
        if quantity.unit:
            return self._has_duration(quantity)
        if quantity.value == 0:
            return bool(_NOTHING.search(self._text))
        return self._stated(quantity.value) or self._counted_otherwise(quantity)

    def _stated(self, value: float) -> bool:
        return round(value, 6) in self._all

    def _counted_otherwise(self, quantity: Quantity) -> bool:
        if quantity.value == 2:
            return bool(re.search(r"\b(?:both|couple|pair|twice|double|two)\b", self._text, re.I))
        if quantity.noun == "x" or quantity.noun == "times":
            return self._has_ratio(quantity.value)
        if any(
            q.noun in ("others", "other") or q.start in self._beside_me for q in self._all.get(quantity.value - 1, ())
        ):
            return True
        short = round(quantity.value) % 100
        return 1900 <= quantity.value < 2100 and bool(re.search(rf"['’]{short:02d}\b", self._text))

    def _has_percent(self, value: float) -> bool:
        if value == 100 and _EVERYTHING.search(self._text):
            return True
        if value == 0 and _NOTHING.search(self._text):
            return True
        return any(abs(value - known) < 0.51 if known != int(known) else value == known for known in self._percents)

    def _all_percents(self) -> set[float]:
        found = {q.value for q in _flat(self._all) if q.kind == "percent"}
        found |= {q.value * 100 for q in _flat(self._all) if q.kind == "fraction"}
        found |= {abs(q.value - 1) * 100 for q in _flat(self._all) if q.kind == "times" and q.value != 1}
        found |= {
            bare.value for known, bare in pairwise(self._in_order()) if known.kind == "percent" and _is_bare(bare)
        }
        words = {q.start: q.value for q in _flat(self._all) if q.kind in ("number", "fraction")}
        for match in _RATIO_WORDS.finditer(self._text):
            part, whole = words.get(match.start(1)), words.get(match.start(2))
            if part and whole and part < whole:
                found.add(part / whole * 100)
        for left, right in pairwise(self._in_order()):
            gap = self._text[left.core_end : right.start]
            if left.kind == right.kind == "number" and 0 < left.value < right.value and _OF.fullmatch(gap):
                found.add(left.value / right.value * 100)
        return found | {100 / q.value for q in _flat(self._all) if q.kind == "ordinal" and self._is_every(q)}

    def _is_every(self, ordinal: Quantity) -> bool:
        """True for "every third"."""
        return self._text[: ordinal.start].lower().endswith("every ") and ordinal.value > 1

    def _in_order(self) -> list[Quantity]:
        return sorted(_flat(self._all), key=lambda q: q.start)

    def _has_money(self, quantity: Quantity) -> bool:
        same = self._all.get(round(quantity.value, 6), [])
        return any(q.kind != "percent" and q.unit in ("", quantity.unit) and q.unit not in TIME_UNITS for q in same)

    def _has_duration(self, quantity: Quantity) -> bool:
        """The same length in any unit, or the same number where the sources name no unit and count nothing else."""
        if quantity.unit not in TIME_UNITS:
            return False
        length = quantity.value * TIME_UNITS[quantity.unit]
        for unit, known in self._durations:
            if abs(length - known) <= (1e-9 if unit == quantity.unit else _SAME_LENGTH) * max(length, known):
                return True
        same = self._all.get(round(quantity.value, 6), [])
        return any(q.kind == "number" and not q.unit and not q.noun for q in same)

    def _ratios(self) -> set[float]:
        """Ratios the sources state: "doubled", "5x", "half", and every later number over every earlier one."""
        found = {q.value for q in _flat(self._all) if q.kind in ("times", "fraction")}
        found |= {q.value for q in _flat(self._all) if q.noun in ("x", "times", "fold")}
        found |= {1 + q.value / 100 for q in _flat(self._all) if q.kind == "percent"}
        found |= {1 - q.value / 100 for q in _flat(self._all) if q.kind == "percent" and q.value < 100}
        ordered = self._in_order()
        for i, left in enumerate(ordered):
            for right in ordered[i + 1 : i + 6]:
                if left.value > 0 and left.kind in ("number", "money", "percent"):
                    found.add(right.value / left.value)
        return found

    def _has_ratio(self, value: float) -> bool:
        return any(abs(value - known) <= _CLOSE * value for known in self._pairs) or (value == 2 and self._stated(2))

    def _has_magnitude(self, value: float) -> bool:
        return any(value <= q.value < value * 1000 for q in _flat(self._all))


def _is_bare(quantity: Quantity) -> bool:
    return quantity.kind == "number" and not quantity.unit and not quantity.noun


def _flat(by_value: dict[float, list[Quantity]]) -> list[Quantity]:
    return [quantity for group in by_value.values() for quantity in group]


def _with_shared_units(text: str, found: list[Quantity]) -> list[Quantity]:
    """What is said once holds for both ends of a range: "eleven to twenty one percent", "two to three million"."""
    out = list(found)
    for left, right in pairwise(found):
        if text[left.end : right.start].strip(" ,-–").lower() not in _RANGE:
            continue
        if left.kind == "number" and not left.unit and (right.kind in ("percent", "money") or right.unit):
            out.append(replace(left, kind=right.kind, unit=right.unit, noun=right.noun))
        for scaled, bare in ((left, right), (right, left)):
            scale = _scale(text, scaled, hundred=100.0 if bare.value < 10 else 0.0)
            if scale and bare.kind == "number" and bare.value < 1000:
                out.append(replace(bare, value=bare.value * scale, kind=scaled.kind, unit=scaled.unit))
    return out + list(_short_for(text, found))


def _short_for(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """The scale is said once: "a budget of one and a half million, and i brought it in for one point four"."""
    for i, scaled in enumerate(found):
        scale = _scale(text, scaled)
        for bare in found[i + 1 : i + 3] if scale else ():
            if bare.kind == "number" and not bare.unit and not bare.noun and bare.value < 1000:
                yield replace(bare, value=bare.value * scale, kind=scaled.kind, unit=scaled.unit)


def _scale(text: str, quantity: Quantity, *, hundred: float = 0.0) -> float:
    words = text[quantity.start : quantity.core_end].lower().split()
    return (SCALES | {"hundred": hundred}).get(words[-1], 0.0) if words else 0.0
