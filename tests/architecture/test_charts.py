"""Every chart is drawn by the shared component, so that each can be taken away as CSV and as PNG."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "pages" / "components" / "shared" / "chart.py"
DRAWS = {
    "plotly_chart", "altair_chart", "vega_lite_chart", "line_chart", "bar_chart", "area_chart", "scatter_chart", "map",
    "pyplot", "graphviz_chart", "pydeck_chart",
}  # fmt: skip


def drawn_in(path: Path) -> list[str]:
    """Calls that draw a chart: attributes of `st` or of a container by these names, however they are reached."""
    tree = ast.parse(path.read_text("utf8"))
    found = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in DRAWS - {"map"}]
    on_st = [
        n.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and n.attr == "map" and isinstance(n.value, ast.Name) and n.value.id == "st"
    ]
    return found + on_st


def test_no_page_draws_a_chart_on_its_own() -> None:
    pages = [path for path in (ROOT / "pages").rglob("*.py") if path != HOME]
    assert {str(path.relative_to(ROOT)): found for path in pages if (found := drawn_in(path))} == {}
    assert drawn_in(HOME) == ["plotly_chart"]


def test_a_chart_drawn_past_the_component_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text("import streamlit as st\nleft, right = st.columns(2)\nleft.plotly_chart(1)\nst.map(2)\n")
    assert drawn_in(page) == ["plotly_chart", "map"]


def test_every_chart_of_the_pages_has_a_name_of_its_own() -> None:
    names: list[tuple[str, str]] = []
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "chart":
                given = {word.arg: word.value for word in node.keywords}
                assert {"name", "title"} <= set(given), f"{path}:{node.lineno}"
                if isinstance(given["name"], ast.Constant):
                    room = path.parts[-2] if path.parts[-2] != "pages" else path.stem
                    names.append((room, str(given["name"].value)))
    assert len(names) >= 12 and len(set(names)) == len(names)


def test_every_small_picture_of_a_page_is_there_in_both_themes() -> None:
    calls = [node for path in (ROOT / "pages").rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf8")))]
    shown = {
        str(node.args[0].value)
        for node in calls
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "preview.finished"
        if isinstance(node.args[0], ast.Constant)
    }
    there = {picture.stem for picture in (ROOT / "pages" / "static" / "preview").glob("*.webp")}
    assert len(shown) > 5 and there == {f"{name}_{theme}" for name in shown for theme in ("light", "dark")}
