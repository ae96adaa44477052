"""`python -m coach eval rewrites`: finds invented facts in labelled rewrites and scores itself."""

import json
from pathlib import Path
from typing import Any

import click

from coach.brain.truth.guard import TruthGuard, Violation
from coach.cli.eval.fillers import write_lines
from coach.cli.eval.rows import read_lines
from coach.cli.inputs import BRAINS
from coach.cli.output import emit, json_option
from coach.errors import InputError
from coach.foreign_data import from_json

_LABEL_KEYS = ("text", "span", "value")


@click.command(name="rewrites", help="Score the truth guard on labelled rewrites (one JSON object per line).")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--brain", type=click.Choice(BRAINS), default=None, help="Accepted for symmetry; invented facts are found by rules."
)
@click.option("--outputs", type=click.Path(path_type=Path), default=None, help="Write what was found, per item.")
@json_option
def rewrites(file: Path, brain: str | None, outputs: Path | None, as_json: bool) -> None:
    """Scores `file`. Offsets are code points into the item's own rewrite, end exclusive."""
    rows = read_rows(file)
    found = [TruthGuard((row["transcript"], row["resume_snippet"])).violations(row["rewrite"]) for row in rows]
    if outputs:
        lines = (json.dumps(_line(row, spans), ensure_ascii=False) for row, spans in zip(rows, found, strict=True))
        write_lines(outputs, lines)
    emit(score(rows, found), as_json=as_json, human=_lines)


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Rows with `id`, `transcript`, `rewrite`; `resume_snippet` and `violations` where given.

    Raises:
        InputError: missing, or a line that is no such object; says which.
    """
    return [_row(file, number, line) for number, line in read_lines(file)]


def _row(file: Path, number: int, line: str) -> dict[str, object]:
    try:
        row = from_json(line)
        labels = row.get("violations")
        return {
            "id": row["id"],
            "transcript": str(row["transcript"]),
            "resume_snippet": str(row.get("resume_snippet") or ""),
            "rewrite": str(row["rewrite"]),
            "violations": None if labels is None else [_label(label) for label in labels],
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{file.name} line {number} is no labelled rewrite.") from error


def _label(label: Any) -> str:
    if isinstance(label, str):
        return label
    return str(next(label[key] for key in _LABEL_KEYS if key in label))


def _line(row: dict[str, object], spans: list[Violation]) -> dict[str, object]:
    violations = [{"start": v.start, "end": v.end, "text": v.text} for v in spans]
    return {"id": row["id"], "rewrite": row["rewrite"], "violations": violations}


def score(rows: list[dict[str, object]], found: list[list[Violation]]) -> dict[str, object]:
    """Precision and recall over labelled spans; a finding counts when it is exactly a label's text, each label once.

    `overlap` counts a finding that shares characters with a label too. Rows without labels are not scored.
    """
    exact = {"hit": 0, "false": 0, "missed": 0}
    overlap = dict(exact)
    wrong: list[object] = []
    for row, spans in zip(rows, found, strict=True):
        if row["violations"] is None:
            continue
        labels = _label_spans(row)
        clean = _count(exact, spans, labels, lambda v, label: (v.start, v.end) == label)
        _count(overlap, spans, labels, lambda v, label: v.start < label[1] and label[0] < v.end)
        if not clean:
            wrong.append(row["id"])
    scored = sum(row["violations"] is not None for row in rows)
    return {"items": scored, **_rates(exact), "overlap": _rates(overlap), "wrong_items": wrong}


def _label_spans(row: dict[str, Any]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for text in row["violations"]:
        at = row["rewrite"].find(text)
        while at >= 0 and (at, at + len(text)) in spans:
            at = row["rewrite"].find(text, at + 1)
        spans.append((at, at + len(text)) if at >= 0 else (-1, -1))
    return spans


def _count(counts: dict[str, int], found: list[Violation], labels: list[tuple[int, int]], same: Any) -> bool:
    open_labels = list(labels)
    false = 0
    for violation in found:
        hit = next((label for label in open_labels if same(violation, label)), None)
        if hit is None:
            false += 1
        else:
            open_labels.remove(hit)
    counts["hit"] += len(labels) - len(open_labels)
    counts["false"] += false
    counts["missed"] += len(open_labels)
    return not false and not open_labels


def _rates(counts: dict[str, int]) -> dict[str, object]:
    hit, false, missed = counts["hit"], counts["false"], counts["missed"]
    return {
        "precision": hit / (hit + false) if hit + false else None,
        "recall": hit / (hit + missed) if hit + missed else None,
        "found": hit,
        "false": false,
        "missed": missed,
    }


def _lines(result: dict[str, Any]) -> str:
    def line(name: str, rates: dict[str, object]) -> str:
        shown = ["-" if rates[key] is None else f"{rates[key]:.2f}" for key in ("precision", "recall")]
        return f"{name:<10}{shown[0]:>9}{shown[1]:>8}{rates['found']:>6}{rates['false']:>6}{rates['missed']:>7}"

    head = f"{result['items']} rewrites\n{'':<10}precision  recall   hit false missed"
    return "\n".join([head, line("exact", result), line("overlap", result["overlap"])])
