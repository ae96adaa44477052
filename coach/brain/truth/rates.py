"""How often something happens: "200 boxes a day" states a day, which the sources must name as a rate too."""

import re
from collections.abc import Iterator

_PER = r"(?:an?|per|each|every)"
_UNITS = "hour|day|week|month|quarter|year"
_RATE = re.compile(rf"(?:\d|\b(?:hundred|thousand|million|dozen))\S* (?:[\w-]+ ){{1,3}}?({_PER} ({_UNITS}))\b", re.I)
"""A figure, what it counts in at most three words, and the time it is counted over."""
_SAID = {
    "hour": r"hours?|hourly",
    "day": r"days?|daily|nights?|nightly|mornings?|evenings?|afternoons?|shifts?",
    "week": r"weeks?|weekly|(?:mon|tues|wednes|thurs|fri|satur|sun)days?",
    "month": r"months?|monthly",
    "quarter": r"quarters?|quarterly|three months",
    "year": r"years?|yearly|annual|annually|seasons?",
}


def invented_rates(text: str, source: str) -> Iterator[tuple[int, int]]:
    """Spans such as "a day" behind a figure where the sources name no day at all."""
    for match in _RATE.finditer(text):
        if not re.search(rf"\b(?:{_SAID[match.group(2).lower()]})\b", source, re.IGNORECASE):
            yield match.span(1)
