"""Dates and times of day in a text, and whether the sources state them. Spans are code points, end exclusive."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from coach.brain.truth.lexicon import MONTHS, SEASONS, WEEKDAYS
from coach.brain.truth.quantity import Quantity

_CALENDAR_WORD = re.compile(
    r"\b(?:" + "|".join(sorted((name.title() for name in (*MONTHS, *WEEKDAYS)), key=len, reverse=True)) + r")\b"
)
_SHORT_IS_WORD = frozenset(("may", "march", "sun", "sat", "mar", "wed", "mon"))
_DATE_CONTEXT = re.compile(
    r"\b(?:in|by|since|until|till|last|this|next|early|late|mid|from|to|of|on|during|and|–|-)\s*$", re.I
)
_SEASON = re.compile(
    r"\b(?:last|this|next|that|in|over|during|each|every|early|late|mid|by|since|the)[\s-]+(?:the\s+)?"
    r"(spring|summer|autumn|winter|fall)\b(?!\s+(?:in|of)\s+(?:sales|complaints|numbers|the number))"
    r"|\b(spring|summer|autumn|winter)\s+(?:of\s+)?(?=(?:19|20)\d\d)",
    re.IGNORECASE,
)
_QUARTER = re.compile(
    r"\b[Qq]([1-4])\b|\b(first|second|third|fourth|last|final)\s+quarter\b|\bquarter\s+(one|two|three|four|[1-4])\b",
    re.IGNORECASE,
)
_HALF_YEAR = re.compile(r"\bH([12])\b|\b(first|second)\s+half\s+of\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(?:last|next|this|previous|the following)\s+(year|month|week|decade)\b|\b(yesterday|tomorrow)\b", re.IGNORECASE
)
_CLOCK = re.compile(
    r"\b(\d{1,2})(?::(\d{2}))?\s?([ap])\.?\s?m\b\.?|\b(\d{1,2}):(\d{2})\b|\b(noon|midday|midnight)\b", re.IGNORECASE
)
_DOTTED = re.compile(r"(?<![\d.,$£€¥])\b(\d{1,2})\.(\d{2})\b(?![.,]?\d)(?!\s?%)(?:\s?[ap]\.?\s?m\b\.?)?", re.IGNORECASE)
_RELATIVE_WORDS = ("last ", "next ", "this ", "previous ", "the following ", "yesterday", "tomorrow")
_PLACES = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "last": 4,
    "final": 4,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
}


@dataclass(frozen=True, slots=True)
class DateMention:
    """One date or time: `key` says which, so that "Sep" and "september" are the same."""

    start: int
    end: int
    key: str


def dates(text: str) -> Iterator[DateMention]:
    """What `text` states as a date, written form ("Sep", "Tuesday", "Q3", "last spring", "last year")."""
    for match in _CALENDAR_WORD.finditer(text):
        low = match.group().lower()
        if low in _SHORT_IS_WORD and not _is_dated(text, match):
            continue
        if low in MONTHS:
            yield DateMention(match.start(), match.end(), f"month {MONTHS[low]}")
        elif low in WEEKDAYS:
            yield DateMention(match.start(), match.end(), f"weekday {WEEKDAYS[low]}")
    low = text.lower()
    if any(season in low for season in SEASONS):
        yield from _seasons(text)
    if "q" in low or "half" in low or "quarter" in low or "H" in text:
        yield from _parts_of_year(text)
    if any(word in low for word in _RELATIVE_WORDS):
        for match in _RELATIVE.finditer(text):
            yield DateMention(match.start(), match.end(), f"relative {(match.group(1) or match.group(2)).lower()}")


def _seasons(text: str) -> Iterator[DateMention]:
    for match in _SEASON.finditer(text):
        which = 1 if match.group(1) else 2
        yield DateMention(match.start(which), match.end(which), f"season {SEASONS[match.group(which).lower()]}")


def _parts_of_year(text: str) -> Iterator[DateMention]:
    for match in _QUARTER.finditer(text):
        yield DateMention(match.start(), match.end(), f"quarter {_which(match)}")
    for match in _HALF_YEAR.finditer(text):
        yield DateMention(match.start(), match.end(), f"half {_which(match)}")


def _is_dated(text: str, match: re.Match[str]) -> bool:
    """True when a word that is also an ordinary one stands where a date stands."""
    after = re.match(r"\s*,?\s*(?:\d|twenty|nineteen|the)", text[match.end() :], re.IGNORECASE)
    return bool(after or _DATE_CONTEXT.search(text[max(0, match.start() - 12) : match.start()]))


def _which(match: re.Match[str]) -> int:
    said = next(group for group in match.groups() if group).lower()
    return int(said) if said.isdigit() else _PLACES[said]


def source_dates(text: str) -> frozenset[str]:
    """The keys the sources state; spoken text has no capitals, so any form counts."""
    keys = {mention.key for mention in dates(text)}
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in MONTHS:
            keys.add(f"month {MONTHS[word]}")
        if word in WEEKDAYS:
            keys.add(f"weekday {WEEKDAYS[word]}")
        if word in SEASONS:
            keys.add(f"season {SEASONS[word]}")
        single = word.removesuffix("s")
        if single in ("year", "month", "week", "decade", "yesterday", "tomorrow"):
            keys.add(f"relative {single}")
    return frozenset(keys)


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day on a twelve-hour dial: minutes 0-719."""

    start: int
    end: int
    minutes: int


