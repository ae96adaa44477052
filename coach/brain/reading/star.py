"""Decides for each STAR item whether it is present, weak or missing, and which clause shows it."""

from dataclasses import dataclass

from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.features import answer_features
from coach.brain.reading.linear_model import load_model
from coach.brain.reading.text import AnswerText
from coach.contracts.evaluation import StarStatus

_CLASSES = (StarStatus.MISSING, StarStatus.WEAK, StarStatus.PRESENT)
_MIN_WORDS = 4


@dataclass(frozen=True)
class StarItemReading:
    """One STAR item: status, its expected level 0-1 (missing 0, weak 0.5, present 1) and the clause that shows it."""

    status: StarStatus
    level: float
    evidence: ClauseReading | None


def read_star(
    answer: AnswerText, readings: list[ClauseReading], *, story_asked: bool, none: bool = False
) -> dict[str, StarItemReading]:
    """Reads the four items from the whole answer; an answer of fewer than four words, or that is `none`, has none."""
    if none or answer.word_count < _MIN_WORDS:
        return {role: StarItemReading(StarStatus.MISSING, 0.0, None) for role in ROLES}
    features = answer_features(answer, readings, story_asked=float(story_asked))
    return {role: _read_item(role, features, readings) for role in ROLES}


def _read_item(role: str, features: dict[str, float], readings: list[ClauseReading]) -> StarItemReading:
    chances = load_model("star_model", role).probabilities(features)
    status = _CLASSES[max(range(3), key=lambda i: chances[i])]
    level = chances[1] * 0.5 + chances[2]
    evidence = best_clause(role, readings) if status is not StarStatus.MISSING else None
    return StarItemReading(status, level, evidence)


def best_clause(role: str, readings: list[ClauseReading]) -> ClauseReading | None:
    """The clause that speaks most for `role`; the earliest among equals."""
    return max(readings, key=lambda r: (r.scores[role], -r.clause.index), default=None)
