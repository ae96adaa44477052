"""Word lists of the offline coach, read once from `data/skills`."""

import json
from functools import cache, lru_cache
from typing import Any

from coach.settings import DATA

_DAYS_MONTHS = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "i",
        "i'd",
        "i'm",
        "i've",
        "i'll",
        "english",
    ]
)


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Everyday words and business-speak; what is not among them makes a clause specific."""
    return frozenset((DATA / "skills" / "common_words.txt").read_text(encoding="utf-8").split())


@cache
def skills_data(name: str) -> Any:
    """One JSON file of `data/skills`."""
    return json.loads((DATA / "skills" / f"{name}.json").read_text(encoding="utf-8"))


def is_name(raw: str, *, first: bool) -> bool:
    """True for a capitalised word that is no sentence start, day, month or "I"."""
    return not first and raw[:1].isupper() and raw.lower() not in _DAYS_MONTHS


def lower_first(text: str) -> str:
    """First letter lower, unless the word is "I" or all capitals."""
    word = text.split(" ", 1)[0]
    keep = word in ("I", "I'm", "I'd", "I've") or (len(word) > 1 and word.isupper())
    return text if keep else text[:1].lower() + text[1:]


@cache
def shipped(path: str) -> Any:
    """One JSON file below `data`."""
    return json.loads((DATA / path).read_text(encoding="utf-8"))
