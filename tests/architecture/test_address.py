"""The address holds tab, filter and selection: every control that decides what a page shows is bound to it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VIEW = {"segmented_control", "tabs", "toggle", "pick"}
FREE = {
    "pages/components/library/card.py": "the tabs of one card among many; the story in hand has the cheat sheet",
    "pages/components/practice/account.py": "agreeing to extra retries is a deed, not a view",
    "pages/components/progress/consent.py": "giving and revoking consent is a deed, too",
    "pages/components/shared/selection.py": "the component itself",
}
DEEDS = {"promote-bundle", "budget-pick", "give-back-pick", "calibration_answer"}
"""What is chosen there is acted on at once, and is no view to share."""


def unbound(path: Path) -> list[str]:
    """Controls of the view that a reload or a link would lose."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {word.arg: ast.unparse(word.value).strip("'\"") for word in node.keywords}
        if name not in VIEW or given.get("key") in DEEDS:
            continue
        if name == "pick" and not given.get("address"):
            found.append(f"{node.lineno}: pick {given.get('key')}")
        elif name != "pick" and (given.get("bind") != "query-params" or "key" not in given):
            found.append(f"{node.lineno}: {name}")
    return found


def test_every_control_of_a_view_stands_in_the_address() -> None:
    pages = [p for p in (ROOT / "pages").rglob("*.py") if str(p.relative_to(ROOT)) not in FREE]
    assert {str(p.relative_to(ROOT)): found for p in pages if (found := unbound(p))} == {}


def test_one_that_does_not_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text("st.tabs(['a'])\nst.toggle('b', key='b', bind='query-params')\npick('c', [], key='c')\n")
    assert unbound(page) == ["1: tabs", "3: pick c"]


@pytest.mark.parametrize("script", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.name)
def test_a_pages_script_has_no_text_on_its_own(script):
    """Streamlit shows a bare text of a page's script to the person; what explains a constant there is a comment."""
    body = ast.parse(script.read_text("utf8")).body[1:]
    assert [n.lineno for n in body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)] == []
