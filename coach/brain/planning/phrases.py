"""Skills no lexicon knows: the noun phrases of requirement and duty bullets.

A bullet is cut at commas, "and" and prepositions; what stands before a skill ("experience with", "carry out") and what
follows it ("every nine days", "in our own plant") is left out, and so are abilities of character: competencies.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from coach.brain.planning.posting_text import PostingLine
from coach.settings import DATA

_MOST_WORDS = 4
_ACRONYM = re.compile(r"[A-Z][A-Z0-9+#.]{1,9}\d*")
_EDGE = " .:;!?\"'“”*-–•\t"
_CLAUSE = re.compile(r"^(?:you|we|they|our|it|this|there|he|she)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|an?|our|their|your)\b", re.IGNORECASE)
_HAVING = re.compile(
    r"^you (?:know|have|hold|bring|use|speak|can|will|do|look|help|must|are (?:trained|qualified|certified) in)\b", re.I
)


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = yaml.safe_load((DATA / "postings" / "phrases.yaml").read_text(encoding="utf-8"))
    return rules


@lru_cache(maxsize=16)
def _rule(name: str) -> re.Pattern[str]:
    return re.compile(_rules()[name], re.IGNORECASE)


@dataclass(frozen=True)
class Phrase:
    """A phrase of a line: as written, and where it begins in the line."""

    text: str
    at: int


def phrases(line: PostingLine) -> Iterator[Phrase]:
    """The phrases of one bullet or requirement line that may name a skill, in order."""
    raw = line.raw.strip(_EDGE)
    if not (line.bullet or ":" in line.raw) or (_CLAUSE.match(raw) and not _HAVING.match(raw)):
        return
    raw = raw.partition(":")[2].strip(_EDGE) if _is_label(raw) else raw
    for piece, after in _pieces(raw):
        said = _phrase(piece, tail=after)
        if said:
            yield Phrase(said, max(0, line.raw.find(said)))


def _is_label(raw: str) -> bool:
    head, colon, rest = raw.partition(":")
    return bool(colon) and len(head.split()) <= 3 and bool(rest.strip())


def _pieces(raw: str) -> Iterator[tuple[str, bool]]:
    """Pieces between commas and prepositions; True for one that only follows a preposition."""
    cursor, tail = 0, False
    for match in _rule("split").finditer(raw):
        if match.start() >= cursor:
            yield raw[cursor : match.start()], tail
            word = match.group().strip().lower()
            if word in ("and", "or", ",", "&", ";") and not (tail and word in ("and", "or", "&")):
                tail = False
            elif word in _rules()["weak_split"]:
                tail = bool(_rule("lead").sub("", raw[cursor : match.start()] + " ").strip())
            cursor = match.end()
    yield raw[cursor:], tail


def _phrase(piece: str, *, tail: bool) -> str:
    piece = _rule("cut").split(" " + piece.strip(_EDGE))[0].strip(_EDGE)
    if tail and (_ARTICLE.match(piece) or (" " in piece and piece.islower())):
        return ""
    piece = _rule("tail_noun").sub("", piece)
    gerund = re.fullmatch(r"[A-Za-z]+ing", piece)
    said = piece if gerund else (_rule("lead").sub("", piece + " ").strip(_EDGE) or "")
    if not said or len(said) < 2 or len(said.split()) > _MOST_WORDS or _rule("no_start").match(said):
        return ""
    if not re.search(r"[^\W\d_]{2}", said) or (_rule("soft").search(said) and not _rule("keep_soft").search(said)):
        return ""
    if len(said.split()) == 1 and not _stands_alone(said, tail=tail):
        return ""
    return said


def _stands_alone(word: str, *, tail: bool) -> bool:
    """A single word counts when it is an acronym or a name, or the craft itself ("charring") at a bullet's start."""
    if _ACRONYM.fullmatch(word) or (word[:1].isupper() and any(c.isupper() or c.isdigit() for c in word[1:])):
        return True
    if tail:
        return word[:1].isupper()
    return len(word) > 4 and (word.endswith(("ing", "work", "ment", "tion", "graphy", "metry")) or word[:1].isupper())
