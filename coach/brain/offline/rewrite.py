"""The rewrite: the speaker's own sentences in STAR order, tightened; a placeholder where something is missing.

Nothing is added but bracketed placeholders for the speaker to fill in, so no number, name or claim can be invented.
"""

import re
from dataclasses import dataclass

from coach.brain.offline.tighten import tighten
from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.star import StarItemReading
from coach.brain.reading.units import Unit, goes_on, kept, says_something
from coach.contracts.evaluation import StarStatus

MAX_WORDS = 220
_MAX_CHARS = 2200
_PART_CHARS = {"situation": 500, "task": 500, "action": 800, "result": 500}
PLACEHOLDERS = {
    "situation": "This was at [where you were], in [month or year], when [what made it necessary].",
    "task": "My goal was [what you had to achieve, and by when].",
    "action": "I [first thing you did yourself], then [second thing you did].",
    "result": "As a result, [what changed: X% or another figure you can stand behind].",
}
_FEWEST_UNITS = 3
_COMMA_AND_BLANK, _NEAR = 2, 3
"""Characters between two clauses: a comma was there when more than a blank is, and nothing else was."""
_NO_COMMA = ("because", "that ", "until", "where", "when ", "while ", "than ", "if ")
_LEADS_ON = re.compile(r"\b(?:together|then|now|there|here|later|afterwards|so|and|but)$", re.IGNORECASE)
_ANOTHER_PERSON = re.compile(r"(?:me|us|him|her|them|you) and (?:me|us|him|her|them|you)\b")
_OBJECT_ENDS = re.compile(
    r"\b(?:the|an?|my|our|his|her|its|their|this|that|these|those|some)(?: (?!\w+ed\b)[\w'-]+){1,2}$", re.IGNORECASE
)
_PICKED_OUT = re.compile(
    r"\b(?:every|each|any|all(?: of)? (?:the|my|our|his|her|their)|the (?:only|\w+est|most [\w'-]+))"
    r"(?: (?!\w+ed\b|(?:time|hour|day|week|month|year|shift|morning|evening|night|summer|winter)s?$)[\w'-]+){1,2}$",
    re.IGNORECASE,
)
_PRONOUN = r"^(?:i|we|they|he|she|you)"
_ABOUT_WHAT_STANDS_BEFORE = re.compile(
    _PRONOUN + r" (?:\w+ ){1,4}?(?:over|about|for|with|on|at|to|from|in|of|by|into|through)"
    r"(?:[.!?]*$| (?:over|for|with|on|at|to|from|in|by|during|before|after|since|and|but|or|when|while)\b)|"
    + _PRONOUN
    + r"(?:'d| had|'ve| have) (?:(?:just|already|never|once|\w+ly) )?\w+"
    r"(?:[.!?]*$| (?:for|with|on|at|to|from|in|by|during|before|after|since)\b)|"
    + _PRONOUN
    + r" \w+(?: (?:me|us|him|her|them))?[.!?]*$"
)
"""A clause that lacks its own object: a preposition without one, what one had done, or nothing but a verb."""
METRIC = "In numbers: [X%]."
OWN_PART = "My own part was [what you did yourself]."


@dataclass(frozen=True)
class RewrittenPart:
    """One sentence of the rewrite and the unit it was made from; no unit for a placeholder."""

    role: str
    text: str
    unit: Unit | None


def rewrite_story(
    found: list[Unit],
    star: dict[str, StarItemReading],
    *,
    has_metric: bool,
    owned_by_we: bool,
    max_words: int = MAX_WORDS,
) -> list[RewrittenPart]:
    """The parts of the rewritten story in order: by role, within a role as said."""
    open_parts = {role: _placeholder(role, star[role].status, has_metric, owned_by_we) for role in ROLES}
    shown = {role: item.evidence.clause.index for role, item in star.items() if item.evidence is not None}
    _settle_ends(found, star, shown)
    room = max_words - sum(len(text.split()) for text in open_parts.values())
    chosen = kept(found, room, frozenset(shown.values()))
    parts = [RewrittenPart(u.role, text, u) for u in chosen if (text := tighten_unit(u))]
    ordered: list[RewrittenPart] = []
    for role in ROLES:
        ordered += [p for p in parts if p.role == role]
        if open_parts[role]:
            ordered.append(RewrittenPart(role, open_parts[role], None))
    scene_told = star["situation"].status is not StarStatus.MISSING
    if scene_told and len(ordered) > 1 and ordered[0].unit is None and ordered[1].unit is not None:
        ordered[:2] = reversed(ordered[:2])
    return ordered


