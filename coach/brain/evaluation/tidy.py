"""Light cleaning of a transcript: hesitations out, blanks and first letters put right, not one word changed."""

import re

_HESITATION = re.compile(r"(?:,\s*)?\b(?:u+m+|u+h+|e+rm*|h+mm+)\b(?!-)[,.…]*\s*", re.IGNORECASE)
_ROOM = re.compile(r"\bER\b")
_BLANKS = re.compile(r"\s+")
_SENTENCE_START = re.compile(r"(^|[.!?]\s+)([a-z])")
_LONE_I = re.compile(r"\bi\b(?=['’\s]|$)")


def lightly_cleaned(text: str) -> str:
    """The person's own words without "um" and "uh", with blanks and capitals at sentence starts put right."""
    kept = _HESITATION.sub(lambda m: m.group() if _ROOM.search(m.group()) else " ", text)
    plain = re.sub(r"\s+([,.!?;:])", r"\1", _BLANKS.sub(" ", kept)).strip(" ,")
    plain = _LONE_I.sub("I", plain)
    return _SENTENCE_START.sub(lambda m: m.group(1) + m.group(2).upper(), plain)
