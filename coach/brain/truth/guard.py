"""Truth guard: what a rewrite states that neither transcript nor resume does.

A claim is a number, percentage, amount, duration, date, time or name. Each is read from the rewrite and looked for in
the sources by what it means, not by how it is written: "$2.5M" is "two and a half million dollars", "Q3" is "third
quarter", "AWS" is "amazon web services". What stays without support becomes a placeholder and is listed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from coach.brain.reading.text import sentence_spans
from coach.brain.truth.dates import clock_times, dates, dotted_times, source_dates, spoken_times
from coach.brain.truth.derived import ratios
from coach.brain.truth.names import Name, NameSources, names
from coach.brain.truth.numbers import quantities
from coach.brain.truth.quantity import Quantity
from coach.brain.truth.rates import invented_rates
from coach.brain.truth.support import QuantitySources

_BRACKETED = re.compile(r"\[[^\]]{0,60}\]|\{[^}]{0,60}\}|<[^>]{0,60}>|\b_{2,}\b")
_IDIOM = re.compile(
    r"\b(?:24/7|50/50|9-to-5|9 to 5|1:1|one-on-one|one-to-one|110%|360-degree|A/B)\b|\bhalf of the battle\b"
)
_LETTERED = re.compile(r"\b(?i:class|grade|type|category|band|block|gate|terminal|vitamin|hepatitis)\s([A-HJ-Z])\b")
"""Kinds told apart by a letter ("a Class C licence"), which alone is no name."""
_URL = re.compile(r"\b(?:https?://|www\.)\S{1,200}|\b[\w.+-]{1,64}@[\w-]{1,64}\.\w{2,10}")
_PLACEHOLDERS = {
    "percent": "[X%]",
    "money": "[amount]",
    "number": "[X]",
    "date": "[date]",
    "time": "[time]",
    "name": "[name]",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """An invented span: offsets are code points into the checked text, end exclusive.

    `kind`: number, percent, money, date, time, name.
    """

    start: int
    end: int
    text: str
    kind: str


class TruthGuard:
    """Knows what the sources state and finds what a text states beyond them."""

    def __init__(self, sources: Sequence[str]) -> None:
        """`sources` are transcript and resume; they are read once, when first needed."""
        self.sources = tuple(source for source in sources if source)

    @cached_property
    def _text(self) -> str:
        return "\n".join(self.sources)

    @cached_property
    def _found(self) -> list[Quantity]:
        return quantities(self._text)

    @cached_property
    def _numbers(self) -> QuantitySources:
        return QuantitySources(self._text, self._found)

    @cached_property
    def _names(self) -> NameSources:
        return NameSources(self.sources)

    @cached_property
    def _dates(self) -> frozenset[str]:
        return source_dates(self._text)

    @cached_property
    def _times(self) -> frozenset[int]:
        return spoken_times(self._text, self._found)

    def warm(self) -> None:
        """Reads the sources now."""
        _ = self._numbers, self._names, self._dates, self._times
        self.violations("On 3 May Ann Lee saved 5%.")

    def violations(self, text: str) -> list[Violation]:
        """Invented spans of `text`, in order, without overlap."""
        masked = _masked(text)
        found: list[Violation] = []
        taken = bytearray(len(text))
        for violation, (start, end) in self._claims(masked):
            if any(taken[start:end]):
                continue
            taken[start:end] = b"\x01" * (end - start)
            if violation and not self._said(text, violation):
                found.append(violation)
        return _merged(text, sorted(found, key=lambda v: v.start))

    def _said(self, text: str, violation: Violation) -> bool:
        """A sentence that stands in the sources word for word states nothing new, however its claims are read."""
        around = next((span for span in sentence_spans(text) if span[0] <= violation.start < span[1]), None)
        return around is not None and text[around[0] : around[1]] in self._text

    def redact(self, text: str) -> tuple[str, list[Violation]]:
        """`text` with every invention replaced by a placeholder, and what was replaced."""
        found = self.violations(text)
        pieces, cursor = [], 0
        for violation in found:
            pieces += [text[cursor : violation.start], _PLACEHOLDERS[violation.kind]]
            cursor = violation.end
        return "".join([*pieces, text[cursor:]]), found

    def _claims(self, text: str) -> Iterator[tuple[Violation | None, tuple[int, int]]]:
        """Every claim with its violation, None when the sources support it; earlier readings win over later ones."""
        for time in clock_times(text):
            span = time.start, time.end
            yield (None if time.minutes in self._times else Violation(*span, text[slice(*span)], "time")), span
        for date in dates(text):
            span = date.start, date.end
            yield (None if date.key in self._dates else Violation(*span, text[slice(*span)], "date")), span
        for time in dotted_times(text):
            if time.minutes in self._times:
                yield None, (time.start, time.end)
        for match in _LETTERED.finditer(text):
            said = " ".join(match.group().split()).lower() in " ".join(self._text.split()).lower()
            yield (None if said else Violation(*match.span(), match.group(), "name")), match.span()
        for span in invented_rates(text, self._text):
            yield Violation(*span, text[slice(*span)], "number"), span
        named = list(names(text))
        stated = [q for q in quantities(text) if q.digits or not any(_inside(q, name) for name in named)]
        for ratio in ratios(text, stated):
            span = ratio.start, ratio.end
            holds = self._numbers.states_ratio(ratio)
            if holds is not None:
                yield (None if holds else Violation(*span, text[slice(*span)], "number")), span
        for before, quantity in pairwise([None, *stated]):
            assert quantity is not None
            bad = self._numbers.unsupported(quantity, text)
            if bad and before and before.unit and text[before.end : quantity.start].strip() == "to":
                bad = self._numbers.unsupported(replace(quantity, unit=before.unit), text) and bad
            kind = quantity.kind if quantity.kind in ("percent", "money") else "number"
            yield (Violation(*bad, text[slice(*bad)], kind) if bad else None), (quantity.start, quantity.end)
        for name in named:
            bad = self._names.unsupported(name, text)
            yield (Violation(*bad, text[slice(*bad)], "name") if bad else None), (name.start, name.end)


def _inside(quantity: Quantity, name: Name) -> bool:
    """True for a number word within a longer name ("Six Sigma")."""
    return len(name.parts) > 1 and name.start <= quantity.start and quantity.core_end <= name.end


def _masked(text: str) -> str:
    """Blanks out placeholders, idioms and addresses; the length stays."""
    for pattern in (_BRACKETED, _IDIOM, _URL):
        text = pattern.sub(lambda m: " " * len(m.group()), text)
    return text


def _merged(text: str, found: list[Violation]) -> list[Violation]:
    """Joins neighbours that are one claim: a name with its number, a month with its year."""
    merged: list[Violation] = []
    for violation in found:
        last = merged[-1] if merged else None
        if last and _one_claim(text[last.end : violation.start], last.kind, violation.kind):
            kind = "date" if "date" in (last.kind, violation.kind) else "name"
            merged[-1] = Violation(last.start, violation.end, text[last.start : violation.end], kind)
        else:
            merged.append(violation)
    return merged


def _one_claim(gap: str, left: str, right: str) -> bool:
    if "date" in (left, right):
        return gap in (" ", ", ") and {left, right} <= {"date", "number"}
    return gap in (" ", "-") and "name" in (left, right) and {left, right} <= {"name", "number"}
