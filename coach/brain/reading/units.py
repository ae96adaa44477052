"""Groups clauses into sentences one could print, gives each a place in STAR and picks those worth keeping."""
# ruff: noqa: E501 - phrase lists are easier to keep on one line

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.text import AnswerText

_DEPENDENT = re.compile(
    r"^(?:because|which|where|until|while|who|whose|that|so that|than|though|although|as|unless|whether|and that|if|when|rather)\b"
)
_CONNECTIVE = re.compile(r"^(?:and|so|but|then|or|because|which|where|until)\b")
_DIGRESSION = re.compile(
    r"\b(?:i remember|it's funny|it was funny|you(?:'ve| have) got to understand|you could (?:hear|have heard)|i should say|i'm not above|as you do|it's just how i am|how i was brought up|"
    r"don't know if that's|if that's what you meant|that's my answer|i hope that answers|i can't stress|thought i'd lost it|i've always been like|close to my heart|i don't know how they|"
    r"let me think|good question|a bit of background|where was i|anyway yeah|back to my story|does that make sense|what else)\b"
)
_CLOSER = re.compile(r"^(?:so |and |um |yeah |well |okay )*(?:yeah |that's|that is|that was)(?: [\w'-]+){0,14}$")
_SUBORDINATE_OPENING = re.compile(
    r"^(?:(?:and|so|but|um|uh|yeah|well|okay|basically) )*(?:when|while|after|before|if|as|once|because|since|by the time|whenever|although)\b[^,]*$"
)
_UNFINISHED = re.compile(
    r"\b(?:(?:i|we|he|she|they|who|which)(?:'(?:s|d|m|re|ve|ll))?|(?:it|you|there|that|what)'(?:s|d|re|ve|ll)|(?:see|saw|think|thought|know|knew|say|said|notice|noticed|"
    r"realise|realised|realize|realized|hope|hoped|believe|guess|felt|told (?:me|us|him|her|them)|make sure|made sure)|is|was|are|were|because|the|a|an|my|our|to|of|with|for)$"
)
"""Words that nothing can end with in speech: what follows says it anew ("she's | she was") or is what was seen or thought."""
_HESITATING = re.compile(r"(?:[\s,]+(?:and|so|but|then|um+|uh+|er+m?|like|yeah))+$")
_LED_ON = re.compile(
    r"(?:^|\b(?:and|so|but|then|because) )(?:and |so )?(?:in|at|on|by|for|after|with|from|within|since|during|all)\b[^,]*$"
)
"""A place or time that opens the next clause: "and in that postcode | repeats dropped"."""
_BRIEF_WORDS = 3
_LONG_WORDS = 24
_JOIN_BELOW_WORDS = 8
_PUNCTUATED_LONG_WORDS = 60


@dataclass
class Unit:
    """A printable stretch: consecutive clauses, their role in the story, and how much it is worth."""

    readings: list[ClauseReading]
    role: str = "other"
    value: float = 0.0
    words: int = field(init=False)
    """Words as said."""

    def __post_init__(self) -> None:
        self.words = sum(len(r.clause.tokens) for r in self.readings)

    def add(self, reading: ClauseReading) -> None:
        """Goes on with the next clause."""
        self.readings.append(reading)
        self.words += len(reading.clause.tokens)

    @property
    def indexes(self) -> frozenset[int]:
        """Numbers of its clauses."""
        return frozenset(r.clause.index for r in self.readings)

    @property
    def start(self) -> int:
        """First character in the transcript."""
        return self.readings[0].clause.start

    @property
    def end(self) -> int:
        """End (exclusive) in the transcript."""
        return self.readings[-1].clause.end

    @cached_property
    def lower(self) -> str:
        """Folded text."""
        return " ".join(r.clause.lower for r in self.readings)

    def score(self, role: str) -> float:
        """Best clause for `role`, helped by the others."""
        ranked = sorted((r.scores[role] for r in self.readings), reverse=True)
        return ranked[0] + 0.25 * sum(max(0.0, s) for s in ranked[1:])


def units(answer: AnswerText, readings: list[ClauseReading]) -> list[Unit]:
    """Printable stretches in the order they were said, roles assigned."""
    found: list[Unit] = []
    sizes = [len(answer.transcript[start:end].split()) for start, end in answer.sentences]
    for reading in readings:
        if found and _belongs(answer, found[-1], reading, sizes[reading.clause.sentence]):
            found[-1].add(reading)
        else:
            found.append(Unit([reading]))
    _assign_roles(found)
    for unit in found:
        unit.value = _value(unit)
    return found


