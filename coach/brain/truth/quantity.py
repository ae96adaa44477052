"""What a text is counted in: numbers, words and symbols as tokens, quantities as readings of them.

Offsets are code points, end exclusive.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from coach.brain.truth.number_words import TIME_UNITS, UNIT_ALIASES

_TOKEN = re.compile(r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)|(?P<word>[^\W\d_]+)|(?P<symbol>[^\s\w])")


class NumberToken(NamedTuple):
    """A number, word or symbol; `text` is lower case."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity. `kind`: number, percent, points (of percentages), money, ordinal, fraction,
    times, many.

    `unit` is the currency, or the time unit of a duration; `noun` the word counted where there is one; `core_end` the
    end of the number itself, before its unit. `idiom` marks what only looks like a quantity ("24/7").
    """

    start: int
    end: int
    value: float
    kind: str = "number"
    unit: str = ""
    noun: str = ""
    core_end: int = 0
    digits: bool = False


def tokenise(text: str) -> list[NumberToken]:
    """Splits into numbers, words and symbols."""
    low = text.lower() if len(text.lower()) == len(text) else text
    return [NumberToken(str(m.lastgroup), m.group(), m.start(), m.end()) for m in _TOKEN.finditer(low)]


def time_unit(word: str) -> str:
    """The time unit a word names in singular or plural, "" for none."""
    word = UNIT_ALIASES.get(word, word)
    if word in TIME_UNITS:
        return word
    return word[:-1] if word.endswith("s") and word[:-1] in TIME_UNITS else ""
