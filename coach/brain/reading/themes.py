"""What a question is about and what an answer speaks of: themes such as conflict, deadline or learning.

`data/skills/themes.json` says by which words a question asks for a theme and which words tell of it;
`data/skills/theme_weights.json` how telling each cue is (words that stand in many answers weigh little).
"""

import math
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from coach.brain.reading.features import squash
from coach.brain.reading.lexicon import skills_data
from coach.brain.reading.text import AnswerText, fold

_OPEN_THEMES = frozenset({"teamwork", "support", "problem", "achievement"})
"""Themes so wide that silence of their cues proves nothing: nearly every story has a problem, people and an end."""
_OPEN_FLOOR = 0.45
_USUAL_SIZE = 24
"""Themes with many and with few cues are made comparable by the root of their size over this."""


@dataclass(frozen=True)
class Theme:
    """What asks for a theme and what tells of it; plain words stand apart from patterns, being cheap to look up."""

    asked: re.Pattern[str]
    stems: tuple[tuple[str, float], ...]
    words: tuple[tuple[str, float], ...]
    patterns: tuple[tuple[re.Pattern[str], float], ...]

    @property
    def size(self) -> int:
        """Number of cues."""
        return len(self.stems) + len(self.words) + len(self.patterns)

    def told(self, text: str, said: list[str]) -> float:
        """Sum of the weights of the distinct cues in an answer; `said` are its words, sorted."""
        total = sum(weight for beginning, weight in self.stems if _starts(said, beginning))
        total += sum(weight for word, weight in self.words if _has(said, word))
        return total + sum(weight for pattern, weight in self.patterns if pattern.search(text))


def _starts(said: list[str], beginning: str) -> bool:
    at = bisect_left(said, beginning)
    return at < len(said) and said[at].startswith(beginning)


def _has(said: list[str], word: str) -> bool:
    at = bisect_left(said, word)
    return at < len(said) and said[at] == word


@lru_cache(maxsize=1)
def themes() -> dict[str, Theme]:
    """Theme by name, cues with their weights."""
    weights = skills_data("theme_weights")
    return {name: _theme(entry, weights[name]) for name, entry in skills_data("themes").items()}


def _theme(entry: dict[str, list[str]], weights: list[float]) -> Theme:
    stems: list[tuple[str, float]] = []
    words: list[tuple[str, float]] = []
    patterns: list[tuple[re.Pattern[str], float]] = []
    for cue, weight in zip(entry["tell"], weights, strict=True):
        if re.fullmatch(r"[a-z]+\\w\*", cue):
            stems.append((cue[:-3], weight))
        elif re.fullmatch(r"[a-z]+", cue):
            words.append((cue, weight))
        else:
            bounded = cue if cue.endswith(("%", "£", "$")) else rf"\b(?:{cue})\b"
            patterns.append((re.compile(bounded), weight))
    return Theme(re.compile("|".join(entry["ask"])), tuple(stems), tuple(words), tuple(patterns))


def asked_themes(question: str, competency: str) -> dict[str, float]:
    """Themes a question asks for: 1 when its words say so, 0.5 when only the competency does."""
    text, label = fold(question), fold(competency)
    found = {}
    for name, theme in themes().items():
        if theme.asked.search(text):
            found[name] = 1.0
        elif label and theme.asked.search(label):
            found[name] = 0.5
    return found


def told_themes(answer: AnswerText) -> dict[str, float]:
    """How strongly the answer speaks of every theme, 0-1: weighted distinct cues, squashed."""
    text = answer.lower
    said = sorted({part for token in answer.tokens for part in re.split(r"[^a-z0-9]+", token.text) if part})
    told = {
        name: squash(theme.told(text, said) * math.sqrt(_USUAL_SIZE / theme.size), 3)
        for name, theme in themes().items()
    }
    return {name: max(value, _OPEN_FLOOR) if name in _OPEN_THEMES else value for name, value in told.items()}
