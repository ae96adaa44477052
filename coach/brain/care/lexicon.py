"""The rules of the care layer, read once from `data/care` and compiled.

`kinds.yaml` holds regular expressions over one folded sentence; `{name}` in them stands for an entry of its `words`.
`frames.yaml` holds deeds by their parts (who did, what, to what, hidden how), for a kind whose wordings are endless.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import yaml

from coach.settings import DATA

FOLDER = DATA / "care"
SPOKEN_KINDS = ("crisis", "threat", "misconduct", "profanity", "protected")
"""Kinds found sentence by sentence, the gravest first."""
_NAME = re.compile(r"\{([A-Za-z_]+)\}")
NUMBER_WORDS = frozenset((
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty",
    "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand",
))  # fmt: skip
"""Numbers as said; which number it was tells nothing of a kind."""


@dataclass(frozen=True)
class KindRules:
    """What speaks for one kind, and what silences it nearby."""

    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]
    frames: tuple["DeedFrame", ...] = ()


@dataclass(frozen=True)
class DeedFrame:
    """A deed by its parts: every slot is in the sentence, in any order, and nothing of `silent` is."""

    slots: tuple[re.Pattern[str], ...]
    silent: tuple[re.Pattern[str], ...]

    def fits(self, folded: str) -> bool:
        """True when the folded sentence has all the parts."""
        return all(slot.search(folded) for slot in self.slots) and not any(s.search(folded) for s in self.silent)


@cache
def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def _expanded(pattern: str) -> str:
    words = _read("kinds.yaml")["words"] | _read("frames.yaml")["words"]
    for _ in range(3):
        pattern = _NAME.sub(lambda m: words.get(m.group(1), m.group()), pattern)
    return pattern


def _compiled(patterns: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_expanded(p), re.IGNORECASE) for p in patterns)


@cache
def rules(kind: str) -> KindRules:
    """The compiled rules of one of `SPOKEN_KINDS`."""
    entry = _read("kinds.yaml")[kind]
    frames = tuple(
        DeedFrame(_compiled(f["all"]), _compiled(f.get("not", []))) for f in _read("frames.yaml").get(kind, [])
    )
    sorts = tuple(_wrongdoing()) if kind == "misconduct" else ()
    return KindRules(_compiled(entry["patterns"]), _compiled(entry.get("unless", [])), frames + sorts)


def _wrongdoing() -> Iterator[DeedFrame]:
    """The sorts of wrongdoing as frames: a deed of the speaker's own, what it was done to, what makes it wrong."""
    for sort in _read("wrongdoing.yaml"):
        parts = [sort[name] for name in ("to", "wrong") if sort[name]]
        deed = f"{{me}}(?:{sort['deed']})\\b"
        yield DeedFrame(_compiled([deed, *parts]), _compiled(["{innocent}", *([sort["not"]] if sort["not"] else [])]))


@lru_cache(maxsize=1)
def non_answers() -> tuple[re.Pattern[str], ...]:
    """Sentences that answer nothing; each is matched from its beginning, after greetings and excuses."""
    entry = _read("kinds.yaml")["not_an_answer"]
    return tuple(re.compile(f"{entry['lead']}(?:{_expanded(p)})", re.IGNORECASE) for p in entry["patterns"])


@lru_cache(maxsize=1)
def nothing_said() -> re.Pattern[str]:
    """All of a text in which nothing was said: hesitation, or that nothing comes to mind."""
    return re.compile(_expanded(_read("kinds.yaml")["not_an_answer"]["nothing"]), re.IGNORECASE)


@lru_cache(maxsize=1)
def advice() -> dict[str, Any]:
    """What is said for each kind, where help is found, and what replaces strong words."""
    texts: dict[str, Any] = _read("advice.yaml")
    return texts


@lru_cache(maxsize=1)
def cleaners() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Strong words and what stands for them, in the order they are replaced."""
    return tuple((re.compile(_expanded(p), re.IGNORECASE), said) for p, said in advice()["clean"])


@lru_cache(maxsize=1)
def not_an_answer_reasons() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What a non-answer was, first match wins."""
    return tuple((re.compile(p, re.IGNORECASE), said) for p, said in advice()["not_an_answer_what"])


@lru_cache(maxsize=1)
def language_words() -> dict[str, frozenset[str]]:
    """Function words by language; those English has too are left out."""
    lists = _read("languages.yaml")
    english = frozenset(lists["english"].split())
    return {name: frozenset(words.split()) - english for name, words in lists["words"].items()}


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """English function words."""
    return frozenset(_read("languages.yaml")["english"].split())


@lru_cache(maxsize=1)
def everyday_words() -> frozenset[str]:
    """The commonest English words, function words among them."""
    return frozenset((DATA / "skills" / "common_words.txt").read_text(encoding="utf-8").split())


@lru_cache(maxsize=1)
def scripts() -> dict[str, re.Pattern[str]]:
    """Letters of scripts English is not written in, by what is said of them."""
    return {name: re.compile(letters) for name, letters in _read("languages.yaml")["scripts"].items()}
