"""Outputs broken in every way: each ends in a valid evaluation or the safe minimal one, none in an exception."""

import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.guards.context import GuardContext
from coach.brain.port import BrainChunk, EvaluationCall, RequestSent, StreamEnd, TextDelta
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import EvaluationResult
from coach.contracts.evaluation import SECTION_ORDER, Evaluation
from coach.errors import VendorError
from tests.fakes import brain_samples as samples
from tests.fakes.vendors import FakeBrain
from tests.long import how_many

BATCHES = 2
JUNK: tuple[Any, ...] = (
    None, True, -1, 11, 1e9, "", "7", [], {}, [[]], {"a": {}}, "x" * 5000, "\x00\x07", "😀" * 400, "<b>", "\u202e",
)  # fmt: skip
ODD_NUMBERS = ("NaN", "Infinity", "-0", "1e999", "07.5", "7.", ".5", "0x7", "9" * 400)
NOISE = '{}[]",:\\ntfu0129-.eE \u00e9\U0001f600\x00\ud83d'


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [path for key, child in items for path in paths(child, (*at, key))]


def parent(body: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        body = body[key]
    return body


def swap_value(body: dict[str, Any], rng: random.Random) -> str:
    path = rng.choice(paths(body))
    parent(body, path)[path[-1]] = rng.choice(JUNK)
    return json.dumps(body)


def drop_key(body: dict[str, Any], rng: random.Random) -> str:
    path = rng.choice(paths(body))
    del parent(body, path)[path[-1]]
    return json.dumps(body)


def add_key(body: dict[str, Any], rng: random.Random) -> str:
    owner = parent(body, rng.choice(paths(body)))
    if isinstance(owner, dict):
        owner[rng.choice(("verdict", "hire", "", "évidence"))] = rng.choice(JUNK)
    else:
        owner.append(rng.choice(JUNK))
    return json.dumps(body)


def shuffle_keys(body: dict[str, Any], rng: random.Random) -> str:
    keys = list(body)
    rng.shuffle(keys)
    return json.dumps({key: body[key] for key in keys})


def repeat_key(body: dict[str, Any], rng: random.Random) -> str:
    key = rng.choice(list(body))
    return json.dumps(body)[:-1] + f', "{key}": {json.dumps(body[key])}}}'


def lengthen(body: dict[str, Any], rng: random.Random) -> str:
    texts = [path for path in paths(body) if isinstance(parent(body, path)[path[-1]], str)]
    path = rng.choice(texts)
    parent(body, path)[path[-1]] = " ".join(rng.choices(("word", "naïve", "12%", "Ann Lee", "x" * 300), k=900))
    return json.dumps(body, ensure_ascii=False)


def cut(body: dict[str, Any], rng: random.Random) -> str:
    text = json.dumps(body)
    return text[: rng.randrange(len(text))]


def scramble(body: dict[str, Any], rng: random.Random) -> str:
    text = list(json.dumps(body, ensure_ascii=rng.random() < 0.5))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        text[at : at + rng.randint(0, 3)] = rng.choice(NOISE) * rng.randint(0, 3)
    return "".join(text)


def wrap(body: dict[str, Any], rng: random.Random) -> str:
    text = json.dumps(body)
    shapes = (
        "```json\n{}\n```",
        "Sure:\n{}",
        "{}\nHope this helps.",
        "[{}]",
        "{}{}",
        "\ufeff{}",
        "// x\n{}",
        "{},",
        '"{}',
    )
    return rng.choice(shapes).replace("{}", text)


def odd_numbers(body: dict[str, Any], rng: random.Random) -> str:
    text = json.dumps(body)
    return text.replace("7.5", rng.choice(ODD_NUMBERS), 1)


def nest(body: dict[str, Any], rng: random.Random) -> str:
    depth = rng.choice((20, 2000, 30_000))
    return json.dumps(body)[:-1] + ', "deep": ' + "[" * depth + "]" * depth + "}"


MUTATIONS: tuple[Callable[[dict[str, Any], random.Random], str], ...] = (
    *(swap_value, swap_value, swap_value, drop_key, add_key, shuffle_keys, repeat_key),
    *(lengthen, cut, scramble, scramble, wrap, odd_numbers, nest),
)


class MutatingBrain(FakeBrain):
    """Says broken things, in pieces of any size, and sometimes breaks off."""

    name = "mutating"
    label = "mutating"
    model = "mutant-1"
    judges_relevance = True

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.rng = rng

    async def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        yield RequestSent()
        text = self.rng.choice(MUTATIONS)(samples.evaluation(), self.rng)
        size = self.rng.choice((40, 700, 10**6))
        breaks_off = self.rng.random() < 0.05
        for start in range(0, len(text), size if len(text) < 20_000 else 10**6):
            if breaks_off and start > len(text) / 2:
                raise VendorError("broke off") if self.rng.random() < 0.5 else RuntimeError("a bug in the adapter")
            yield TextDelta(text[start : start + (size if len(text) < 20_000 else 10**6)])
        yield StreamEnd(self.rng.choice(("complete", "complete", "complete", "truncated", "refused")))


def check(result: EvaluationResult) -> None:
    plain = result.evaluation.model_dump(mode="json")
    Evaluation.model_validate_json(json.dumps(plain), strict=True)
    assert list(plain) == list(SECTION_ORDER)
    scoring = plain["scoring"]
    assert scoring["overall"] == Policy().overall(scoring["content"], scoring["delivery"])
    assert scoring["delivery"] == 8.0 and plain["delivery_feedback"]["metrics"]["wpm"] == 142
    if not plain["follow_up"]["should_ask"]:
        assert plain["follow_up"]["question_text"] == "" and plain["metadata"]["follow_up_type"] == "none"
    for evidence in result.evidence:
        assert samples.ANSWER[evidence.start : evidence.end] == evidence.quote
    for note in plain["coach_notes"]:
        assert note["original_snippet"] in samples.ANSWER
    assert plain["rewrite"]["polished_answer"] or result.status != "fallback"


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_every_mutated_output_ends_in_a_valid_evaluation(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardContext, "warm", lambda self: None)  # only reads ahead; here each output is read once
    statuses: set[str] = set()
    brain = MutatingBrain(random.Random(batch))
    for _ in range(how_many("mutated outputs") // BATCHES):
        result = await evaluate_to_end(
            brain, samples.call(), transcript=samples.transcript(), delivery=samples.delivery(), policy=Policy()
        )
        check(result)
        statuses.add(result.status)
    assert statuses == {"complete", "repaired", "fallback"}
