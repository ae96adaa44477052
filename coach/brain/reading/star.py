"""Decides for each STAR item whether it is present, weak or missing, and which clause shows it."""

import re
from dataclasses import dataclass

from coach.brain.reading.clause_model import Chances, chance_features, clause_chances
from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.features import Features, answer_features
from coach.brain.reading.figures import states_change
from coach.brain.reading.linear_model import load_model
from coach.brain.reading.question import Form
from coach.brain.reading.text import AnswerText
from coach.contracts.evaluation import StarStatus

_CLASSES = (StarStatus.MISSING, StarStatus.WEAK, StarStatus.PRESENT)
_MIN_WORDS = 4
_COUNTED_LEVEL = 0.9
_I_SAID = re.compile(r"(?:and |so |but |then )*i (?:just |then |also )?(?:said|told|asked|looked|thought|go|goes)\b")
_TOLD_BY_OTHERS = re.compile(
    r"(?:and |so |but |then )*(?:he|she|they|(?:the|my|our|his|her) \w+) (?:told (?:me|us|him|her)|said|was saying)\b"
    r"(?! (?:thank|that (?:it|he|she|they) (?:had|was|were) (?:never|so|very|happy)))"
)
_NOT_YET = frozenset({"task_mine", "task_goal", "task_need", "task_shared", "task_team", "conditional"})
"""Cues of what was wanted; a change that was only wanted is no outcome."""


@dataclass(frozen=True)
class StarItemReading:
    """One STAR item: status, its expected level 0-1 (missing 0, weak 0.5, present 1) and the clause that shows it."""

    status: StarStatus
    level: float
    evidence: ClauseReading | None


def read_star(
    answer: AnswerText, readings: list[ClauseReading], *, form: Form, none: bool = False
) -> dict[str, StarItemReading]:
    """Reads the four items from the whole answer; an answer of fewer than four words, or that is `none`, has none."""
    if none or answer.word_count < _MIN_WORDS:
        return {role: StarItemReading(StarStatus.MISSING, 0.0, None) for role in ROLES}
    chances = clause_chances(readings)
    features = star_features(answer, readings, chances, form)
    star = {role: _read_item(role, features, readings, chances) for role in ROLES}
    changed = _counted_change(readings)
    if changed is not None and star["result"].status is not StarStatus.PRESENT:
        star["result"] = StarItemReading(StarStatus.PRESENT, _COUNTED_LEVEL, changed)
    return star


def _counted_change(readings: list[ClauseReading]) -> ClauseReading | None:
    """The last clause after a told step that counts before and after: an outcome whatever else was read."""
    acted = next((at for at, r in enumerate(readings) if any(s.mood == "told" for s in r.own_steps)), None)
    if acted is None:
        return None
    later = [r for r in readings[acted:] if states_change(r.clause.lower) and not r.cues & _NOT_YET]
    return later[-1] if later else None


def star_features(answer: AnswerText, readings: list[ClauseReading], chances: list[Chances], form: Form) -> Features:
    """All that the item models weigh: the answer's build, its clauses' chances, and the form that was asked for."""
    return answer_features(answer, readings, form=form) | chance_features(chances)


def _read_item(role: str, features: Features, readings: list[ClauseReading], chances: list[Chances]) -> StarItemReading:
    likely = load_model("reading/star_model.json", role).probabilities(features)
    status = _CLASSES[max(range(3), key=lambda i: likely[i])]
    evidence = best_clause(role, readings, chances) if status is not StarStatus.MISSING else None
    return StarItemReading(status, likely[1] * 0.5 + likely[2], evidence)


def best_clause(role: str, readings: list[ClauseReading], chances: list[Chances]) -> ClauseReading | None:
    """The clause most likely to carry `role`; the earliest among equals."""
    if not readings:
        return None
    fitting = [at for at, reading in enumerate(readings) if not _only_reports(role, reading)] or [*range(len(readings))]
    return readings[max(fitting, key=lambda at: (chances[at][role], -at))]


def _only_reports(role: str, reading: ClauseReading) -> bool:
    """What the speaker said to somebody is no task of theirs; what somebody told them is no outcome."""
    if role == "task":
        return bool(_I_SAID.match(reading.clause.lower))
    return role == "result" and bool(_TOLD_BY_OTHERS.match(reading.clause.lower))
