"""A run pays for no call twice, stops at its limit, keeps provider trouble apart, and datasets are what they say."""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.errors import InputError, VendorLimitError
from coach.lab.report import compare_variants
from coach.lab.runs.dataset import Dataset, Gold, Item, from_jsonl, thaw
from coach.lab.runs.journal import ResponseCache, RunJournal
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.replay import Replay, RunLimits
from coach.lab.runs.variant import Variant
from tests.fakes.evaluations import make_outcome

A = Variant(name="A")
B = Variant(name="B", policy={"version": "mi_test"})


def make_dataset(size: int, *, persons: int | None = None) -> Dataset:
    items = [
        Item(
            id=f"i{n}",
            person=f"p{n % (persons or size)}",
            stratum="odd" if n % 3 else "even",
            input=EvaluationInput(
                question=Question(text="Tell me about a change."), user_answer=UserAnswer(transcript=f"I changed {n}.")
            ),
            gold=Gold(content=6.0),
        )
        for n in range(size)
    ]
    return Dataset(name="made", items=tuple(items))


class CountingJudge:
    """Answers every call after a turn of the loop and counts them by identity."""

    def __init__(self, *, dies_after: int | None = None, fails: str = "", cost: str = "0.01") -> None:
        self.calls: Counter[tuple[str, str, int]] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.dies_after, self.fails, self.cost = dies_after, fails, cost

    async def __call__(self, variant: Variant, item: Item, repeat: int) -> Outcome:
        if self.dies_after is not None and sum(self.calls.values()) >= self.dies_after:
            raise RuntimeError("power cut")
        self.in_flight += 1
        self.most_in_flight = max(self.in_flight, self.most_in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        self.calls[variant.name, item.id, repeat] += 1
        if variant.name == self.fails:
            raise VendorLimitError("too many requests")
        content = 6.0 + (0.5 if variant.name == "B" else 0.0) + int(item.id[1:]) % 5 / 10
        return make_outcome(variant.name, variant.key, item.id, repeat, content=content, cost_usd=self.cost)


async def test_a_crash_in_the_middle_repeats_no_answered_call(tmp_path: Path) -> None:
    data, path = make_dataset(40), tmp_path / "run.jsonl"
    first, second = CountingJudge(dies_after=31), CountingJudge()
    with pytest.raises(ExceptionGroup, match="unhandled"):
        await Replay(data, [A, B], first, RunJournal(path), repeats=2).run()
    with path.open("ab") as half:
        half.write(b'{"variant": "A", "variant_k')
    report = await Replay(data, [A, B], second, RunJournal(path), repeats=2).run()
    assert report.done == report.total == 160 and report.resumed >= 31
    assert not (first.calls & second.calls)
    assert set((first.calls + second.calls).values()) == {1}
    assert len({o.identity for o in RunJournal(path).outcomes()}) == 160


@pytest.mark.parametrize("concurrency", [1, 7, 20])
async def test_the_cost_limit_is_never_passed_whatever_is_in_flight(tmp_path: Path, concurrency: int) -> None:
    judge = CountingJudge(cost="0.10")
    limits = RunLimits(concurrency=concurrency, cost_usd=Decimal("1.05"))
    journal = RunJournal(tmp_path / "r.jsonl")
    run = Replay(make_dataset(100), [A, B], judge, journal, limits=limits, ceiling=lambda *_: Decimal("0.25"))
    report = await run.run()
    assert report.spent_usd == Decimal("0.90") and report.done == 9
    assert "cost limit" in report.stopped and judge.most_in_flight <= concurrency
    assert concurrency == 1 or judge.most_in_flight > 1


async def test_what_failed_calls_cost_still_counts_after_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    journal = RunJournal(path)
    for number in range(5):
        lost = make_outcome("A", A.key, f"i{number}", 0, content=6.0, cost_usd="0.10")
        journal.append(lost.model_copy(update={"result": None, "error": "VENDOR"}))
    journal.close()
    limits = RunLimits(cost_usd=Decimal("0.70"))
    judge, ceiling = CountingJudge(cost="0.10"), lambda *_: Decimal("0.10")
    report = await Replay(make_dataset(20), [A], judge, RunJournal(path), limits=limits, ceiling=ceiling).run()
    assert report.spent_usd == Decimal("0.70") and report.done == 2


async def test_cached_answers_cost_nothing_and_never_enter_latency_or_cost(tmp_path: Path) -> None:
    data, cache = make_dataset(12), ResponseCache(tmp_path / "cache.jsonl")
    judge = CountingJudge()
    await Replay(data, [A], judge, RunJournal(tmp_path / "1.jsonl"), cache=cache).run()
    again = await Replay(data, [A, B], judge, RunJournal(tmp_path / "2.jsonl"), cache=cache).run()
    assert sum(judge.calls.values()) == 24 and again.cached == 12
    assert again.spent_usd == Decimal("0.12")
    report = compare_variants(again.outcomes, data, a="A", b="B")
    assert {c.scorer for c in report.comparisons}.isdisjoint({"first section", "whole call", "cost"})


async def test_provider_trouble_is_kept_apart_from_quality(tmp_path: Path) -> None:
    data = make_dataset(10)
    run = await Replay(data, [A, B], CountingJudge(fails="B"), RunJournal(tmp_path / "r.jsonl")).run()
    assert run.failures == 10
    report = compare_variants(run.outcomes, data, a="A", b="B")
    assert report.verdict.decision == "nothing compared" and "failed on every call" in report.verdict.sentence
    assert report.failures == {"A": 0, "B": 10} and report.frame().empty and report.slice_frame().empty
    healed = await Replay(data, [A, B], CountingJudge(), RunJournal(tmp_path / "r.jsonl")).run()
    assert healed.resumed == 10 and healed.failures == 0


async def test_the_report_finds_what_was_planted(tmp_path: Path) -> None:
    data = make_dataset(60, persons=20)
    run = await Replay(data, [A, B], CountingJudge(), RunJournal(tmp_path / "r.jsonl")).run()
    report = compare_variants(run.outcomes, data, a="A", b="B")
    error = next(c for c in report.comparisons if c.scorer == "content error")
    assert report.primary == "content error" and error.estimate == pytest.approx(0.5)
    assert report.verdict.decision == "hold" and (error.n_items, error.n_clusters) == (60, 20)
    assert report.summary()["comparisons"][0]["p_adjusted"] is not None
    swapped = compare_variants(run.outcomes, data, a="B", b="A")
    assert swapped.verdict.decision == "ship"


@pytest.mark.parametrize(
    ("data", "variants", "words"),
    [
        (Dataset(name="none", items=()), [A], "empty"),
        (make_dataset(2), [], "at least one variant"),
        (make_dataset(2), [A, A], "same name"),
    ],
)
def test_runs_that_could_show_nothing_are_refused(
    tmp_path: Path, data: Dataset, variants: list[Variant], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        Replay(data, variants, CountingJudge(), RunJournal(tmp_path / "r.jsonl"))


async def test_one_item_and_unknown_variant_are_told(tmp_path: Path) -> None:
    data = make_dataset(1)
    run = await Replay(data, [A, B], CountingJudge(), RunJournal(tmp_path / "r.jsonl")).run()
    report = compare_variants(run.outcomes, data, a="A", b="B")
    assert report.verdict.decision == "nothing compared" and "1 item" in report.verdict.sentence
    with pytest.raises(InputError, match="no variant 'C'"):
        compare_variants(run.outcomes, data, a="A", b="C")


def test_unknown_bundle_is_told() -> None:
    with pytest.raises(InputError, match="no prompt bundle 'nowhere'"):
        Variant(name="X", bundle="nowhere").resolve()


def test_a_frozen_dataset_is_what_its_name_says(tmp_path: Path) -> None:
    data = make_dataset(9)
    path = data.freeze(tmp_path)
    assert thaw(path) == data and data.freeze(tmp_path) == path
    path.write_text(path.read_text().replace("I changed 3", "I broke 3"))
    with pytest.raises(InputError, match="changed after"):
        thaw(path)


def test_persons_never_stand_on_both_sides_and_sides_are_stable() -> None:
    data = make_dataset(300, persons=60)
    train, held_out = data.split()
    assert {i.person for i in train.items}.isdisjoint(i.person for i in held_out.items)
    assert 0.15 < len(held_out.items) / 300 < 0.45
    assert data.split() == (train, held_out) and data.split(salt="x")[0] != train


def test_samples_keep_the_proportions_of_their_strata() -> None:
    sample = make_dataset(300).sample(30)
    assert Counter(i.stratum for i in sample.items) == {"odd": 20, "even": 10}


def test_labelled_answers_are_read_and_bad_lines_named(tmp_path: Path) -> None:
    good = tmp_path / "good.jsonl"
    good.write_text('{"id": "a", "question": "Why?", "answer": "Because.", "relevance": 7}\n\n')
    assert from_jsonl(good).items[0].gold.relevance == 7
    for content, words in [("", "no answers"), ("not json", "Line 1"), ('{"id": 1}', "Line 1")]:
        bad = tmp_path / "bad.jsonl"
        bad.write_text(content)
        with pytest.raises(InputError, match=words):
            from_jsonl(bad)
    with pytest.raises(InputError, match="cannot be read"):
        from_jsonl(tmp_path / "missing.jsonl")


def test_variant_identity_is_its_content() -> None:
    assert Variant(name="one").key == Variant(name="two").key != B.key
    assert B.resolve().policy.version == "mi_test"
    assert np.unique([v.key for v in (A, B, Variant(name="m", model="other"))]).size == 3
