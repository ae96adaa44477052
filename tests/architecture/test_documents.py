"""Documents hold: links lead somewhere, what is made from the code is fresh, how-tos end in a test that exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import inventory

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
HOW_TOS = sorted((ROOT / "docs" / "how-to").glob("*.md"))
GENERATED = [p for p in PAGES if "[[[cog" in p.read_text("utf8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text("utf8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_what_is_made_from_the_code_is_fresh() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "-I", str(ROOT), *map(str, GENERATED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make docs`\n{done.stdout}{done.stderr}"


def test_decisions_are_numbered_without_gaps() -> None:
    notes = list(inventory.decision_notes())
    assert [number for number, _, _ in notes] == list(range(1, len(notes) + 1))
    assert [int(path.name[:4]) for _, _, path in notes] == [number for number, _, _ in notes]


@pytest.mark.parametrize("page", HOW_TOS, ids=lambda p: p.stem)
def test_a_how_to_ends_in_tests_that_exist(page: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf8"), re.S)
    tests = re.findall(r"tests/\S+\.py", blocks[-1])
    assert tests and all((ROOT / test).exists() for test in tests)


def test_every_page_is_in_the_index_or_beside_one_that_is() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf8")
    pages = [p for p in (ROOT / "docs").glob("*.md") if p.name != "index.md"]
    assert [p.name for p in pages if f"({p.name})" not in index] == []


def test_the_walk_of_an_answer_enters_each_module_once() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf8")
    walk = page.split("## The walk of one answer")[1].split("\n## ")[0]
    modules = re.findall(r"`(coach/[\w/]+\.py)`", walk)
    assert len(modules) == len(set(modules)) >= 15
    assert [module for module in modules if not (ROOT / module).exists()] == []
