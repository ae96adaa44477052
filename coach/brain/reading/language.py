"""Tells whether an answer is in English, the only language the offline coach can judge."""

from functools import cache

from coach.brain.reading.lexicon import common_words, shipped
from coach.brain.reading.text import AnswerText

_FOREIGN_LETTERS = 0.3
"""Share of letters of another script from which an answer is in another language, however short."""
_FOREIGN_SHARE = 0.12
_MIN_WORDS, _MIN_ENGLISH, _MIN_COMMON = 8, 0.12, 0.35


def is_english(answer: AnswerText) -> bool:
    """False for another script, and where function words of other languages outnumber the English ones.

    From eight words on, an answer with hardly any English function word and few everyday English words is another
    language too; shorter ones get the benefit of doubt.
    """
    if answer.foreign_script > _FOREIGN_LETTERS:
        return False
    words = [token.text for token in answer.tokens]
    if len(words) < 2:
        return True
    english, other = (_share(words, _function_words(name)) for name in ("english", "other"))
    if other > english and other >= _FOREIGN_SHARE and other * len(words) >= 2:
        return False
    return len(words) < _MIN_WORDS or english >= _MIN_ENGLISH or _share(words, common_words()) >= _MIN_COMMON


def _share(words: list[str], among: frozenset[str]) -> float:
    return sum(word in among for word in words) / len(words)


@cache
def _function_words(name: str) -> frozenset[str]:
    return frozenset(shipped("reading/function_words.json")[name])
