"""The shipped models come from the shipped answers: hashes agree, and fitting them again gives the same bytes."""

import hashlib
import json

import pytest

from coach.contracts.evaluation import STAR_ITEMS

pytest.importorskip("sklearn")
from training.__main__ import MANIFEST, MODELS, trained
from training.estimate import verdict_figures
from training.fit import example, fit_clauses
from training.rows import data_hash, load, read_row, with_derived

SHIPPED = json.loads((MODELS / MANIFEST).read_text(encoding="utf-8"))


def test_data_and_models_carry_their_hashes() -> None:
    assert SHIPPED["data"] == data_hash()
    for name in ("clause_model.json", "star_model.json", "content_model.json"):
        text = (MODELS / name).read_bytes()
        assert SHIPPED[name] == hashlib.sha256(text).hexdigest()
        assert json.loads(text)["trained"]["data_sha256"] == SHIPPED["data"]


def test_the_answers_are_labelled_and_their_evidence_was_said() -> None:
    rows = load()
    assert len(rows) >= 2 * 210 + 150 and len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert set(row.star) == set(STAR_ITEMS) and set(row.star.values()) <= {"present", "weak", "missing"}
        for item, said in row.evidence.items():
            assert said in row.text and bool(said) == (row.star[item] != "missing"), (row.id, item)


def test_fitting_is_reproducible_on_one_writer() -> None:
    """The short form; `make train ARGS=--check` compares all models byte for byte."""
    rows = [row for row in load() if row.writer == "wc"]
    fits = [fit_clauses([example(read_row(row)) for row in with_derived(rows)]) for _ in range(2)]
    assert json.dumps(fits[0]) == json.dumps(fits[1])


@pytest.mark.timeout(300)
def test_the_shipped_models_are_reproduced() -> None:
    files = trained([example(read_row(row)) for row in with_derived(load())])
    assert [name for name, text in files.items() if (MODELS / name).read_text(encoding="utf-8") != text] == []


def test_a_verdict_is_right_when_it_is_said() -> None:
    for name, figures in verdict_figures(load()).items():
        assert figures["said"] >= 10 and figures["right"] / figures["said"] >= 0.9, (name, figures)
