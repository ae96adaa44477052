"""Slices find where a difference comes from, and looking at many raises no more false alarms than looking at one."""

import numpy as np
import pandas as pd
import pytest

from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.lab import slices
from coach.lab.report import Wish, compare_variants
from coach.lab.runs.dataset import Dataset, Gold, Item, from_jsonl
from coach.lab.slices import compare_slices
from coach.settings import DATA
from tests.fakes.evaluations import make_outcome

KINDS = ("planning", "teamwork", "customers", "figures")


def items_of(persons: int) -> list[Item]:
    return [
        Item(
            id=f"p{p}-{k}",
            person=f"p{p}",
            stratum=kind,
            speaker_language="es" if p % 2 else "",
            input=EvaluationInput(
                question=Question(text="Why?", type=("technical", "behavioral")[k % 2], competency=kind),
                user_answer=UserAnswer(transcript="word " * (20 + 60 * k)),
            ),
            gold=Gold(content=6.0),
        )
        for p in range(persons)
        for k, kind in enumerate(KINDS)
    ]


def table_of(items: list[Item], differences: np.ndarray) -> pd.DataFrame:
    rows = {"item": [i.id for i in items], "cluster": [i.person for i in items], "a": 6.0}
    return pd.DataFrame({**rows, "b": 6.0 + differences})


def test_the_slice_that_became_worse_is_named_and_a_copy_of_a_dimension_is_not_shown_twice() -> None:
    items = items_of(24)
    rng = np.random.default_rng(3)
    shift = np.array([-1.0 if i.stratum == "teamwork" else 0.0 for i in items])
    found = compare_slices(
        table_of(items, shift + rng.normal(0, 0.4, len(items))), items, scorer="overall", higher_is_better=True
    )
    assert {s.dimension for s in found} == {"competency", "question type", "length", "speaker's language"}
    leanings = {(s.dimension, s.value): s.leaning for s in found}
    assert leanings["competency", "teamwork"] == "worse" and leanings["competency", "planning"] == "unclear"
    assert ("speaker's language", "not said") in leanings
    assert all(s.comparison.p_adjusted >= s.comparison.p_value for s in found if s.comparison)


def test_equal_variants_raise_no_more_alarms_over_all_slices_than_over_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "PERMUTATIONS", 199)
    items, rng, alarms = items_of(12), np.random.default_rng(11), 0
    for _ in range(24):
        found = compare_slices(
            table_of(items, rng.normal(0, 0.5, len(items))), items, scorer="overall", higher_is_better=True
        )
        alarms += any(s.leaning in ("better", "worse") for s in found)
    assert alarms <= 3


def test_few_persons_show_a_difference_and_decide_nothing() -> None:
    items = items_of(4)
    found = compare_slices(table_of(items, np.full(len(items), 2.0)), items, scorer="overall", higher_is_better=True)
    assert found and all(s.leaning == "too few" and s.comparison is None and s.estimate == 2.0 for s in found)
    assert {s.as_dict()["p_adjusted"] for s in found} == {None}


def test_the_report_carries_slices_and_asks_what_it_was_asked() -> None:
    items = items_of(12)
    outcomes = [make_outcome(v, f"k{v}", i.id, content=6.0 + (v == "B") * 0.1) for v in "AB" for i in items]
    data = Dataset(name="d", items=tuple(items))
    report = compare_variants(outcomes, data, a="A", b="B", wish=Wish(goal="same", same_within=0.3))
    assert report.primary == "content error" and len(report.summary()["slices"]) == len(report.slice_frame()) > 8
    assert report.verdict.decision == "hold" and "but it is not cheaper" in report.verdict.sentence
    far = compare_variants(outcomes, data, a="A", b="B", wish=Wish(goal="same", same_within=0.05))
    assert far.verdict.decision == "hold" and "differs by more than 0.05" in far.verdict.sentence


@pytest.mark.parametrize(
    ("cost", "decision", "words"), [("0.004", "ship", "60% cheaper"), ("0.02", "hold", "not cheaper")]
)
def test_a_cheaper_model_takes_the_place_of_one_it_equals(cost: str, decision: str, words: str) -> None:
    items, rng = items_of(20), np.random.default_rng(5)
    outcomes = [
        make_outcome(v, f"k{v}", i.id, content=6.0 + float(rng.normal(0, 0.1)), cost_usd=cost if v == "B" else "0.01")
        for v in "AB"
        for i in items
    ]
    data = Dataset(name="d", items=tuple(items))
    report = compare_variants(outcomes, data, a="A", b="B", wish=Wish(goal="same"))
    assert (report.verdict.decision, words in report.verdict.sentence) == (decision, True), report.verdict.sentence


def test_datasets_frozen_before_languages_were_known_keep_their_hash() -> None:
    assert from_jsonl(DATA / "sample" / "lab_answers.jsonl").content_hash == "f4801944f19c4b93"
    plain, spoken = items_of(1)[0], items_of(2)[4]
    assert "speaker_language" not in plain.canonical() and '"speaker_language":"es"' in spoken.canonical()
    assert (
        "care" not in plain.canonical()
        and '"care":"none"' in plain.model_copy(update={"gold": Gold(care="none")}).canonical()
    )
    assert Item.model_validate_json(spoken.canonical()) == spoken
