"""The steps of `docs/how-to/add-a-page.md`: a screen is in the navigation, run by a page test, and looked at."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRAME = {"__init__", "home", "asgi"}
SCREENS = {p.stem for p in (ROOT / "pages").glob("*.py")} - FRAME


def test_every_screen_is_in_the_navigation_and_every_entry_has_a_screen() -> None:
    home = (ROOT / "pages" / "home.py").read_text("utf8")
    listed = {name for name in re.findall(r'"(\w+)"', home) if (ROOT / "pages" / f"{name}.py").exists()}
    assert listed - FRAME == SCREENS


def test_every_screen_is_looked_at() -> None:
    """In both themes, with axe-core, and on the pictures of three widths."""
    looked_at = re.search(r"^PAGES = (.*)$", (ROOT / "tests" / "browser" / "screenshots.py").read_text("utf8"), re.M)
    assert looked_at and {*ast.literal_eval(looked_at[1])} == SCREENS


def test_every_screen_is_run_by_a_page_test() -> None:
    tests = "".join(p.read_text("utf8") for p in (ROOT / "tests" / "pages").glob("test_*.py"))
    assert [name for name in sorted(SCREENS) if not re.search(rf'["/]{name}(\.py)?"', tests)] == []
