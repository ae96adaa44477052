"""What the documents say of the code, read from the code: `make docs` writes it, `make check` compares it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rooms() -> str:
    """Every package of the engine and the pages as a table: what it is for, its modules."""
    rows = ["| room | for | modules |", "|---|---|---|"]
    for folder in _packages():
        modules = sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")
        rows.append(f"| `{folder.relative_to(ROOT)}` | {_purpose(folder)} | {' · '.join(modules)} |")
    return "\n".join(rows)


def import_rules() -> str:
    """The import-linter contracts by name, the layers spelled out."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["tool"]["importlinter"]
    lines = []
    for contract in config["contracts"]:
        lines.append(f"- {contract['name']}")
        if contract["type"] == "layers":
            lines.append("  " + " → ".join(f"`{layer}`" for layer in contract["layers"]))
    return "\n".join(lines)


def decisions() -> str:
    """The decision notes as a table: number, title, first sentence of the choice."""
    rows = ["| | decided |", "|---|---|"]
    for number, title, path in decision_notes():
        rows.append(f"| {number} | [{title}]({path.name}) |")
    return "\n".join(rows)


def decision_notes() -> Iterator[tuple[int, str, Path]]:
    """Number, title and file of every decision note, in the order of their file names."""
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        heading = re.match(r"# (\d+)\. (.+)", path.read_text("utf8"))
        assert heading, f"{path.name} opens with '# NUMBER. Title'"
        yield int(heading[1]), heading[2], path


def make_targets() -> str:
    """The targets of the Makefile with what each does."""
    rows = ["| | |", "|---|---|"]
    for name, does in re.findall(r"^([a-z-]+):.*## (.+)$", (ROOT / "Makefile").read_text("utf8"), re.M):
        rows.append(f"| `make {name}` | {does} |")
    return "\n".join(rows)


def _packages() -> list[Path]:
    found = [p.parent for top in ("coach", "pages") for p in (ROOT / top).rglob("__init__.py")]
    return sorted(p for p in found if "migrations" not in p.parts)


def _purpose(folder: Path) -> str:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf8"))) or ""
    return text.split("\n", 1)[0].removesuffix(".")
