"""Tells whether an answer is in English, the only language the offline coach can judge."""

from coach.brain.reading.text import AnswerText

_FUNCTION_WORDS = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "or",
        "but",
        "so",
        "to",
        "of",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "by",
        "was",
        "were",
        "is",
        "are",
        "am",
        "be",
        "been",
        "it",
        "that",
        "this",
        "i",
        "we",
        "he",
        "she",
        "they",
        "you",
        "my",
        "our",
        "had",
        "have",
        "has",
        "do",
        "did",
        "not",
        "no",
        "as",
        "if",
        "when",
        "then",
        "there",
        "what",
        "which",
        "would",
        "could",
        "can",
        "me",
        "them",
        "him",
        "her",
        "us",
        "up",
        "out",
        "about",
        "because",
        "just",
        "like",
        "um",
        "uh",
        "yeah",
    ]
)
_MIN_WORDS = 8
_MIN_SHARE = 0.2


def is_english(answer: AnswerText) -> bool:
    """True when at least a fifth of the words are English function words (short answers get the benefit of doubt)."""
    words = [token.text.split("'")[0] for token in answer.tokens]
    if len(words) < _MIN_WORDS:
        return True
    return sum(word in _FUNCTION_WORDS for word in words) / len(words) >= _MIN_SHARE
