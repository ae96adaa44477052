"""Reading labelled rows and writing outputs, the same way for every set."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from coach.errors import InputError
from coach.foreign_data import from_json


def read_rows(file: Path, needed: tuple[str, ...]) -> list[dict[str, object]]:
    """Rows of a JSON-lines file, each an object with at least `needed`.

    Raises:
        InputError: the file cannot be read, is empty, or a line is no such object; says which.
    """
    return [_row(file.name, number, line, needed) for number, line in read_lines(file)]


def read_lines(file: Path) -> list[tuple[int, str]]:
    """Numbered lines of a JSON-lines file, blank ones left out.

    Raises:
        InputError: the file cannot be read or is empty.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{file.name} cannot be read: {error.strerror or type(error).__name__}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} cannot be read: it is not text (UTF-8).") from error
    rows = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not rows:
        raise InputError(f"{file.name} holds no rows.")
    return rows


def _row(name: str, number: int, line: str, needed: tuple[str, ...]) -> dict[str, object]:
    try:
        row = from_json(line)
    except ValueError as error:
        raise InputError(f"{name} line {number} is not JSON.") from error
    missing = [key for key in needed if not isinstance(row, dict) or key not in row]
    if missing:
        raise InputError(f"{name} line {number} lacks {', '.join(missing)}.")
    return dict(row)


def write_outputs(target: Path | None, rows: Iterable[dict[str, object]]) -> None:
    """Writes one JSON object per line; does nothing without a target.

    Raises:
        InputError: the place cannot be written.
    """
    if target is None:
        return
    try:
        target.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{target.name} cannot be written ({error.strerror}).") from error


def table(rows: list[tuple[str, Any]]) -> str:
    """Name and value, one line each, numbers with three decimals."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {_shown(value)}" for name, value in rows)


def _shown(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
