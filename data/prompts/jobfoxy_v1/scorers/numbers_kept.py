"""Share of the figures said in the answer that are still in the polished answer: a rewrite should not lose them."""

import re
from typing import Any

NAME = "numbers kept"
UNIT = "share"
HIGHER_IS_BETTER = True
MARGIN = 0.1
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def score(item: dict[str, Any], evaluation: dict[str, Any]) -> float | None:
    """0-1; None where the answer has no figure in digits."""
    said = set(_FIGURE.findall(item["input"]["user_answer"]["transcript"]))
    if not said:
        return None
    kept = set(_FIGURE.findall(evaluation["rewrite"]["polished_answer"]))
    return len(said & kept) / len(said)
