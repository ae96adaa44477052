"""Um and uh, however they are spelled: sounds, never words with a meaning."""

import re

HESITATION = re.compile(r"\b(?:u+h*m+|u+h+|e+r+m*)\b", re.IGNORECASE)


def hesitation_count(text: str) -> int:
    """How many um and uh a text holds."""
    return len(HESITATION.findall(text))
