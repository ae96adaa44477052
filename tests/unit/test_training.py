"""The shipped models come from the shipped answers: hashes agree, and fitting them again gives the same bytes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from coach.contracts.evaluation import STAR_ITEMS

pytest.importorskip("sklearn")
from training.__main__ import MANIFEST, MODELS
from training.estimate import verdict_figures
from training.fit import example, fit_clauses
from training.rows import data_hash, load, read_row, with_derived

ROOT = Path(__file__).resolve().parents[2]
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
    """In a process of its own: the number of threads is settled before NumPy loads, and the last digit hangs on it.

    `make train ARGS=--check` compares bytes; another processor's arithmetic may differ in the last digits.
    """
    code = (
        "import json; from training.__main__ import example, load, read_row, trained, with_derived; "
        "print(json.dumps(trained([example(read_row(row)) for row in with_derived(load())])))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for name, text in json.loads(done.stdout).items():
        if name != MANIFEST:
            shipped, made = json.loads((MODELS / name).read_text(encoding="utf-8")), json.loads(text)
            assert numbers(made) == pytest.approx(numbers(shipped), abs=2e-3), name


def numbers(value: object) -> list[float]:
    """Every number of a model file, in its order."""
    if isinstance(value, dict):
        return [n for key in sorted(value) for n in numbers(value[key])]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [float(value)] if isinstance(value, int | float) else []


def test_a_verdict_is_right_when_it_is_said() -> None:
    for name, figures in verdict_figures(load()).items():
        assert figures["said"] >= 10 and figures["right"] / figures["said"] >= 0.9, (name, figures)
