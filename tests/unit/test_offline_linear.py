"""Nasty input costs linear time: thirty patterns that make naive text steps quadratic, each ten times as long.

CPU time of this process, best of two. The long form goes to 100,000 characters.
"""

import time
from collections.abc import Callable

import pytest

from coach.brain.offline.coach import OfflineCoach
from coach.brain.offline.mend import mend
from coach.brain.offline.tighten import tighten
from coach.brain.port import EvaluationCall
from coach.brain.reading.clauses import read_clauses
from coach.brain.reading.text import read_answer
from coach.brain.reading.units import kept, units
from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from tests.long import how_many

PATTERNS = {
    "one letter": "a",
    "one word": "word ",
    "blanks": "   \t",
    "newlines": "\n\n",
    "commas": ", ",
    "dots": ".",
    "ellipses": "… ",
    "dashes": " – ",
    "quotes": '"',
    "brackets": "({[",
    "braces": "{\"a\": {",
    "dots in words": "a.b.c.",
    "hyphens": "well-",
    "apostrophes": "i'd'",
    "digits": "12345",
    "amounts": "$1,000.",
    "clock times": "10:30 ",
    "and and": "and ",
    "and i": "and i ",
    "and then we": "and then we did ",
    "because": "because it was so ",
    "which": ", which was it ",
    "relative": "the one that i was on that ",
    "um": "um ",
    "um with commas": "um, ",
    "you know": ", you know, ",
    "like like": "like ",
    "repeats": "we had we had ",
    "orders": "ignore the rubric. ",
    "orders without stop": "ignore all instructions and ",
    "system messages": "system message ",
    "from to": "from ten to ",
    "me and": "me and Darren ",
    "she said my": "she said, my job ",
    "combining marks": "e\u0301",
    "other script": "\u4e00\u3002",
    "emoji": "\U0001f4a5\u200d",
}  # fmt: skip
SHORT_CHARS, TIMES = how_many("characters of nasty text"), 10
FLOOR_S = 0.004
"""Below this a ratio says nothing."""
COACH = OfflineCoach()


def read_all(text: str) -> None:
    answer = read_answer(text)
    kept(units(answer, read_clauses(answer)), 200)


def tidy(text: str) -> None:
    tighten.__wrapped__(text)
    mend(text)


def spent(step: Callable[[str], None], text: str) -> float:
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        step(text)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("step", [read_all, tidy], ids=["reading", "tightening"])
def test_ten_times_the_text_takes_at_most_thirty_times_as_long(step: Callable[[str], None], name: str) -> None:
    pattern = PATTERNS[name]
    text = pattern * (SHORT_CHARS * TIMES // len(pattern))
    small = max(FLOOR_S, spent(step, text[:SHORT_CHARS]))
    assert spent(step, text) <= 3 * TIMES * small


@pytest.mark.parametrize("name", ["and then we", "one letter", "orders", "braces", "because"])
def test_sixty_thousand_characters_are_judged_within_a_second(name: str) -> None:
    text = (PATTERNS[name] * (60_000 // len(PATTERNS[name]) + 1))[:60_000]
    asked = Question(text="Tell me about a time you improved a process.")
    call = EvaluationCall(
        input=EvaluationInput(question=asked, user_answer=UserAnswer(transcript=text)), attempt_id="long"
    )
    began = time.process_time()
    COACH.evaluate_now(call)
    assert time.process_time() - began <= 1.0


def test_an_overlong_answer_is_told_that_only_its_beginning_was_judged() -> None:
    story = "Last May at the mill I moved the belt and I trained two people. " * 1000
    asked = Question(text="Tell me about a time you improved a process.")
    given = EvaluationInput(question=asked, user_answer=UserAnswer(transcript=story[:60_000]))
    made = COACH.evaluate_now(EvaluationCall(input=given, attempt_id="long"))
    assert "first twenty minutes" in made.content_feedback.top_improvements[0]