def clock_times(text: str) -> Iterator[ClockTime]:
    """Times of day in written form: "4 a.m.", "16:30", "noon"."""
    if not any(mark in text.lower() for mark in ("m", ":")):
        return
    for match in _CLOCK.finditer(text):
        if match.group(6):
            yield ClockTime(match.start(), match.end(), 0)
            continue
        hour = int(match.group(1) or match.group(4))
        minute = int(match.group(2) or match.group(5) or 0)
        if hour < 25 and minute < 60:
            yield ClockTime(match.start(), match.end(), (hour % 12) * 60 + minute)


def dotted_times(text: str) -> Iterator[ClockTime]:
    """What may be a time of day written with a point: "6.30", "16.30"; "6.30%" and "$6.30" are none."""
    for match in _DOTTED.finditer(text):
        hour, minute = int(match.group(1)), int(match.group(2))
        if hour < 25 and minute < 60:
            yield ClockTime(match.start(), match.end(), (hour % 12) * 60 + minute)


def _past_and_to(text: str, found: list[Quantity]) -> Iterator[int]:
    """Spoken "ten past nine", "five to eight"; a range that only looks like one does no harm."""
    for minutes, hour in pairwise(found):
        joint = text[minutes.core_end : hour.start].strip().lower()
        if joint in ("past", "to") and 0 < minutes.value < 30 and 0 < hour.value <= 24:
            yield int(hour.value % 12 * 60 + (minutes.value if joint == "past" else -minutes.value)) % 720


def spoken_times(text: str, found: list[Quantity]) -> frozenset[int]:
    """Every time of day a quantity of the sources may mean: "four", "four thirty", "oh four hundred", "1630"."""
    times = {time.minutes for time in (*clock_times(text), *dotted_times(text))} | set(_past_and_to(text, found))
    for quantity in found:
        value = quantity.value
        if quantity.kind in ("number", "ordinal") and value == int(value):
            if 0 <= value <= 24:
                times.add(int(value) % 12 * 60)
            hour, minute = divmod(int(value), 100)
            if value >= 100 and hour <= 24 and minute < 60:
                times.add(hour % 12 * 60 + minute)
    for match in re.finditer(r"\b(half past|quarter past|quarter to|half)\s+(\w+)", text.lower()):
        after = next((q for q in found if q.start == match.start(2) and q.value <= 12), None)
        if after:
            shift = {"half past": 30, "half": 30, "quarter past": 15, "quarter to": -15}[match.group(1)]
            times.add((int(after.value) % 12 * 60 + shift) % 720)
    if re.search(r"\b(?:noon|midday|midnight|lunch ?time)\b", text.lower()):
        times.add(0)
    return frozenset(times)
