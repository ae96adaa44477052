"""Names in a text: people, organisations, products, tools, places; and whether the sources know them.

A name is a run of capitalised words that is not merely the start of a sentence. Sources are usually lower-case speech,
so support is looked for without regard to case, blanks or punctuation, through initials and common spoken forms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from coach.brain.reading.lexicon import skills_data
from coach.brain.truth.lexicon import (
    ALIASES,
    CALENDAR,
    COMMON_CAPITALS,
    GIVEN_NAMES,
    KNOWN_NAMES,
    LEGAL_FORMS,
    ROLE_WORDS,
    STARTERS,
)

_WORD = re.compile(r"[^\W_](?:[^\W_]|['’](?=[^\W\d_])|[&+#./](?=[^\W_])|[+#](?![^\W_]))*")
_CAPITALISED = re.compile(r"(?<![^\W_])(?=[^\W_]*[^\W\d_a-zß-ÿ])" + _WORD.pattern)
_PRONOUN = re.compile(r"I(?:['’](?:m|ve|d|ll))?")
_SENTENCE_START = re.compile(r"(?:[.!?:;]['\"”’)\]]*\s+|\n\s*(?:[-*•]\s*)?|^['\"“‘(\[]+|[.!?]\s+['\"“‘(]+)$")
_CONNECTORS = frozenset(("of", "of the", "de", "de la", "la", "van", "van der", "von", "der", "del", "&", "-", ""))
_POSSESSIVE = re.compile(r"['’]s?$")
_NUMBERED = re.compile(r" \d")
_TITLES = ("Project", "Operation", "Programme", "Program", "Dr", "Mr", "Mrs", "Ms")
_SUFFIXES = ("ing", "ed", "ly")
_APPOSITION = re.compile(
    r", (?:my|our|his|her|their|a|an|the) [^,.!?;]{2,40}, (?!and\b|or\b|my\b|our\b|the\b|[A-Z])\w+"
)
"""What follows a name that begins a sentence: "Ingrid, my lead, let me …"."""
_TITLE_SPOKEN = {"dr": "doctor", "mr": "mister", "mrs": "missus", "prof": "professor", "st": "saint"}


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words; `parts` are the spans of its words."""

    start: int
    end: int
    parts: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Names that count as such even where a sentence begins with them."""
    listed = {name.lower() for names in skills_data("skills").values() for name in names if name[:1].isupper()}
    single = {name for name in listed if " " not in name}
    return frozenset(single - STARTERS - ROLE_WORDS) | KNOWN_NAMES | GIVEN_NAMES


def names(text: str) -> Iterator[Name]:
    """The names of `text`, in order."""
    run: list[tuple[int, int]] = []
    for match in _CAPITALISED.finditer(text):
        if _PRONOUN.fullmatch(match.group()):
            continue
        if run and not _continues(text[run[-1][1] : match.start()]):
            yield from _finish(text, run)
            run = []
        run.append((match.start(), _without_possessive(match)))
    if run:
        yield from _finish(text, run)


def _continues(gap: str) -> bool:
    """True when two capitalised words belong to one name: a blank, a hyphen, "&" or "of the" stands between them."""
    return gap.strip() in _CONNECTORS


def _without_possessive(match: re.Match[str]) -> int:
    return match.start() + len(_POSSESSIVE.sub("", match.group())) if len(match.group()) > 2 else match.end()


def _finish(text: str, run: list[tuple[int, int]]) -> Iterator[Name]:
    """Leaves out a first word that is capital only because a sentence starts there, then what is no name at all."""
    words = [text[a:b] for a, b in run]
    if _starts_sentence(text, run[0][0]) and _merely_first(words) and not _is_explained(text, run):
        run, words = run[1:], words[1:]
    while run and _is_generic(words[0]) and not (len(words) > 1 and words[0] in _TITLES):
        run, words = run[1:], words[1:]
    while run and _is_generic(words[-1]) and not (len(words) > 1 and _NUMBERED.match(text, run[-1][1])):
        run, words = run[:-1], words[:-1]
    if run:
        yield Name(run[0][0], run[-1][1], tuple(run))


def _starts_sentence(text: str, at: int) -> bool:
    return at == 0 or bool(_SENTENCE_START.search(text[max(0, at - 8) : at]))


def _is_explained(text: str, run: list[tuple[int, int]]) -> bool:
    """True for one word that the sentence goes on to explain, as it does with a name alone."""
    word = text[slice(*run[0])].lower()
    return len(run) == 1 and word not in STARTERS and bool(_APPOSITION.match(text, run[0][1]))


def _merely_first(words: list[str]) -> bool:
    first = words[0].lower()
    if first in _known() or any(c.isdigit() for c in first) or (words[0].isupper() and len(first) > 1):
        return False
    if any(a.islower() and b.isupper() for a, b in zip(words[0], words[0][1:], strict=False)):
        return False
    return len(words) == 1 or first in STARTERS or first.endswith(_SUFFIXES)


def _is_generic(word: str) -> bool:
    low = word.lower()
    return low in COMMON_CAPITALS or low in ROLE_WORDS or low in CALENDAR or len(low) == 1


class NameSources:
    """What the sources know by name."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self._text = "\n".join(sources)
        words = [m.group() for m in _WORD.finditer(self._text)]
        self._folded = [_fold(w) for w in words]
        self._words = frozenset(self._folded) | frozenset(p for w in self._folded for p in re.split(r"[-/&.]", w))
        self._named = frozenset(_fold(w) for w in words if w[0].isupper())
        self._compact = "|".join(re.sub(r"[^a-z0-9]", "", _fold(s)) for s in sources)
        self._initials = "".join(w[0] for w in self._folded)
        self._spelled = "".join(w if len(w) == 1 else " " for w in self._folded)

    def unsupported(self, name: Name, text: str) -> tuple[int, int] | None:
        """The part of the name that the sources do not know; None when they know it all."""
        whole = text[name.start : name.end]
        if self._knows_phrase(whole):
            return None
        unknown = [not self._knows_word(text[a:b]) for a, b in name.parts]
        if not any(unknown):
            return None
        if len(unknown) > 1:
            unknown = [new or not self._is_anchor(text[a:b]) for new, (a, b) in zip(unknown, name.parts, strict=True)]
        first, last = unknown.index(True), len(unknown) - 1 - unknown[::-1].index(True)
        return name.parts[first][0], name.parts[last][1]

    def _is_anchor(self, word: str) -> bool:
        """True for a known word that is a name by itself, so that only what was added to it is new."""
        low = _fold(word)
        return low in self._named or low in GIVEN_NAMES or low in _known() or low in LEGAL_FORMS

    def _knows_phrase(self, phrase: str) -> bool:
        compact = re.sub(r"[^a-z0-9]", "", _fold(phrase))
        if len(compact) >= 4 and compact in self._compact:
            return True
        words = [_fold(w) for w in re.findall(r"[^\W_]+", phrase)]
        initials = "".join(w[0] for w in words)
        if len(words) > 1 and len(initials) >= 2 and (initials in self._words or initials in self._spelled):
            return True
        return any(self._knows_alias(alias) for alias in ALIASES.get(" ".join(words), ()))

    def _knows_word(self, word: str) -> bool:
        low = _fold(word)
        if low in self._words or low in LEGAL_FORMS or _TITLE_SPOKEN.get(low) in self._words:
            return True
        if (low.endswith("s") and low[:-1] in self._words) or f"{low}s" in self._words:
            return True
        pieces = [p for p in re.split(r"[-/&.]", low) if p]
        if len(pieces) > 1 and all(p in self._words or len(p) == 1 for p in pieces):
            return True
        return self._knows_phrase(word) or self._is_acronym_of_source(word)

    def _is_acronym_of_source(self, word: str) -> bool:
        low = re.sub(r"[^a-z]", "", _fold(word))
        letters = low.removesuffix("s") if word[-1:] == "s" and word[:-1].isupper() else low
        if len(letters) < 2 or not re.sub(r"[^A-Za-z]", "", word).removesuffix("s").isupper():
            return False
        return letters in self._spelled or (len(letters) >= 3 and letters in self._initials)

    def _knows_alias(self, alias: str) -> bool:
        return re.sub(r"[^a-z0-9]", "", alias) in self._compact


def _fold(text: str) -> str:
    return text.lower().replace("’", "'").removesuffix("'s")