def _belongs(answer: AnswerText, unit: Unit, reading: ClauseReading, sentence_words: int) -> bool:
    """True when a clause continues the printed sentence before it."""
    last = unit.readings[-1].clause
    clause = reading.clause
    if clause.sentence != last.sentence:
        return False
    between = answer.transcript[last.end : clause.start].strip()
    if not between and goes_on(unit.readings[-1]):
        return True
    if not says_something(reading) or (not reading.events and len(clause.tokens) <= _BRIEF_WORDS):
        return True
    if sentence_words <= _PUNCTUATED_LONG_WORDS:
        return True
    if len(unit.readings) == 1 and _SUBORDINATE_OPENING.match(last.lower):
        return True
    if _DEPENDENT.match(clause.lower) or unit.words < 4:
        return True
    together = unit.words + len(clause.tokens)
    if not between and not _CONNECTIVE.match(clause.lower):
        return False
    return together <= _LONG_WORDS or (len(clause.tokens) < _JOIN_BELOW_WORDS and together <= _LONG_WORDS + 6)


def says_something(reading: ClauseReading) -> bool:
    """Whether a verb stands before the clause's first comma: "and after, and we retuned …" says nothing there."""
    comma = reading.clause.text.find(",")
    return comma < 0 or any(event.end <= reading.clause.start + comma for event in reading.events)


def hangs(reading: ClauseReading) -> bool:
    """Whether the clause ends where no sentence can, whatever hesitation follows."""
    return bool(_UNFINISHED.search(_HESITATING.sub("", reading.clause.lower)))


def goes_on(reading: ClauseReading) -> bool:
    """Whether what follows in speech belongs to the clause: it hangs, or ends in what opens the next."""
    return hangs(reading) or _leads_on(reading)


def _leads_on(reading: ClauseReading) -> bool:
    """Whether the clause ends in a place or time without a verb of its own, which opens what follows."""
    found = _LED_ON.search(reading.clause.lower)
    start = reading.clause.start + found.start() if found else 0
    return found is not None and not any(event.start >= start for event in reading.events)


def _assign_roles(found: list[Unit]) -> None:
    """Most likely roles under a mild preference for the order S, T, A, R (Viterbi)."""
    if not found:
        return
    costs: list[list[float]] = [[found[0].score(role) - 0.6 * i for i, role in enumerate(ROLES)]]
    back: list[list[int]] = []
    for unit in found[1:]:
        row, origin = [], []
        for i, role in enumerate(ROLES):
            step = [costs[-1][j] - _move(j, i) for j in range(4)]
            best = max(range(4), key=lambda j: step[j])
            row.append(step[best] + unit.score(role))
            origin.append(best)
        costs.append(row)
        back.append(origin)
    state = max(range(4), key=lambda j: costs[-1][j])
    for at in range(len(found) - 1, -1, -1):
        found[at].role = ROLES[state]
        if at:
            state = back[at - 1][state]


def _move(before: int, after: int) -> float:
    """Cost of going from one role to the next."""
    return 0.0 if before == after else 0.3 * (after - before) if after > before else 1.2 + 0.4 * (before - after)


def _value(unit: Unit) -> float:
    """How much a listener would miss it."""
    specific = sum(min(r.specific, 5) for r in unit.readings)
    steps = sum(len(r.own_steps) for r in unit.readings)
    numbers = sum(r.numbers for r in unit.readings)
    best = max(unit.score(role) for role in ROLES)
    return (
        best
        + 0.15 * specific
        + 0.5 * steps
        + 0.25 * numbers
        - 0.03 * unit.words
        - (3.0 if is_digression(unit) else 0.0)
    )


def is_digression(unit: Unit) -> bool:
    """True for asides and closing formulas that carry nothing of the story."""
    if _DIGRESSION.search(unit.lower) or (unit.words <= 2 and not any(r.events or r.numbers for r in unit.readings)):
        return True
    formula = _CLOSER.match(unit.lower.strip(" .!?,"))
    return bool(formula) and not any(r.numbers or r.specific > 2 for r in unit.readings)


def kept(found: list[Unit], max_words: int, shown: frozenset[int] = frozenset()) -> list[Unit]:
    """Leaves out asides, then what matters least, until the answer fits; never the last unit of a role.

    `shown` are clauses that carry an item of the story: no aside, however they sound ("it was a Tuesday, I remember").
    """
    keep = [u for u in found if u.indexes & shown or not is_digression(u)] or list(found)
    left = Counter(u.role for u in keep)
    words = sum(u.words for u in keep)
    dropped: set[int] = set()
    for unit in sorted(keep, key=lambda u: (u.value, -u.start)):
        if words <= max_words:
            break
        if left[unit.role] > 1:
            left[unit.role] -= 1
            words -= unit.words
            dropped.add(unit.start)
    return [u for u in keep if u.start not in dropped]
