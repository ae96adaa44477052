"""A text in parts that are spoken one after the other: the first is heard while the next is made.

Making takes about half the length of the sound (two cores), so a part may be nearly twice as long as the one before.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from coach.settings import DATA
from coach.speech.voice.phonemes import sentences

FIRST_CHARS = 32
"""About two seconds of sound: made in less than one."""
GROWTH = 1.7
MOST_CHARS = 92
"""About six seconds of sound: making it takes 0.18 GB beside the model, twice as much 0.33 GB."""
FEWEST_CHARS = 12
_COMMA = re.compile(r"(?<=[,;:])\s+|\s+(?=[—–-]+\s)")


class Part(NamedTuple):
    """Some words, and whether a sentence ends with them."""

    text: str
    ends: bool


def whole_sentences(text: str) -> list[Part]:
    """A text nobody waits for: its sentences."""
    return [Part(sentence, True) for sentence in sentences(text)]


def quick_parts(text: str) -> list[Part]:
    """A text somebody waits for: short parts first, cut where a phrase begins; sentences never run together."""
    found: list[Part] = []
    most = float(FIRST_CHARS)
    for sentence in sentences(text):
        rest = sentence
        while len(rest) > most and (cut := _cut(rest, most)):
            found.append(Part(rest[:cut].rstrip(), False))
            rest, most = rest[cut:].lstrip(), _longer(most)
        found.append(Part(rest, True))
        most = _longer(most)
    return found


def _longer(most: float) -> float:
    return min(float(MOST_CHARS), most * GROWTH)


def _cut(text: str, most: float) -> int:
    """Where to part: the last comma within `most` characters, else the last phrase, else the first after; else 0."""
    places = [at for at in _places(text) if FEWEST_CHARS <= at <= len(text) - FEWEST_CHARS]
    commas = [m.end() for m in _COMMA.finditer(text) if FEWEST_CHARS <= m.end() <= most]
    within = [at for at in places if at <= most]
    return commas[-1] if commas else within[-1] if within else next(iter(places), 0)


def _places(text: str) -> Iterator[int]:
    """Beginnings of phrases: words that open one, unless the word before did; and words after a comma."""
    opened = False
    for word in re.finditer(r"\S+", text):
        opens = word.group().lower().strip("\"'(,") in _openers()
        if (opens and not opened) or text[: word.start()].rstrip()[-1:] in (",", ";", ":"):
            yield word.start()
        opened = opens


@lru_cache(maxsize=1)
def _openers() -> frozenset[str]:
    lines = (DATA / "voices" / "parting_words.txt").read_text(encoding="utf8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
