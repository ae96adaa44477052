"""Whose deeds were they: "I", "we", both, or nobody's; and is an outcome measured."""

# ruff: noqa: E501 - patterns are easier to keep on one line

import re
from dataclasses import dataclass
from typing import Literal

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.figures import figure_spans, states_change

_SHARE = re.compile(
    r"\b(?:per ?cent|out of (?:the )?\w+|increase|decrease|reduction|growth|(?:third|quarter|fifth|sixth|eighth|tenth)s? (?:less|more|fewer|of|down|up|off)|(?:by|up|down|saved|cut) (?:about |nearly |almost |over )?(?:a|one|two|three) (?:third|quarter|fifth|sixth|eighth|tenth)s?|pounds? (?:less|more|saved))\b|%"
)


_MERELY_COUNTED = re.compile(
    r"^(?:and |so |but |then |in the end )*(?:(?:i|we) (?!(?:saved|cut|reduced|raised|won|reached|got|sold|halved|doubled|gained|earned|lost|made it)\b)\w+|(?:he|she|they|my \w+|the \w+) (?:told|said|asked|wanted|was saying|came? back with))\b"
    r"|^after (?:one|two|three|four|five|six|a|an) \w+ \w+ "
)
"""A number in the speaker's own step ("we swapped two people", "I stayed twenty minutes"), in what somebody said, or of days passed."""


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
    lower = reading.clause.lower
    if not any(lower[a:b] != "one" for a, b in figure_spans(lower)) or (
        reading.cues & {"task_mine", "task_goal"} and not states_change(lower)
    ):
        return False
    if _MERELY_COUNTED.search(lower) and len(figure_spans(lower)) == 1 and not states_change(lower):
        return False
    counted = reading.scores["result"] > 0.9
    changed = bool(reading.cues & {"result_change", "result_absence"}) and reading.place > 0.4
    share = bool(_SHARE.search(lower)) and reading.place > 0.3
    return counted or changed or share
