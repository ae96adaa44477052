"""Whether an answer is in another language than English, and in which one as far as that can be told.

By script first, then by function words: another language is said only when its words clearly outnumber the English
ones, so that a learner's English, a foreign dish or a city never counts.
"""

import re
from collections import Counter

from coach.brain.care.lexicon import english_words, everyday_words, language_words, scripts

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTER = re.compile(r"[^\W\d_]")
_FOREIGN_LETTERS = 0.5
"""Share of letters in another script from which an answer is in that script's language."""
_MIN_WORDS, _MIN_HITS = 4, 3
_OUTNUMBERS = 2.0
_SHARE = 0.18
_UNKNOWN_WORDS, _UNKNOWN_SHARE = 14, 0.04
"""With fewer English function words than this among so many words it is some other language."""
_PLAIN_WORDS, _PLAIN_SHARE = 5, 0.1
"""So many words with no English function word at all and at most this share of everyday words or English endings."""
_MARKED_SHARE = 0.2
"""Share of words with letters English has not, from which one English look-alike ("i") does not count."""
_MARKED = re.compile(r"[^\x00-\x7f]")
_ENGLISH_END = re.compile(r"(?:ed|ing|tion|sion|ly|ment|ness|ity|'s|ers?|able|ful|ship)$")
UNKNOWN = "another language"


def other_language(text: str) -> str:
    """The language of `text`, "another language" when it is none that is known here, "" for English."""
    return _by_script(text) or _by_words(text)


def _by_script(text: str) -> str:
    letters = len(_LETTER.findall(text))
    if not letters:
        return ""
    counts = {name: len(pattern.findall(text)) for name, pattern in scripts().items()}
    if sum(counts.values()) < _FOREIGN_LETTERS * letters:
        return ""
    return "Japanese" if counts["Japanese"] else max(counts, key=lambda name: counts[name])


def _by_words(text: str) -> str:
    words = [w.lower().replace("’", "'") for w in _WORD.findall(text)]
    if len(words) < _MIN_WORDS:
        return ""
    english = sum(word in english_words() and word != "i" for word in words)
    often = Counter(words)
    counts = {
        name: sum(n for word, n in often.items() if _is_in(word, known)) for name, known in language_words().items()
    }
    best = max(counts, key=lambda name: counts[name])
    if counts[best] >= _MIN_HITS and counts[best] >= _SHARE * len(words) and counts[best] >= _OUTNUMBERS * english:
        return best
    if len(words) >= _UNKNOWN_WORDS and english <= _UNKNOWN_SHARE * len(words):
        return UNKNOWN
    return UNKNOWN if not english and _reads_foreign(words) else ""


def _reads_foreign(words: list[str]) -> bool:
    """Whether words without an English function word among them look like none of English."""
    if len(words) < _PLAIN_WORDS:
        return False
    marked = sum(bool(_MARKED.search(word)) for word in words)
    plain = sum(word in everyday_words() or bool(_ENGLISH_END.search(word)) for word in words)
    return marked >= _MARKED_SHARE * len(words) or plain <= _PLAIN_SHARE * len(words)


def _is_in(word: str, known: frozenset[str]) -> bool:
    """True for a known word, also behind an elision ("j'ai", "l'équipe")."""
    return word in known or any(part in known for part in word.split("'")[:1] if "'" in word)
