"""The house explains itself: no class name twice, no two rooms that need each other, nothing that outgrew its place."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = sorted((ROOT / "coach").rglob("*.py"))
PAGES = sorted((ROOT / "pages").rglob("*.py"))
DATA_OR_HISTORY = ("coach/store/migrations", "coach/store/tables")
LONGEST_FUNCTION = 40
"""Lines of a function from `def` to its end, docstring included."""
LONGEST_MODULE, MODULE_P90 = 350, 200
ANY_PER_1000_LINES = 5.0


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf8"))


def trees(paths: list[Path]) -> list[tuple[str, ast.Module]]:
    return [(str(path.relative_to(ROOT)), parsed(path)) for path in paths]


def test_no_class_name_stands_twice() -> None:
    names = Counter(
        node.name
        for _, tree in trees(ENGINE)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} == set()


def test_every_word_of_the_glossary_has_one_row() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text("utf8")
    rows = re.findall(r"^\| (?!word \||---)([^|]+?) \| ([^|]+?) \|$", page, re.M)
    words = Counter(word.strip().lower() for word, _ in rows)
    assert len(rows) > 20 and [w for w, n in words.items() if n > 1] == []
    assert all(meaning.strip() for _, meaning in rows)


@pytest.mark.parametrize("word", ["interview", "exchange", "attempt", "policy", "prompt bundle", "usage event"])
def test_a_word_that_names_a_class_is_in_the_glossary(word: str) -> None:
    wanted = "".join(part.capitalize() for part in word.split())
    names = {n.name for _, tree in trees(ENGINE) for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    assert wanted in names
    assert f"| {word} |" in (ROOT / "docs" / "glossary.md").read_text("utf8")


def test_no_modules_need_each_other() -> None:
    graph = grimp.build_graph("coach", "pages", exclude_type_checking_imports=True, cache_dir=None)
    below = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    state: dict[str, int] = {}
    cycles: list[tuple[str, str]] = []

    def walk(module: str) -> None:
        state[module] = 1
        for other in below[module]:
            if state.get(other) == 1:
                cycles.append((module, other))
            elif other not in state:
                walk(other)
        state[module] = 2

    for module in sorted(below):
        if module not in state:
            walk(module)
    assert cycles == []


def test_functions_are_short() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in trees([*ENGINE, *PAGES])
        if not name.startswith(DATA_OR_HISTORY)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_modules_stay_small() -> None:
    """`MODULE_P90` is a ratchet: nine modules of ten are shorter."""
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text("utf8").splitlines())
        for path in [*ENGINE, *PAGES]
        if not str(path.relative_to(ROOT)).startswith("coach/store/migrations")
    }
    grown = {name: n for name, n in lines.items() if n > LONGEST_MODULE}
    assert grown == {}
    assert sorted(lines.values())[int(0.9 * len(lines))] <= MODULE_P90


def test_any_stays_rare() -> None:
    """A ratchet: `Any` in annotations, for each 1,000 lines."""
    sources = trees([*ENGINE, *PAGES])
    lines = sum(len(path.read_text("utf8").splitlines()) for path in [*ENGINE, *PAGES])
    names = sum(isinstance(node, ast.Name) and node.id == "Any" for _, tree in sources for node in ast.walk(tree))
    assert 1000 * names / lines <= ANY_PER_1000_LINES
