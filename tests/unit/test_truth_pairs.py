"""The truth guard on pairs of our own: faithful paraphrases stay untouched, inventions are found.

`tests/data/truth_pairs.tsv` holds a spoken source, a faithful paraphrase and one with an invention in braces. Rules
were written on `tuned_on`; `held_out`, `fresh` and `later` were written before the rules had seen them
(figures at first look: docs/brain.md).
"""

import re
from pathlib import Path

import pytest

from coach.brain.truth.guard import TruthGuard

PAIRS = [
    line.split("\t")
    for line in (Path(__file__).parent.parent / "data" / "truth_pairs.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
MOST_FLAGGED, LEAST_FOUND = 0.03, 0.98


def _invention_found(source: str, marked: str) -> bool:
    """True when a violation touches every span in braces."""
    plain, wanted, shift = marked.replace("{", "").replace("}", ""), [], 0
    for match in re.finditer(r"\{(.+?)\}", marked):
        wanted.append((match.start() - shift, match.start() - shift + len(match.group(1))))
        shift += 2
    found = TruthGuard([source]).violations(plain)
    return all(any(v.start < end and start < v.end for v in found) for start, end in wanted)


@pytest.mark.parametrize("half", ["tuned_on", "held_out", "fresh", "later"])
def test_faithful_paraphrases_pass_and_inventions_are_found(half: str) -> None:
    pairs = [pair[1:] for pair in PAIRS if pair[0] == half]
    assert len(pairs) >= 75

    flagged = [faithful for source, faithful, _ in pairs if TruthGuard([source]).violations(faithful)]
    missed = [invented for source, _, invented in pairs if not _invention_found(source, invented)]

    assert len(flagged) <= MOST_FLAGGED * len(pairs), flagged
    assert len(missed) <= (1 - LEAST_FOUND) * len(pairs), missed
