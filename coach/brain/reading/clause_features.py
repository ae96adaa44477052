"""What one clause shows of itself and of its place in the answer: what the clause model weighs.

Words and word pairs of the clause (names and figures folded away), who acts and in which mood, cues, place, and whether
steps were told before or come after. Values are 0-ish to 1-ish. Words that a model does not know weigh nothing.
"""

from functools import lru_cache
from itertools import pairwise

from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.cues import NUMBER
from coach.brain.reading.lexicon import shipped
from coach.brain.reading.verbs import IRREGULAR_PAST
from coach.text.stems import stem

Features = dict[str, float]
_START, _EARLY, _LATE, _END = 0.05, 0.3, 0.6, 0.85
"""Places in the answer, 0-1, at which an item typically stands."""


def clause_features(readings: list[ClauseReading]) -> list[Features]:
    """Features of every clause, in order."""
    fillers = frozenset(shipped("reading/fillers.json"))
    steps = [len(reading.own_steps) for reading in readings]
    rows, told = [], 0
    for at, reading in enumerate(readings):
        row = _words(reading, fillers) | _told(reading) | _place(reading)
        row["last"] = float(at == len(readings) - 1)
        row["acted0"], row["acted2"] = float(told == 0), float(told >= 2)
        told += steps[at]
        row["later0"] = float(told == sum(steps))
        row |= {f"pc={cue}": 1.0 for cue in (readings[at - 1].cues if at else ())}
        rows.append(row)
    return rows


def _words(reading: ClauseReading, fillers: frozenset[str]) -> Features:
    words = [_folded(token.text) for token in reading.clause.tokens if token.text not in fillers]
    row = {f"w={word}": 1.0 for word in words}
    row |= {f"b={first}_{second}": 1.0 for first, second in pairwise(words)}
    row["len"] = min(len(words), 20) / 20
    return row | ({f"first={words[0]}": 1.0} if words else {})


@lru_cache(maxsize=8192)
def _folded(word: str) -> str:
    """A word without its tense and number, so that "measured" and "measure" weigh the same; figures are one word."""
    if any(char.isdigit() for char in word) or NUMBER.fullmatch(word):
        return "<n>"
    return stem(IRREGULAR_PAST.get(word, word))


def _told(reading: ClauseReading) -> Features:
    row = {f"c={cue}": 1.0 for cue in reading.cues}
    row |= {f"e={event.subject}:{event.mood}": 1.0 for event in reading.events}
    row["step"] = float(bool(reading.own_steps))
    row["num"], row["names"] = min(reading.numbers, 3) / 3, min(reading.names, 2) / 2
    row["spec"] = min(reading.specific, 6) / 6
    return row | {f"s={role}": max(-2.0, min(4.0, reading.scores[role])) / 2 for role in ROLES}


def _place(reading: ClauseReading) -> Features:
    at = reading.place
    return {
        "place": at,
        "p0": float(at < _START),
        "p1": float(at < _EARLY),
        "p2": float(at > _LATE),
        "p3": float(at > _END),
    }
