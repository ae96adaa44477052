"""The fault matrix and the threat model hold: every row names tests, and every test that is named exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELIABILITY, THREATS = (ROOT / "docs" / name for name in ("reliability.md", "threat-model.md"))
LEAST_FAULTS = 28
KINDS = {"Network", "People", "Process", "Disk", "Clock", "Database", "Browser", "Vendor"}
ENTRIES = {
    "Pages",
    "Streamlit's socket",
    "REST",
    "The interview's socket",
    "Clips and recordings",
    "People with accounts",
    "Stripe's webhook",
    "The command line and the door between processes",
    "The database file",
    "Imports",
    "The disk, and copies of it",
    "What a model is told and writes",
    "Logs and metrics",
}


def tables(page: Path) -> dict[str, list[list[str]]]:
    """Cells of the rows of each section's table, without its head."""
    found = {}
    for section in page.read_text("utf8").split("\n## ")[1:]:
        rows = [line for line in section.splitlines() if line.startswith("|")]
        found[section.splitlines()[0]] = [[c.strip() for c in row.strip("|").split(" | ")] for row in rows[2:]]
    return {title: rows for title, rows in found.items() if rows}


@cache
def names_in(file: str) -> set[str]:
    """Names of the test functions of a file; empty where there is no such file."""
    path = ROOT / file
    tree = ast.parse(path.read_text("utf8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("page", [RELIABILITY, THREATS], ids=lambda p: p.stem)
def test_every_row_is_shown_by_tests_that_exist(page: Path) -> None:
    for section, rows in tables(page).items():
        for row in rows:
            assert len(row) == 4 and all(row), (section, row)
            named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[3])
            assert named and re.sub(r"`[^`]+`", "", row[3]).strip() == "", (section, row[3])
            assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == [], section


def test_the_matrix_has_every_kind_of_fault() -> None:
    found = tables(RELIABILITY)
    assert set(found) == KINDS
    faults = [row[0] for rows in found.values() for row in rows]
    assert len(set(faults)) == len(faults) >= LEAST_FAULTS


def test_the_model_has_every_entry_and_every_letter() -> None:
    found = tables(THREATS)
    assert set(found) == ENTRIES
    letters = {row[0] for rows in found.values() for row in rows}
    assert letters == set("STRIDE")
