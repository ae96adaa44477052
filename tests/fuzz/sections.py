"""The model's output: whatever it says and however it is cut, sections come alike and an evaluation is made."""

import asyncio
import json
import math
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from coach.brain.evaluation.deadlines import Timeouts
from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.evaluation.section_reader import MAX_DEPTH, OutputError, SectionReader, strict_bytes
from coach.brain.port import RequestSent, StreamEnd, TextDelta
from coach.brain.prompts.policy import Policy
from coach.contracts.evaluation import SECTION_ORDER, Evaluation
from tests.fakes.brain_samples import call, delivery, evaluation, transcript
from tests.fuzz.engine import Target
from tests.fuzz.texts import Damage, damaged, damages, texts, wild_texts

PIECES = (
    '"', "\\", "{", "}", "[", "]", ",", ":", "null", "NaN", "-Infinity", "1e999", "-0", "1" * 400, "0.1e-400", "true",
    "[]",
    "{}", '{"a":', '"follow_up":', '"scoring":{}', "\\ud83d", "\\ude00", "\\u0000", "\\u", "<think>", "</think>",
    "```json",
    "```", "\x00", "\ufeff", "\ud83d", "\ude00", "\n", "// x\n", "[" * 30, '{"a":' * 14, "\u00e9", "\U0001f4a5",
)  # fmt: skip
AROUND = ("", "", "", "```json\n", "<think>perhaps {}</think>", "Sure: ", "<think>", "{ well } ", "\ufeff", "\n\n")
pieces = st.sampled_from(PIECES)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), wild_texts(4), texts(4)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)
TREE = evaluation()


def _places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else []
    return [place for key in keys for place in [(*at, key), *_places(tree[key], (*at, key))]]


def _with(place: tuple[Any, ...], value: Any) -> str:
    """The sample's output with another value at one place."""
    tree = evaluation()
    inner: Any = tree
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(tree, ensure_ascii=bool(len(place) % 2))


outputs = st.one_of(
    st.builds(_with, st.sampled_from(_places(TREE)), values),
    st.dictionaries(st.one_of(st.sampled_from(SECTION_ORDER), st.text(max_size=4)), values, max_size=6).map(json.dumps),
    st.lists(pieces, max_size=30).map("".join),
    wild_texts(10),
)


@dataclass(frozen=True)
class Output:
    """A text before its damage, and the sizes of the deltas it comes in."""

    before: str
    whole: str
    after: str
    damage: Damage
    sizes: list[int]

    @property
    def text(self) -> str:
        return self.before + damaged(self.whole, self.damage) + self.after

    @property
    def deltas(self) -> list[str]:
        text, found, at, turn = self.text, [], 0, 0
        while at < len(text):
            size = self.sizes[turn % len(self.sizes)]
            found.append(text[at : at + size])
            at, turn = at + size, turn + 1
        return found


cases = st.builds(
    Output,
    st.sampled_from(AROUND),
    outputs,
    st.sampled_from(["", "", "\n```", " tail", "}", '{"a":1}', "\x00"]),
    damages(pieces),
    st.lists(st.sampled_from([1, 2, 3, 7, 64, 4096]), min_size=1, max_size=4),
)


def read(deltas: list[str]) -> tuple[list[tuple[str, Any]], bool]:
    """Sections by name and whether the output was refused."""
    reader, found = SectionReader(), []
    try:
        for delta in deltas:
            found += reader.feed(delta)
        found += reader.finish()
    except OutputError as error:
        assert "\n" not in str(error) and len(str(error)) < 200
        return [(section.name, section.value) for section in found], True
    assert reader.complete and reader.finish() == []
    return [(section.name, section.value) for section in found], False


def alike(case: Output) -> None:
    """The sizes of the deltas change nothing; what Python's own reader takes is read as it says."""
    sections, refused = read(case.deltas)
    assert repr((sections, refused)) == repr(read([case.text])), "cut differently, read differently"
    for _, value in sections:
        json.loads(strict_bytes(value), parse_constant=_no_constant)
    expected = _strict(case.text)
    if expected is not None:
        assert not refused and repr(sections) == repr(list(expected.items()))


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} came through")


def _strict(text: str) -> dict[str, Any] | None:
    """What a strict reader sees in text that is one plain object and nothing else; None for any other text."""
    if not text.startswith('{"') or any("\ud800" <= char <= "\udfff" for char in text) or "\\ud" in text.lower():
        return None
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and _depth(found) <= MAX_DEPTH and _plain(found) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("twice")
    return dict(pairs)


def _refuse(name: str) -> None:
    raise ValueError(name)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _plain(value: Any) -> bool:
    """No number beyond what JSON readers agree on."""
    if isinstance(value, dict | list):
        return all(map(_plain, value.values() if isinstance(value, dict) else value))
    return not (isinstance(value, float) and not math.isfinite(value))


class Scripted:
    """A brain that says the same text on every call."""

    name = "scripted"
    model = "scripted-1"
    judges_relevance = True

    def __init__(self, deltas: list[str]) -> None:
        self._deltas = deltas

    async def evaluate(self, _call: Any) -> Any:
        yield RequestSent()
        for delta in self._deltas:
            yield TextDelta(delta)
        yield StreamEnd("complete", self.model)


def ends_well(case: Output) -> None:
    """Whatever was said, the evaluation is one by the contract, and nothing on our side broke."""
    deltas = case.deltas if len(case.text) < 3000 else [case.text]
    result = asyncio.run(_evaluated(deltas))
    Evaluation.model_validate_json(result.evaluation.model_dump_json())
    broken = [finding.detail for finding in result.guards if "internal" in finding.detail]
    assert not broken, broken


async def _evaluated(deltas: list[str]) -> Any:
    timeouts = Timeouts()
    brain: Any = Scripted(deltas)
    return await evaluate_to_end(
        brain, call(), transcript=transcript(), delivery=delivery(), policy=Policy(), timeouts=timeouts
    )


TARGETS = (Target("sections", cases, alike), Target("evaluation", cases, ends_well, cpu_s=6.0))
