"""A dataset that is hard on purpose: orders to the grader, sentences that bridge to them, learner's English, nothing,
another language. Every answer has a plain twin of the same person beside it, so that a difference has one cause.
"""

import random
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from coach.contracts.brain import EvaluationInput, UserAnswer
from coach.lab.runs.dataset import Dataset, Gold, Item, from_jsonl
from coach.settings import DATA

WORDS = DATA / "lab" / "adversarial.yaml"
PLAIN = DATA / "sample" / "lab_answers.jsonl"
NOTHING = Gold(care="not_an_answer")
KINDS = ("plain", "injection", "bridge", "learner's English", "empty", "no answer", "other language")


def adversarial_set(*, seed: int = 0, plain: Path = PLAIN) -> Dataset:
    """The set: plain answers, and every kind made from them; the same seed makes the same set.

    Gold labels: orders, bridges and learner's English keep those of the plain twin, with no care to take; an empty
    answer, a question back and another language have to be noticed as such and carry no score.
    """
    chance, words = random.Random(seed), _words()
    items = [_of(item, "plain", 0, item.input.user_answer.transcript, item.gold) for item in from_jsonl(plain).items]
    twins = list(items)
    for kind in ("injection", "bridge"):
        items += [_framed(chance.choice(twins), kind, n, frame) for n, frame in enumerate(words[kind])]
        items += [
            _framed(twin, kind, len(words[kind]) + n, chance.choice(words[kind])) for n, twin in enumerate(twins[:6])
        ]
    for language, slips in words["learner"].items():
        apt = [twin for twin in twins if _slipped(twin, slips) != twin.input.user_answer.transcript]
        items += [_learner(twin, language, n, slips) for n, twin in enumerate(chance.sample(apt, min(5, len(apt))))]
    for kind, said in (("empty", words["empty"]), ("no answer", words["no_answer"])):
        items += [_of(chance.choice(twins), kind, n, text, NOTHING) for n, text in enumerate(said)]
    items = [item if any(map(str.isalpha, item.input.user_answer.transcript)) else _unsaid(item) for item in items]
    for n, (language, text) in enumerate(words["other_language"].items()):
        foreign = _of(chance.choice(twins), "other language", n, text, Gold(care="other_language"))
        items.append(foreign.model_copy(update={"speaker_language": language}))
    return Dataset(name=f"adversarial {seed}" if seed else "adversarial", items=tuple(items))


def _unsaid(item: Item) -> Item:
    """Without a single word there is nothing to take care of, and no score to compare."""
    return item.model_copy(update={"gold": Gold()})


def _framed(twin: Item, kind: str, number: int, frame: str) -> Item:
    return _of(twin, kind, number, frame.format(answer=twin.input.user_answer.transcript), twin.gold)


def _learner(twin: Item, language: str, number: int, slips: list[list[str]]) -> Item:
    made = _of(twin, "learner's English", number, _slipped(twin, slips), twin.gold)
    return made.model_copy(update={"id": f"{made.id}-{language}", "speaker_language": language})


def _slipped(twin: Item, slips: list[list[str]]) -> str:
    text = twin.input.user_answer.transcript
    for pattern, instead in slips:
        text = re.sub(pattern, instead, text)
    return text


def _of(twin: Item, kind: str, number: int, text: str, gold: Gold) -> Item:
    scored = gold.model_copy(update={"care": gold.care or "none"})
    data = EvaluationInput(question=twin.input.question, user_answer=UserAnswer(transcript=text))
    slug = kind.replace("'s", "").replace(" ", "-")
    return Item(
        id=twin.id if kind == "plain" else f"{slug}-{number}-{twin.id}",
        person=twin.person,
        stratum=kind,
        input=data,
        gold=scored,
    )


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(WORDS.read_text("utf8"))
    return found
