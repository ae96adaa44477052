"""Texts cut to fit, at a word."""

import re

_DANGLING = re.compile(
    r"[\s,]+(?:and|or|but|so|the|a|an|of|to|in|on|at|for|with|from|by|that|which|who|my|our|their|his|her|its|i|we|was|were|is|because|as|um|uh|like|about|than|if|it|they|had|have)$",
    re.IGNORECASE,
)
EDGES = ' \t\n\r,.;:!?–—-"“”'


def shorten(text: str, limit: int) -> str:
    """Cuts at a word boundary and drops a dangling last word; what is left is verbatim."""
    text = text.strip(EDGES)
    if len(text) > limit:
        words = text[: limit + 1].rsplit(None, 1)
        text = words[0] if len(words) > 1 else text[:limit]
        while (cut := _DANGLING.sub("", text)) != text:
            text = cut
    return text.strip(EDGES)


def shorten_end(text: str, limit: int) -> str:
    """Cuts at a word so that the text fits, keeping its own end mark when it does."""
    return text if len(text) <= limit else shorten(text, limit - 1) + "…"
