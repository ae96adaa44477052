"""`python -m coach eval fillers`: finds fillers in labelled sentences and scores itself, spans compared exactly."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from coach.cli.eval.rows import read_lines
from coach.cli.inputs import BRAINS
from coach.cli.output import emit, json_option
from coach.errors import InputError
from coach.foreign_data import from_json
from coach.text.fillers import find_fillers

Span = tuple[int, int]


@click.command(name="fillers", help="Score filler detection on a labelled set (one JSON object per line).")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--brain", type=click.Choice(BRAINS), default=None, help="Accepted for symmetry; fillers are found by rules."
)
@click.option("--outputs", type=click.Path(path_type=Path), default=None, help="Write what was found, per item.")
@json_option
def fillers(file: Path, brain: str | None, outputs: Path | None, as_json: bool) -> None:
    """Scores `file`."""
    rows = read_rows(file)
    found = [find_fillers(row["text"]) for row in rows]
    if outputs:
        lines = (
            json.dumps({"id": r["id"], "fillers": [{"start": f.start, "end": f.end, "text": f.text} for f in spans]})
            for r, spans in zip(rows, found, strict=True)
        )
        write_lines(outputs, lines)
    result = score(rows, [{(f.start, f.end) for f in spans} for spans in found])
    emit(result, as_json=as_json, human=_lines)


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file with `id` and `text`.

    Raises:
        InputError: missing, or a line that is no such object; says which.
    """
    lines = read_lines(file)
    rows = []
    for number, line in lines:
        try:
            row = from_json(line)
            rows.append({"id": row["id"], "text": str(row["text"]), "fillers": row.get("fillers")})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{file.name} line {number} is no labelled sentence.") from error
    return rows


def write_lines(target: Path, lines: Any) -> None:
    """Writes one line each.

    Raises:
        InputError: the place cannot be written.
    """
    try:
        target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{target.name} cannot be written ({error.strerror}).") from error


def score(rows: list[dict[str, Any]], found: list[set[Span]]) -> dict[str, Any]:
    """Precision, recall and F1 over exact spans, in all and by expression; rows without labels are not scored."""
    hit: Counter[str] = Counter()
    false: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong_items = []
    for row, spans in zip(rows, found, strict=True):
        if row["fillers"] is None:
            continue
        gold = {(f["start"], f["end"]) for f in row["fillers"]}
        for counter, part in ((hit, gold & spans), (false, spans - gold), (missed, gold - spans)):
            counter.update(row["text"][a:b].lower() for a, b in part)
        if gold != spans:
            wrong_items.append(row["id"])
    names = sorted(hit | false | missed)
    return {
        "items": sum(row["fillers"] is not None for row in rows),
        **_rates(hit.total(), false.total(), missed.total()),
        "by_expression": {name: _rates(hit[name], false[name], missed[name]) for name in names},
        "wrong_items": wrong_items,
    }


def _rates(hit: int, false: int, missed: int) -> dict[str, object]:
    precision = hit / (hit + false) if hit + false else None
    recall = hit / (hit + missed) if hit + missed else None
    f1 = 2 * hit / (2 * hit + false + missed) if hit + false + missed else None
    return {"precision": precision, "recall": recall, "f1": f1, "found": hit, "false": false, "missed": missed}


def _lines(result: dict[str, Any]) -> str:
    def line(name: str, rates: dict[str, object]) -> str:
        shown = ["   -" if rates[k] is None else f"{rates[k]:.2f}" for k in ("precision", "recall", "f1")]
        counts = f"{rates['found']:>4} {rates['false']:>5} {rates['missed']:>6}"
        return f"{name:<12} {shown[0]:>9} {shown[1]:>6} {shown[2]:>5} {counts}"

    head = f"{result['items']} sentences\n{'':<12} precision recall    f1  hit false missed"
    body = [line(name, rates) for name, rates in result["by_expression"].items()]
    return "\n".join([head, *body, line("all", result)])
