"""Short verbatim quotes from the transcript: what makes a remark specific, and the evidence it rests on."""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.figures import figure_spans

_OPENING = re.compile(
    r"^(?:(?:and|so|but|then|um+|uh+|yeah|well|okay|ok|oh|like|basically|actually|you know|i mean|because|now|right|sure)\b[\s,.]*)+",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"[\s,]+(?:and|or|but|so|the|a|an|of|to|in|on|at|for|with|from|by|that|which|who|my|our|their|his|her|its|i|we|was|were|is|because|as|um|uh|like|about|than|if|it|they|had|have)$",
    re.IGNORECASE,
)
_EDGES = ' ,.;:!?–—-"“”'


def quote(reading: ClauseReading, limit: int = 60) -> str:
    """A verbatim stretch of the clause of at most `limit` characters, cut at a word, without opening fillers."""
    text = reading.clause.text
    opening = _OPENING.match(text)
    if opening and len(text) - opening.end() >= 8:
        text = text[opening.end() :]
    return _marked(shorten(text, limit - 2), text)


def shorten(text: str, limit: int) -> str:
    """Cuts at a word boundary and drops a dangling last word; what is left is verbatim."""
    text = text.strip(_EDGES)
    if len(text) > limit:
        text = text[: limit + 1].rsplit(None, 1)[0] if " " in text[: limit + 1] else text[:limit]
        while (cut := _DANGLING.sub("", text)) != text:
            text = cut
    return text.strip(_EDGES)


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
    return text if len(text) >= len(whole.strip(_EDGES)) else f"{text} …"
