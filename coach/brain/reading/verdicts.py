"""What is certain about an answer that is none: empty, another language, no example, "could you repeat", a refusal.

Only these are ever said. Each needs its words, an answer short enough to hold little else, and no step the speaker
tells: somebody who says "I can't think of a better example" and then tells one is left alone. Right on writers and
themes that were left out: see `docs/offline-coach.md`.
"""

import re
from functools import cache
from typing import Literal

from coach.brain.reading.clauses import ClauseReading
from coach.brain.reading.language import is_english
from coach.brain.reading.lexicon import shipped
from coach.brain.reading.text import AnswerText

Verdict = Literal["", "empty", "other_language", "repeat", "refusal", "no_example"]
_MAX_WORDS = {"repeat": 30, "no_example": 70, "refusal": 45}
_EARLY_WORDS = {"repeat": 14, "refusal": 25, "no_example": 30}
"""A question back comes at once; a denial after thirty words belongs to something that was told."""

_OTHERS = re.compile(r"\b(?:he|she|they|it|nobody|customers?|guests?|patients?|boss|manager) $")
"""Of somebody else: "because he didn't have one" denies no example."""


def verdict(answer: AnswerText, readings: list[ClauseReading]) -> Verdict:
    """The one thing that is certain, else nothing."""
    if answer.word_count < 2 and not answer.foreign_script:
        return "empty"
    if not is_english(answer):
        return "other_language"
    told = sum(step.mood == "told" for reading in readings for step in reading.own_steps)
    for kind in ("repeat", "no_example", "refusal"):
        every = _pattern(kind).finditer(answer.lower)
        found = next((m for m in every if not _OTHERS.search(answer.lower[: m.start()])), None)
        if found is None or answer.word_count > _MAX_WORDS[kind] or told > int(kind == "no_example"):
            continue
        if len(answer.lower[: found.start()].split()) <= _EARLY_WORDS[kind]:
            return kind
    return ""


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile("|".join(shipped("reading/verdicts.json")[kind]))
