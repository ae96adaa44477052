"""Sentences of a transcript, punctuated or not.

Vendors punctuate; the offline recogniser does not. Long stretches without a full stop are cut at spoken connectives,
which is where a listener hears a new statement begin.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass

from coach.text.tokens import word_set

LONG_WORDS = 30
MIN_PIECE_WORDS = 6

_ABBREVIATIONS = word_set("mr mrs ms dr prof sr jr st vs etc e.g i.e inc ltd co no approx dept fig gen u.s u.k a.m p.m")
_LONGEST_ABBREVIATION = 12
_WORD = re.compile(r"\S+")
_STOP = re.compile(r"[.!?…]+[\"'”’)]*(?=\s|$)|\n{2,}")
_CONNECTIVE = re.compile(
    r"(?<=\s)(?:(?:and|but|so)\s+(?:then|eventually|finally|after\s+that|in\s+the\s+end|as\s+a\s+result|i|we|he|she|"
    r"they|it|my|our|the)\b|then\s+(?:i|we|he|she|they|it)\b|after\s+that\b|as\s+a\s+result\b|in\s+the\s+end\b|"
    r"eventually\b|finally\b|because\s+of\s+that\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text: code point offsets `[start, end)` without outer blanks, and its text."""

    start: int
    end: int
    text: str


def sentences(text: str) -> list[Span]:
    """Splits `text` into sentences in order; empty for blank text.

    A stretch of more than 30 words without a stop is cut at connectives ("and then", "so we", "in the end"), each piece
    at least 6 words long.
    """
    spans: list[Span] = []
    for start, end in _between_stops(text):
        spans.extend(s for s in (_trimmed(text, a, b) for a, b in _cut_long(text, start, end)) if s)
    return spans


def _between_stops(text: str) -> list[tuple[int, int]]:
    pieces, start = [], 0
    for match in _STOP.finditer(text):
        before = text[max(start, match.start() - _LONGEST_ABBREVIATION) : match.start()]
        if match.group().startswith(".") and _is_abbreviation(before):
            continue
        pieces.append((start, match.end()))
        start = match.end()
    return [*pieces, (start, len(text))]


def _is_abbreviation(before: str) -> bool:
    last = before.rsplit(None, 1)[-1].lower() if before.split() else ""
    return last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "i")


def _cut_long(text: str, start: int, end: int) -> list[tuple[int, int]]:
    words = [word.start() for word in _WORD.finditer(text, start, end)]
    if len(words) <= LONG_WORDS:
        return [(start, end)]
    cuts, before = [start], 0
    for match in _CONNECTIVE.finditer(text, start, end):
        here = bisect_left(words, match.start())
        if min(here - before, len(words) - here) >= MIN_PIECE_WORDS:
            cuts.append(match.start())
            before = here
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _trimmed(text: str, start: int, end: int) -> Span | None:
    body = text[start:end]
    start += len(body) - len(body.lstrip())
    body = body.strip()
    return Span(start, start + len(body), body) if any(c.isalnum() for c in body) else None