def _settle_ends(found: list[Unit], star: dict[str, StarItemReading], shown: dict[str, int]) -> None:
    """The first sentence opens the story where it shows the situation, the last ends it where it shows the result.

    Otherwise a placeholder for the goal would stand before everything that was said, or one for a step behind the end.
    """
    if len(found) < _FEWEST_UNITS:
        return
    for role, unit in (("situation", found[0]), ("result", found[-1])):
        told = any(other.role == role for other in found)
        if not told and star[role].status is not StarStatus.MISSING and shown.get(role) in unit.indexes:
            unit.role = role


def _placeholder(role: str, status: StarStatus, has_metric: bool, owned_by_we: bool) -> str:
    """What the speaker has to fill in for a role; empty when nothing is missing."""
    if status is StarStatus.MISSING or (role == "action" and status is StarStatus.WEAK and not owned_by_we):
        return PLACEHOLDERS[role]
    if role == "action" and owned_by_we:
        return OWN_PART
    return METRIC if role == "result" and not has_metric else ""


def rewrite_plain(found: list[Unit], max_words: int = MAX_WORDS) -> list[RewrittenPart]:
    """The parts of an answer that is no story: as said, tightened."""
    chosen = kept(found, max_words)
    return [RewrittenPart("other", text, u) for u in chosen if (text := tighten_unit(u))]


def tighten_unit(unit: Unit) -> str:
    """The unit as a printable sentence, made from the transcript's own words."""
    first, last = unit.readings[0].clause, unit.readings[-1].clause
    text = first.text if first is last else " ".join(_joined(unit))
    return tighten(text).text


def _joined(unit: Unit) -> list[str]:
    """Clauses with the comma they were told with, and with one where speech had none between two full clauses.

    A piece without a verb is no clause: "the group | I was on was given a year", "between HR | and IT together".
    """
    pieces: list[str] = []
    before: ClauseReading | None = None
    for reading in unit.readings:
        if before is not None and pieces[-1][-1:].isalnum() and _parted(before, reading, pieces[-1]):
            pieces[-1] += ","
        pieces.append(reading.clause.text)
        before = reading
    return pieces


def _parted(before: ClauseReading, after: ClauseReading, said: str) -> bool:
    """Whether a comma stands between two clauses: one was there, or both are full and the second leads nothing on."""
    if _COMMA_AND_BLANK <= after.clause.start - before.clause.end <= _NEAR:
        return True
    if _ANOTHER_PERSON.match(f"{said.lower().rsplit(' ', 1)[-1]} {after.clause.lower}") or not says_something(after):
        return False
    if goes_on(before):
        return False
    full = bool(before.events) and bool(after.events) and not _is_relative(said, after.clause.lower)
    return full and not _LEADS_ON.search(said) and not after.clause.lower.startswith(_NO_COMMA)


def _is_relative(said: str, after: str) -> bool:
    """Whether `after` says which thing `said` ends with, without a "that": "every label | they stumbled over".

    Where that is open nothing is put in: as said is never wrong, a comma there changes what is meant.
    """
    if _PICKED_OUT.search(said):
        return bool(re.match(_PRONOUN + r"\b", after))
    return bool(_OBJECT_ENDS.search(said)) and bool(_ABOUT_WHAT_STANDS_BEFORE.search(after))


def polished(parts: list[RewrittenPart]) -> str:
    """The whole rewrite, cut at a sentence when it would be over-long."""
    text = ""
    for part in parts:
        if len(text) + len(part.text) + 1 > _MAX_CHARS:
            break
        text = f"{text} {part.text}".strip()
    return text


def star_version(parts: list[RewrittenPart]) -> dict[str, str]:
    """The rewrite by STAR item, each within its limit."""
    out: dict[str, str] = {}
    for role, limit in _PART_CHARS.items():
        text = ""
        for part in parts:
            if part.role == role and len(text) + len(part.text) + 1 <= limit:
                text = f"{text} {part.text}".strip()
        out[role] = text
    return out
