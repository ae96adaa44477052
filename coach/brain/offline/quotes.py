"""Short verbatim quotes from the transcript: what makes a remark specific, and the evidence it rests on."""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.figures import figure_spans
from coach.text.shorten import EDGES
from coach.text.shorten import shorten as shorten

_OPENING = re.compile(
    r"^(?:(?:and|so|but|then|um+|uh+|yeah|well|okay|ok|oh|like|basically|actually|you know|i mean|because|now|right|sure)\b[\s,.]*)+",
    re.IGNORECASE,
)


_SAID_TWICE = re.compile(r"^(\w+), (?=\1\b)", re.IGNORECASE)
_TRAILING = re.compile(r"[\s,]+(?:and|so|but|because|then|or|right|yeah)$", re.IGNORECASE)


def quote(reading: ClauseReading, limit: int = 60) -> str:
    """A verbatim stretch of the clause of at most `limit` characters, cut at a word, without opening fillers."""
    text = reading.clause.text
    opening = _OPENING.match(text)
    if opening and len(text) - opening.end() >= 8:
        text = text[opening.end() :]
    text = _TRAILING.sub("", _SAID_TWICE.sub("", text))
    return _marked(shorten(text, limit - 2), text)


def number_quote(reading: ClauseReading, limit: int = 60) -> str:
    """A verbatim stretch around the number of an outcome clause."""
    text = reading.clause.text
    found = figure_spans(reading.clause.lower)
    if not found or len(text) <= limit:
        return quote(reading, limit)
    start = max(0, found[0][0] - limit // 2)
    start = text.find(" ", start) + 1 if start else 0
    return _marked(shorten(text[start:], limit - 2), text[start:])


def _marked(text: str, whole: str) -> str:
    """Shows by an ellipsis that the speaker went on."""
    return text if len(text) >= len(whole.strip(EDGES)) else f"{text} …"
