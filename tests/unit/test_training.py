"""The shipped models come from the shipped answers: hashes agree, and fitting them again gives the same bytes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coach.contracts.evaluation import STAR_ITEMS
from tests.long import LONG

pytest.importorskip("sklearn")
from training.__main__ import MANIFEST, MODELS, SAMPLE, numbers
from training.care import care_hash
from training.estimate import verdict_figures
from training.rows import data_hash, load

FILES = {"clause_model.json", "star_model.json", "content_model.json", "care_model.json"}
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = json.loads((MODELS / MANIFEST).read_text(encoding="utf-8"))


def test_data_and_models_carry_their_hashes() -> None:
    assert SHIPPED["data"] == data_hash()
    assert SHIPPED["care_data"] == care_hash()
    for name in FILES:
        text = (MODELS / name).read_bytes()
        assert SHIPPED[name] == hashlib.sha256(text).hexdigest()
        data = SHIPPED["care_data" if name == "care_model.json" else "data"]
        assert json.loads(text)["trained"]["data_sha256"] == data


def test_the_answers_are_labelled_and_their_evidence_was_said() -> None:
    rows = load()
    assert len(rows) >= 2 * 210 + 150 and len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert set(row.star) == set(STAR_ITEMS) and set(row.star.values()) <= {"present", "weak", "missing"}
        for item, said in row.evidence.items():
            assert said in row.text and bool(said) == (row.star[item] != "missing"), (row.id, item)


def test_the_steps_of_fitting_give_what_they_gave_when_the_models_were_made() -> None:
    """On two writers: features, derived rows or fits that changed since `make train` show here.

    The long form fits all models again; `make train ARGS=--check` compares them byte for byte, where another
    processor's arithmetic may differ in the last digits.
    """
    kept = json.loads((MODELS / SAMPLE).read_text(encoding="utf-8"))
    found = in_its_own_process("sample()")
    assert set(found) == set(kept) == FILES
    for name, (count, total, squares) in kept.items():
        assert found[name] == [count, pytest.approx(total, abs=0.02), pytest.approx(squares, abs=0.02)], name
    if LONG:
        everything = "trained([example(read_row(row)) for row in with_derived(load())])"
        for name, text in in_its_own_process(everything).items():
            if name != MANIFEST:
                shipped, made = json.loads((MODELS / name).read_text(encoding="utf-8")), json.loads(text)
                assert numbers(made) == pytest.approx(numbers(shipped), abs=2e-3), name


def in_its_own_process(expression: str) -> dict[str, Any]:
    """The number of threads is settled before NumPy loads, and the last digit hangs on it."""
    code = f"import json; from training.__main__ import *; print(json.dumps({expression}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_verdict_is_right_when_it_is_said() -> None:
    for name, figures in verdict_figures(load()).items():
        assert figures["said"] >= 10 and figures["right"] / figures["said"] >= 0.9, (name, figures)
