"""Which numbers of a clause are figures: amounts, shares, counts. Clock times, years and "one of them" are none."""
# ruff: noqa: E501 - patterns are easier to keep on one line

import re

from coach.brain.reading.cues import NUMBER, NUMBER_WORD

_HOUR = rf"(?:\d{{1,2}}|{NUMBER_WORD})"
_NO_FIGURE = re.compile(
    rf"\b\d{{1,2}}[:.]\d{{2}}(?!\d)(?!\s?(?:%|percent|per cent|million|thousand|k\b|m\b|points?|kg|seconds?|times))(?:\s?[ap]\.?m)?"
    rf"|\b{_HOUR}(?:[:.]\d{{2}})? ?(?:o'?clock|[ap]\.?m\b)"
    rf"|\b(?:half|quarter|{_HOUR}) (?:past|to) (?:{_HOUR}|midnight|noon)\b"
    rf"|\b(?:at|until|till|before|around) (?:{_HOUR})(?= (?:in the|at night|sharp|that|on|and)\b|[,.!?]|$)"
    r"|\b(?:in|since|by|of|from|until|around|summer|spring|autumn|winter|january|february|march|april|may|june|july|august|september|october|november|december) (?:19|20)\d\d\b"
    r"|\b(?:no|any|some|every|the|this|that|which|each|another|last|first|next|only|good|bad|big|new|old)[ -]one\b|\bone (?:of|day|night|morning|another|more|thing|time)\b|\bones?(?=[,.!?]|$)"
    r"|\b(?:first|second|third|fourth) (?:time|day|week|thing|of)\b|\b(?:a|in) second\b|\b(?:999|911|112)\b|\bhalf (?:asleep|way|term)\b|\bone-(?:way|page|off|to-one)\b",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"\b(?:a|an|one|two|three|four|five|nine|about a|nearly a) (?:half|third|quarter|fifth|sixth|seventh|eighth|ninth|tenth|twentieth)s?\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    rf"\bfrom (?:[\w'-]+ ){{0,3}}?(?:{NUMBER_WORD}|[$£€]?\d[\d.,]*)\b[^,;.!?]{{0,40}}? (?:down |up )?to (?:[\w'-]+ ){{0,3}}?(?:{NUMBER_WORD}|[$£€]?\d[\d.,]*)\b"
)


def figure_spans(text: str) -> list[tuple[int, int]]:
    """Spans of the figures in a folded clause, in order."""
    masked = _NO_FIGURE.sub(lambda m: " " * len(m.group()), text)
    spans = [m.span() for m in _FRACTION.finditer(masked)]
    spans += [m.span() for m in NUMBER.finditer(masked) if not any(a <= m.start() < b for a, b in spans)]
    return sorted(spans)


def states_change(text: str) -> bool:
    """True for "from three weeks to four days": before and after, both counted; clock times are none."""
    return bool(_CHANGE.search(_NO_FIGURE.sub(lambda m: " " * len(m.group()), text)))
