"""Repeated and restarted stretches: "I I went", "we had, we had a plan"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coach.text.fillers import FillerSpan
from coach.text.tokens import Token, is_number, tokenise, word_set

MAX_WORDS = 4
LOOK_BACK = 6
_TRAILS_OFF = re.compile(r"(?:\.{2,}|…)\s*$")
_EMPHASIS = word_set("very really so much many more no yes yeah okay bye hey long far never had that is do ha now well")


@dataclass(frozen=True, slots=True)
class RepeatedSpan:
    """Both occurrences together: offsets `[start, end)`, the text, and `repetition` (one word) or `restart` (more)."""

    start: int
    end: int
    text: str
    kind: str


def find_repetitions(text: str, fillers: list[FillerSpan]) -> list[RepeatedSpan]:
    """Stretches of 1-4 words said twice in a row; fillers in between do not count as words.

    Emphasis ("very, very"), grammar ("had had", "that that") and numbers ("two two five") are none. A sentence that
    ends parts them; one that trails off ("the... the women") does not.
    """
    inside = {at for f in fillers for at in range(f.start, f.end)}
    tokens = [t for t in tokenise(text) if t.start not in inside]
    parted = {
        t.start for t in tokens if t.after_stop and not _TRAILS_OFF.search(text[max(0, t.start - LOOK_BACK) : t.start])
    }
    found: list[RepeatedSpan] = []
    at = 0
    while at < len(tokens):
        length = _repeated_length(tokens, at, parted)
        if length:
            start, end = tokens[at].start, tokens[at + 2 * length - 1].end
            found.append(RepeatedSpan(start, end, text[start:end], "repetition" if length == 1 else "restart"))
        at += length or 1
    return found


def _repeated_length(tokens: list[Token], at: int, parted: set[int]) -> int:
    """How many words from `at` on are said again right after; 0 for none. `parted`: where a new sentence begins."""
    for length in range(MAX_WORDS, 0, -1):
        again = tokens[at + length : at + 2 * length]
        words = [t.word for t in tokens[at : at + length]]
        if words != [t.word for t in again] or any(t.start in parted for t in again):
            continue
        if is_stumble(words):
            return length
    return 0


def is_stumble(words: Sequence[str]) -> bool:
    """Whether these words, said twice in a row, are a repetition: emphasis, grammar and numbers are none."""
    return len(words) > 1 or not (words[0] in _EMPHASIS or is_number(words[0]))
