"""Whose deeds were they: "I", "we", both, or nobody's; and is an outcome measured."""

from dataclasses import dataclass
from typing import Literal

from coach.brain.offline_cues import NUMBER
from coach.brain.offline_roles import ClauseReading


@dataclass(frozen=True)
class Ownership:
    """Who performs the steps, with the counts it rests on."""

    kind: Literal["I", "we", "mixed", "none"]
    mine: int
    ours: int


def read_ownership(readings: list[ClauseReading]) -> Ownership:
    """Counts steps by subject: mostly "I" (over 70 %), mostly "we" (under 25 % "I"), else mixed."""
    mine = sum(step.subject == "I" for r in readings for step in r.own_steps)
    ours = sum(step.subject == "we" for r in readings for step in r.own_steps)
    if not mine and not ours:
        return Ownership("none", 0, 0)
    share = mine / (mine + ours)
    return Ownership("I" if share > 0.7 else "we" if share < 0.25 else "mixed", mine, ours)


def has_metric(readings: list[ClauseReading]) -> ClauseReading | None:
    """The clause that quantifies an outcome; numbers that only set the scene do not count."""
    told = [r for r in readings if is_metric(r)]
    return max(told, key=lambda r: r.scores["result"], default=None)


def is_metric(reading: ClauseReading) -> bool:
    """True for an outcome clause with a number in it (or an absence: "no more …")."""
    counted = bool(NUMBER.search(reading.clause.lower)) and reading.scores["result"] > 0.9
    changed = "result_change" in reading.cues and reading.numbers > 0 and reading.place > 0.4
    return counted or changed
