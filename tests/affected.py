"""Prints the test files that belong to what changed: `python -m tests.affected [REVISION]`, for `make test-fast`.

A test belongs to a change when it is changed itself, imports a changed module, or reads a changed document or page.
Browser tests are left to `make test`.
"""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALWAYS = ["tests/architecture"]


def changed(revision: str) -> set[str]:
    """Paths that differ from `revision`, those git does not track yet included."""
    git = ["git", "-C", str(ROOT)]
    diff = subprocess.check_output([*git, "diff", "--name-only", revision], text=True)
    new = subprocess.check_output([*git, "ls-files", "--others", "--exclude-standard"], text=True)
    return {*diff.split(), *new.split()}


def imported(path: Path) -> set[str]:
    """Dotted names of all that a file imports, names of a package's members included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def affected(paths: set[str]) -> list[str]:
    """Test files for changed paths, sorted; `tests/architecture` always."""
    modules = {p.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for p in paths if p.endswith(".py")}
    pages = {Path(p).name for p in paths if p.startswith("pages/")}
    found = set()
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        place = str(test.relative_to(ROOT))
        if place.startswith(("tests/browser", *ALWAYS)):
            continue
        source = test.read_text("utf8")
        if place in paths or imported(test) & modules or any(f'"{name}"' in source for name in pages):
            found.add(place)
    return [*ALWAYS, *sorted(found)]


if __name__ == "__main__":
    print("\n".join(affected(changed(sys.argv[1] if len(sys.argv) > 1 else "HEAD"))))
