"""Text addressed to the grader is cut with the sentences that continue it; look-alikes keep every word.

`tests/data/grader_orders.tsv`: rules were written on `tuned_on`; `held_out` was written before and looked at once.
"""

import re
from pathlib import Path

import pytest

from coach.brain.reading.instructions import instruction_spans
from coach.brain.reading.text import sentence_spans

FILE = Path(__file__).parent.parent / "data" / "grader_orders.tsv"
ROWS = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
LEAST_CUT, MOST_FALSE = 0.95, 0.02


def _kept(text: str) -> str:
    """The words left of `text`."""
    for start, end in reversed(instruction_spans(text, list(sentence_spans(text)))):
        text = text[:start] + text[end:]
    return " ".join(re.findall(r"\w+", text))


@pytest.mark.parametrize("half", ["tuned_on", "held_out"])
def test_what_addresses_the_grader_is_cut_and_nothing_else(half: str) -> None:
    rows = [text for name, text in ROWS if name == half]
    orders = [text for text in rows if "{" in text]
    harmless = [text for text in rows if "{" not in text]
    assert len(orders) >= 25 and len(harmless) >= 25

    wrong = [
        text
        for text in orders
        if _kept(re.sub(r"[{}]", "", text)) != " ".join(re.findall(r"\w+", re.sub(r"\{.*?\}", "", text)))
    ]
    false = [text for text in harmless if _kept(text) != " ".join(re.findall(r"\w+", text))]

    assert len(wrong) <= (1 - LEAST_CUT) * len(orders), wrong
    assert len(false) <= MOST_FALSE * len(harmless), false
