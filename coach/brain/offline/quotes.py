"""Short verbatim quotes from the transcript: what makes a remark specific, and the evidence it rests on."""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re
from collections.abc import Sequence

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.figures import figure_spans
from coach.brain.reading.units import hangs
from coach.text.shorten import EDGES
from coach.text.shorten import shorten as shorten

_OPENING = re.compile(
    r"^(?:(?:anyway|and|so|but|then|um+|uh+|yeah|well|okay|ok|oh|like|basically|actually|you know|i mean|because|now|right|sure)\b[\s,.]*)+",
    re.IGNORECASE,
)


_CUT_OFF = re.compile(r"\b(?:between|without|than)$")
_DENIED = re.compile(r"\b(?:never|not|no longer)\b|n't\b")
_FEWEST_WORDS = 3
_SAID_TWICE = re.compile(r"^(\w+), (?=\1\b)", re.IGNORECASE)
_TRAILING = re.compile(r"(?:[\s,]+(?:and now|and then|and|so|but|because|then|or|right|yeah|um+|uh+))+$", re.IGNORECASE)


def quote(reading: ClauseReading, limit: int = 60) -> str:
    """A verbatim stretch of the clause of at most `limit` characters, cut at a word, without opening fillers."""
    text = reading.clause.text
    opening = _OPENING.match(text)
    if opening and len(text) - opening.end() >= 8:
        text = text[opening.end() :]
    text = _TRAILING.sub("", _SAID_TWICE.sub("", text))
    return _marked(shorten(text, limit - 2), text)


def whole(reading: ClauseReading, among: Sequence[ClauseReading], limit: int = 60) -> str:
    """As `quote`; a scrap that says nothing alone ("since then") stands with its neighbour in the sentence, or not at all."""
    if not is_scrap(reading):
        return quote(reading, limit)
    at = reading.clause.index
    sides = (at + 1, at - 1) if hangs(reading) else (at - 1, at + 1)
    near = [
        r for side in sides for r in among if r.clause.index == side and r.clause.sentence == reading.clause.sentence
    ]
    best = next((r for r in near if not is_scrap(r)), None)
    return quote(best, limit) if best else quote(reading, limit) if not near else ""


def is_scrap(reading: ClauseReading) -> bool:
    """True for a stretch of speech that has no verb or hangs in the air: "since then", "so i uh"."""
    words = [t.text for t in reading.clause.tokens if not _OPENING.fullmatch(f"{t.text} ")]
    brief = len(words) < _FEWEST_WORDS or (not reading.events and len(words) <= _FEWEST_WORDS)
    return brief or hangs(reading) or bool(_CUT_OFF.search(reading.clause.lower))


def is_joint_step(reading: ClauseReading) -> bool:
    """Whether "we" did something there of which a part can be one's own; "we never missed one" is none."""
    did = any(step.subject == "we" and step.mood == "told" for step in reading.own_steps)
    return did and not _DENIED.search(reading.clause.lower)


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
