"""The shipped questions: general ones by type and competency, those of a trade by the title of the job."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from coach.brain.reading.lexicon import shipped
from coach.contracts.brain import JobContext

Kind = Literal["behavioral", "technical", "leadership", "situational"]
_ORDER: dict[int, tuple[Kind, ...]] = {
    1: ("behavioral",),
    2: ("behavioral", "technical"),
    3: ("behavioral", "technical", "behavioral"),
    4: ("behavioral", "technical", "leadership", "behavioral"),
    5: ("behavioral", "technical", "leadership", "situational", "behavioral"),
}
_LEADING = re.compile(
    r"\b(?:lead|leader|manager|head|supervisor|director|chief|principal|chef|foreman|owner)\b", re.IGNORECASE
)
_SKILLS_TRIED = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a plan: its type, and whether its question names a skill of the job or belongs to its trade."""

    kind: Kind
    names_skill: bool = False
    of_trade: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question as it would be asked."""

    text: str
    kind: str
    competencies: tuple[str, ...]
    skill: str | None = None
    trade: str = ""


@lru_cache(maxsize=1)
def question_bank() -> tuple[dict[str, Any], ...]:
    """The general questions."""
    return tuple(shipped("questions/bank.json")["questions"])


@lru_cache(maxsize=1)
def trades() -> tuple[dict[str, Any], ...]:
    """The trades: `id`, `title` (a pattern for titles of jobs), `questions`."""
    return tuple(shipped("questions/trades.json")["trades"])


def trade_of(title: str) -> str:
    """The trade of a job's title; empty when none is known."""
    found = (t["id"] for t in trades() if re.search(rf"\b(?:{t['title']})", title, re.IGNORECASE))
    return next(found, "")


def slots(job: JobContext, count: int) -> list[Slot]:
    """The places of a plan of `count` questions (1-5); one names a skill of the job when it has any."""
    kinds = list(_ORDER[count])
    if count == 3 and _LEADING.search(job.job_title):
        kinds[2] = "leadership"
    if count == 1 and job.key_skills:
        kinds = ["technical"]
    skilled, trade = bool(job.key_skills), trade_of(job.job_title)
    by_trade = bool(trade) and count >= 3
    made = [Slot(k, names_skill=skilled and k == "technical" and not by_trade) for k in kinds]
    if by_trade:
        made[1] = Slot("technical", of_trade=True)
        if skilled:
            made[0] = Slot("behavioral", names_skill=True)
    return made


def candidates(slot: Slot, job: JobContext) -> Iterator[Candidate]:
    """Every question that fits a place; those with a skill once for each of the first skills of the job."""
    if slot.of_trade:
        yield from _of_trade(trade_of(job.job_title))
        return
    for entry in question_bank():
        if entry["type"] != slot.kind or entry["names_skill"] != slot.names_skill:
            continue
        for skill in job.key_skills[:_SKILLS_TRIED] if slot.names_skill else (None,):
            text = entry["text"].replace("{skill}", skill) if skill else entry["text"]
            yield Candidate(text, slot.kind, tuple(entry["competencies"]), skill)


def _of_trade(trade: str) -> Iterator[Candidate]:
    for entry in next(t["questions"] for t in trades() if t["id"] == trade):
        yield Candidate(entry["text"], "technical", tuple(entry["competencies"]), trade=trade)
