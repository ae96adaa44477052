"""Pages stay thin and notebooks define nothing: what import-linter cannot see."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in (ROOT / "pages").glob("*.py") if p.name not in {"__init__.py", "asgi.py"})
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ENGINE = sorted((ROOT / "coach").rglob("*.py"))
BEHIND_PORTS = {"speech", "brain", "avatar"}


def imported(tree: ast.AST) -> set[str]:
    """Dotted names of every module imported anywhere in `tree`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_page_is_thin_and_takes_the_engine_through_its_front_door(page: Path) -> None:
    source = page.read_text("utf8")
    assert len(source.splitlines()) <= 150, f"{page.name} is too long for a screen; move parts to components or views"
    foreign = {n for n in imported(ast.parse(source)) if n.startswith("coach.") and n.split(".")[1] in BEHIND_PORTS}
    assert not foreign, f"{page.name} reaches into {sorted(foreign)}"


@pytest.mark.parametrize("module", ENGINE, ids=lambda p: str(p.relative_to(ROOT)))
def test_engine_is_free_of_streamlit(module: Path) -> None:
    names = imported(ast.parse(module.read_text("utf8")))
    assert not {n for n in names if n.split(".")[0] in {"streamlit", "streamlit_webrtc"}}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.name)
def test_notebook_opens_with_its_question_and_ships_no_output(notebook: Path) -> None:
    import nbformat

    book = nbformat.read(notebook, as_version=4)
    first = book.cells[0]
    assert first.cell_type == "markdown" and "?" in first.source, "the first cell says which question it answers"
    code = [c for c in book.cells if c.cell_type == "code"]
    assert code and all(not c.outputs and c.execution_count is None for c in code), "strip the outputs"
    for cell in code:
        tree = ast.parse("\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!"))))
        assert not any(isinstance(n, ast.ClassDef) for n in ast.walk(tree)), "classes belong in coach"
        assert all(
            n.end_lineno - n.lineno < 12 for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.end_lineno
        )
