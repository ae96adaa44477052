"""The words of the phrase reader: what a token is, which forms a work verb has, what can stand as a skill alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import yaml

from coach.brain.reading.lexicon import common_words
from coach.settings import DATA

_TOKEN = re.compile(r"[^\W_](?:[\w+#&’'.-]*[\w+#])?(?:/[A-Z]{1,3}\b)?|[,;:()|]|\s[–—-]\s|[&/.!?]")
_LETTERS_WITH_DIGITS = re.compile(r"[A-Za-z]+[-/]?\d[\w.-]*|\d+[A-Z][\w-]*")


@dataclass(frozen=True)
class PhraseToken:
    """One word or mark of a line with its place; `named` for an acronym, a code or a name."""

    text: str
    start: int
    end: int
    named: bool

    @property
    def low(self) -> str:
        """In lower case."""
        return self.text.lower()

    @property
    def breaks(self) -> bool:
        """Whether it is a mark that ends a phrase and begins another."""
        return self.text.strip() in (",", ";", ":", "(", ")", "|", ".", "!", "?", "–", "—", "-")


@lru_cache(maxsize=1)
def _rules() -> dict[str, Any]:
    rules: dict[str, Any] = yaml.safe_load((DATA / "postings" / "phrases.yaml").read_text(encoding="utf-8"))
    return rules


@cache
def phrase_rule(name: str) -> re.Pattern[str]:
    """A rule of `data/postings/phrases.yaml` as a pattern."""
    return re.compile(_rules()[name], re.IGNORECASE)


@cache
def word_set(name: str) -> frozenset[str]:
    """A word list of `data/postings/phrases.yaml`."""
    return frozenset(_rules()[name].split())


@cache
def _endings(name: str) -> tuple[str, ...]:
    """A list of word endings of `data/postings/phrases.yaml`."""
    return tuple(_rules()[name].split())


def is_word_list(name: str, low: str) -> bool:
    """Whether a word in lower case stands in a list."""
    return low in word_set(name)


def ends_chunk(low: str) -> bool:
    """Whether a word can't be inside a skill."""
    return low.removesuffix("'s").removesuffix("’s") in word_set("ends")


def tokens(text: str) -> Iterator[PhraseToken]:
    """Words and marks of a line; the first word's capital says nothing, a later one names."""
    for match in _TOKEN.finditer(text):
        word = match.group()
        yield PhraseToken(
            word, match.start(), match.end(), _is_named(word, first=not text[: match.start()].strip(" ("))
        )


def _is_named(word: str, *, first: bool) -> bool:
    inner = any(c.isupper() for c in word[1:]) or bool(_LETTERS_WITH_DIGITS.fullmatch(word))
    return len(word) > 1 and (inner or (word[0].isupper() and not first))


@cache
def _verb_forms() -> dict[str, str]:
    """Every form of a work verb a bullet begins with ("dresses", "dressing") and its base."""
    forms: dict[str, str] = {}
    for base in [*_rules()["plain_verbs"].split(), *_rules()["craft_verbs"].split()]:
        for form in (base, f"{base}s", f"{base}es" if base[-1] in "shxz" else f"{base}s", *_gerunds(base)):
            forms.setdefault(form, base)
    return forms


def _gerunds(base: str) -> list[str]:
    if base.endswith("e") and not base.endswith(("ee", "ye", "oe")):
        return [f"{base[:-1]}ing"]
    if base.endswith("ie"):
        return [f"{base[:-2]}ying"]
    doubled = len(base) > 2 and base[-1] not in "aeiouwxy" and base[-2] in "aeiou" and base[-3] not in "aeiou"
    return [f"{base}{base[-1]}ing", f"{base}ing"] if doubled else [f"{base}ing"]


def is_verb(token: PhraseToken) -> bool:
    """Whether a token can be the verb of a duty."""
    return token.low in _verb_forms() and not (token.text.isupper() and len(token.text) > 1)


def is_adverb(token: PhraseToken) -> bool:
    """Whether a word in -ly says how ("carefully") rather than what ("assembly")."""
    return token.low.endswith("ly") and token.low not in word_set("ly_nouns")


def is_nominal(token: PhraseToken) -> bool:
    """Whether a word can end a compound that begins with a verb's form ("core sampling", "load calculations")."""
    return token.low.endswith(("ing", "tion", "tions", "ment", "ments", "sis")) or token.low in word_set(
        "carriers"
    ) | word_set("nominals")


def verb_of(token: PhraseToken) -> str:
    """The base of a verb's form."""
    return _verb_forms()[token.low]


def nominal(verb: str, thing: PhraseToken) -> str:
    """The craft a verb and its one object make ("dress wigs": wig dressing); empty where the verb says nothing."""
    if not verb or thing.named or verb not in word_set("craft_verbs") | frozenset(_rules()["nouns"]):
        return ""
    if len(thing.text) <= 2 or thing.low in _verb_forms():
        return ""
    noun = _rules()["nouns"].get(verb) or _gerunds(verb)[0]
    return f"{_singular(thing.low)} {noun}"


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is", "ics")) else word


def technical(said: list[PhraseToken]) -> bool:
    """Whether a phrase has a word that everyday English does not have."""
    return any(len(token.low) > 3 and _singular(token.low) not in common_words() for token in said)


def stands_alone(token: PhraseToken, *, first: bool, of_verb: bool) -> bool:
    """A single word counts when it is a name or acronym, the craft itself ("charring"), or a thing worked on."""
    if token.named:
        return not token.text.islower()
    low, base = token.low, _verb_forms().get(token.low, "")
    quality = low.endswith(_endings("quality_endings")) or base in word_set("plain_verbs")
    if quality or len(low) <= 4 or _singular(low) in common_words():
        return False
    if low in word_set("poor_alone"):
        return False
    people = low.endswith(("ers", "ors", "ists"))
    return low.endswith(_endings("craft_endings")) or ((first or of_verb) and not people)


def is_compound(verb: PhraseToken, chunk: list[PhraseToken]) -> bool:
    """Whether a word with a verb's form is a noun's first part: "core sampling", "load calculations"."""
    base = verb_of(verb)
    if verb.low != base or base not in word_set("noun_verbs") or chunk[0].start > verb.end + 1:
        return False
    return is_nominal(chunk[-1]) and (base not in word_set("plain_verbs") or chunk[0].low.endswith("ing"))
