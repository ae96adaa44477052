"""The rewrite: the speaker's own sentences in STAR order, tightened; a placeholder where something is missing.

Nothing is added but bracketed placeholders for the speaker to fill in, so no number, name or claim can be invented.
"""

import re
from dataclasses import dataclass

from coach.brain.offline.tighten import tighten
from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.star import StarItemReading
from coach.brain.reading.units import Unit, kept
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
_COMMA_AND_BLANK, _NEAR = 2, 3
"""Characters between two clauses: a comma was there when more than a blank is, and nothing else was."""
_NO_COMMA = ("because", "that ", "until", "where", "when ", "while ", "than ", "if ")
_LEADS_ON = re.compile(r"\b(?:together|then|there|here|later|afterwards|so|and|but)$", re.IGNORECASE)
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
    chosen = kept(found, max_words - sum(len(text.split()) for text in open_parts.values()))
    parts = [RewrittenPart(u.role, text, u) for u in chosen if (text := tighten_unit(u))]
    ordered: list[RewrittenPart] = []
    for role in ROLES:
        ordered += [p for p in parts if p.role == role]
        if open_parts[role]:
            ordered.append(RewrittenPart(role, open_parts[role], None))
    return ordered


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
    full = bool(before.events) and bool(after.events)
    return full and not _LEADS_ON.search(said) and not after.clause.lower.startswith(_NO_COMMA)


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
