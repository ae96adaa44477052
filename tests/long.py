"""How often a test repeats itself: short in `make test`, long in `make test-long` (`COACH_LONG_TESTS=1`).

The short form is as long as it has to be to fail when the thing breaks; the long form searches.
"""

import os

LONG = os.environ.get("COACH_LONG_TESTS") == "1"
COUNTS = {
    "billed events, in five hundreds": (1, 20),
    "characters of nasty text": (1_000, 10_000),
    "clients' junk frames": (2_000, 10_000),
    "deaths of an interview": (6, 20),
    "differences between cohorts": (100, 250),
    "equal pairs looked at five times": (60, 120),
    "equal pairs of runs": (300, 1_000),
    "interviews with an avatar": (2, 4),
    "mutated outputs": (400, 5_000),
    "planted effects": (250, 600),
    "random interviews": (120, 600),
    "requests per operation": (8, 40),
    "states of pages": (6, 40),
    "verdicts": (60, 1_000),
}
"""What is repeated: (in the short form, in the long form)."""


def how_many(what: str) -> int:
    """How often this is repeated in the form that is running."""
    return COUNTS[what][LONG]
