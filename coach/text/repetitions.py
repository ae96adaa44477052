"""Repeated and restarted stretches: "I I went", "we had, we had a plan"."""

from dataclasses import dataclass

from coach.text.fillers import FillerSpan
from coach.text.tokens import Token, is_number, tokenise, word_set

MAX_WORDS = 4
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

    Emphasis ("very, very"), grammar ("had had", "that that") and numbers ("two two five") are none.
    """
    inside = {at for f in fillers for at in range(f.start, f.end)}
    tokens = [t for t in tokenise(text) if t.start not in inside]
    found: list[RepeatedSpan] = []
    at = 0
    while at < len(tokens):
        length = _repeated_length(tokens, at)
        if length:
            start, end = tokens[at].start, tokens[at + 2 * length - 1].end
            found.append(RepeatedSpan(start, end, text[start:end], "repetition" if length == 1 else "restart"))
        at += length or 1
    return found


def _repeated_length(tokens: list[Token], at: int) -> int:
    """How many words from `at` on are said again right after; 0 for none."""
    for length in range(MAX_WORDS, 0, -1):
        again = tokens[at + length : at + 2 * length]
        words = [t.word for t in tokens[at : at + length]]
        if words != [t.word for t in again] or any(t.after_stop for t in again):
            continue
        if length == 1 and (words[0] in _EMPHASIS or is_number(words[0])):
            continue
        return length
    return 0
