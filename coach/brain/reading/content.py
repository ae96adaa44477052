"""Scores what was said: STAR, clarity, impact, and content from them. Whether it fits the question is not judged.

Formulas (0-10):
    star      10 * (0.2 situation + 0.2 task + 0.3 action + 0.3 result), levels 0-1 from `reading.star`
    relevance `NEUTRAL_RELEVANCE`, a number that enters no sum; 0 for an empty answer
    clarity   10 minus deductions: vague and empty clauses, very short or very long (see `clarity_score`)
    impact    outcome level, a quantified outcome, own part (see `impact_score`)
    content   a story: linear in the levels, action x result (told to its end) and the root of their product (whole:
              one gap costs what the others are worth); else in length, substance and clarity. Weights:
              `data/reading/content_model.json`, fitted on answers that fit their question. 0 when nothing was
              answered, at most 1 when there is no example.
Fillers and language quality never count here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.features import squash
from coach.brain.reading.linear_model import load_model
from coach.brain.reading.ownership import Ownership
from coach.brain.reading.star import StarItemReading
from coach.brain.reading.text import AnswerText
from coach.brain.reading.verdicts import Verdict

NEUTRAL_RELEVANCE = 5.0
"""The contract needs a number; this one is the middle of the scale and is neither shown nor summed."""
_NO_EXAMPLE_CAP = 1.0
_LENGTH_WORDS, _SUBSTANCE_WORDS = 60, 14
"""Scales at which length and specific words count about two thirds."""
_FULL_LEVEL = {"situation": 0.95, "task": 0.95, "action": 0.95, "result": 0.75}
"""A level from which an item counts fully: how surely it is read, not how well it is told, moves it beyond that.

Outcomes are worded in more ways than anything else, so theirs counts fully earlier.
"""


@dataclass(frozen=True)
class ContentScores:
    """0-10 each."""

    star: float
    relevance: float
    clarity: float
    impact: float
    content: float


def star_score(star: Mapping[str, StarItemReading]) -> float:
    """Weighted levels of the four items."""
    weights = {"situation": 0.2, "task": 0.2, "action": 0.3, "result": 0.3}
    return 10 * sum(weight * star[name].level for name, weight in weights.items())


def clarity_score(answer: AnswerText, readings: Sequence[ClauseReading]) -> float:
    """How easily a listener follows: length in a good range, few vague or habitual clauses, a visible order."""
    if answer.word_count < 4:
        return 0.0
    clauses = max(1, len(readings))
    vague = sum(bool(r.cues & {"generic_action", "vague_setting", "habit", "lesson"}) for r in readings) / clauses
    empty = sum(r.specific == 0 and not r.own_steps and not r.numbers for r in readings) / clauses
    score = 9.5 - 4.0 * vague - 3.0 * empty
    score -= 4.0 * max(0.0, 1 - answer.word_count / 45) + 2.0 * max(0.0, (answer.word_count - 380) / 400)
    score += 0.5 * any("sequence" in r.cues for r in readings)
    return min(10.0, max(0.5, score))


def impact_score(star: Mapping[str, StarItemReading], has_metric: bool, ownership: Ownership) -> float:
    """Outcome level (6), quantified (2), own part clear (2)."""
    own = {"I": 1.0, "mixed": 0.8, "we": 0.3, "none": 0.0}[ownership.kind]
    result = star["result"].level
    return min(
        10.0,
        6 * result + 2.0 * float(has_metric and result > 0.4) + 2 * own * min(1.0, result + star["action"].level / 2),
    )


def substance(readings: Sequence[ClauseReading]) -> float:
    """0-1: how many specific words were said."""
    return squash(sum(r.specific for r in readings), _SUBSTANCE_WORDS)


def content_features(levels: Mapping[str, float], clarity: float, specific: float, words: int) -> dict[str, float]:
    """What content is made of, 0-1 each."""
    full = {name: min(1.0, level / _FULL_LEVEL[name]) for name, level in levels.items()}
    return {
        **full,
        "told_to_its_end": full["action"] * full["result"],
        "whole": math.sqrt(math.prod(full.values())),
        "clarity": clarity / 10,
        "substance": specific,
        "length": squash(words, _LENGTH_WORDS),
    }


def score_content(
    answer: AnswerText,
    readings: Sequence[ClauseReading],
    star: Mapping[str, StarItemReading],
    ownership: Ownership,
    *,
    has_metric: bool,
    story: bool,
    verdict: Verdict,
) -> ContentScores:
    """All content scores of one answer; rounded to a tenth."""
    clarity = clarity_score(answer, readings)
    impact = impact_score(star, has_metric, ownership)
    levels = {name: item.level for name, item in star.items()}
    features = content_features(levels, clarity, substance(readings), answer.word_count)
    content = load_model("reading/content_model.json", "story" if story else "plain").value(features)
    if verdict:
        clarity, impact = 0.0, 0.0
        content = min(content, _NO_EXAMPLE_CAP) if verdict == "no_example" else 0.0
    values = (star_score(star), 0.0 if verdict == "empty" else NEUTRAL_RELEVANCE, clarity, impact, content)
    return ContentScores(*(round(min(10.0, max(0.0, value)), 1) for value in values))
