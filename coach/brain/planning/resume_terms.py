"""Terms of a resume that are likely to be said and hard to hear: skills, tools, employers, products."""

import re
from functools import lru_cache
from itertools import chain

from coach.brain.planning.posting_text import posting_lines
from coach.brain.planning.skills import find_skills
from coach.brain.reading.lexicon import common_words, is_name

MOST_TERMS = 25
MOST_CHARS = 12_000
"""Some five pages; what follows is not read."""
LONGEST_LINE = 600
HEADER_LINES = 2
"""Name and address stand there: nothing of them goes to a recogniser, which may be a vendor's."""
_CONTACT = re.compile(r"\S*(?:@|https?://|www\.|linkedin\.com|github\.com)\S*|\+?\d[\d\s().-]{6,}\d")
_NAME = re.compile(r"[A-Z][\w+#&'.-]*\w(?: (?:of |& )?[A-Z][\w+#&'.-]*\w){0,2}")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;•*–—|-]\s+)$")


@lru_cache(maxsize=64)
def resume_terms(text: str) -> tuple[str, ...]:
    """At most 25 terms, skills of the lexicon first, then names in the order they stand there (blocking)."""
    lines = [_CONTACT.sub(" ", line[:LONGEST_LINE]) for line in text[:MOST_CHARS].splitlines() if line.strip()]
    lines = lines[HEADER_LINES:]
    skills = [found.name for found in find_skills(posting_lines("\n".join(lines)))]
    names = (name for line in lines for name in _names(line))
    terms: list[str] = []
    for term in chain(dict.fromkeys(skills), names):
        if len(terms) == MOST_TERMS:
            break
        if not any(re.search(rf"(?<!\w){re.escape(term)}(?!\w)", known, re.IGNORECASE) for known in terms):
            terms.append(term)
    return tuple(terms)


def _names(line: str) -> list[str]:
    """Runs of capitalised words none of which is an everyday one; the word that begins a sentence is left out."""
    found = []
    for match in _NAME.finditer(line):
        words = match.group().split()
        if _SENTENCE_START.search(line[: match.start()]):
            words = words[1:]
        if words and all(_telling(word) for word in words):
            found.append(" ".join(words).rstrip("."))
    return found


def _telling(word: str) -> bool:
    plain = word.lower().strip(".'")
    return plain in ("of", "&") or (plain not in common_words() and is_name(word, first=False))
