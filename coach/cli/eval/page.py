"""`python -m coach.cli.eval.page FOLDER`: scores every labelled set of a folder, writes docs/evaluation.md."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from coach.errors import InputError
from coach.settings import ROOT

PAGE = ROOT / "docs" / "evaluation.md"
_SETS = ("answers", "fillers", "jobs", "rewrites")
_TARGETS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("answers", "Invented numbers in rewrites", "invented_numbers", 0, False),
    ("answers", "Points that cite a span of the transcript", "points_with_evidence", 1.0, True),
    ("jobs", "Labelled skills and competencies found", "all_recall", 0.80, True),
    ("jobs", "Found skills and competencies that are labelled", "all_precision", 0.70, True),
    ("fillers", "Fillers, precision", "precision", 0.90, True),
    ("fillers", "Fillers, recall", "recall", 0.90, True),
    ("rewrites", "Truth guard, precision", "precision", 0.90, True),
    ("rewrites", "Truth guard, recall", "recall", 0.90, True),
)
_LEFT_OUT: tuple[tuple[str, str, float, bool], ...] = (
    ("STAR status, macro-F1 over three classes", "star_macro_f1", 0.72, True),
    ("STAR missing or not, macro-F1", "missing_macro_f1", 0.86, True),
    ("STAR missing or not, accuracy", "missing_accuracy", 0.86, True),
    ("Content, Spearman with the label", "content_spearman", 0.70, True),
    ("Content, mean error in points", "content_mean_error", 1.1, False),
    ("Follow-up asked or not agrees", "follow_up_agreement", 0.80, True),
)
ESTIMATE = ROOT / "data" / "training" / "estimate.json"


def run(folder: Path, name: str) -> dict[str, object]:
    """The report of one set, by the command itself.

    Raises:
        InputError: the command failed.
    """
    command = [sys.executable, "-m", "coach", "eval", name, str(folder / f"{name}.jsonl"), "--json"]
    if name in ("answers", "jobs"):
        command += ["--brain", "offline"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise InputError(f"eval {name} failed: {done.stderr.strip().splitlines()[-1:]}")
    return dict(json.loads(done.stdout))


def figure(report: dict[str, object], path: str) -> object:
    """The value at a dotted path; None when it is not there."""
    value: object = report
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def left_out(estimate: dict[str, Any]) -> list[str]:
    """The offline coach on answers whose writer, or whose theme, had no part in fitting it."""
    writers, themes = estimate["left_out_writers"], estimate["left_out_themes"]
    columns = (writers["all"], writers["lh+lr+lt"], themes["all"])
    rows = [
        f"| {label} | {' | '.join(f'{c[name]:.3f}' for c in columns)} | {'≥' if at_least else '≤'} {target:g} |"
        for label, name, target, at_least in _LEFT_OUT
    ]
    each = [
        f"| {name} | {' | '.join(f'{f[key]:.3f}' if key in f else '-' for _, key, _, _ in _LEFT_OUT)} |"
        for name, f in writers.items()
    ]
    certain = [
        f"| {name} | {v['said']} | {v['right']} | {v['there']} |" for name, v in sorted(estimate["verdicts"].items())
    ]
    return [
        "## The offline coach on writers and themes it has not seen",
        "",
        "Written by `make train ARGS=--estimate`: whole writers, then whole themes, are left out; never random rows.",
        "Content and follow-up are compared on answers labelled 7 or more for fit, which is not judged.",
        "",
        f"| figure | {columns[0]['answers']:.0f}, writers out | {columns[1]['answers']:.0f} by outside writers | "
        "themes out | target |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"| writer | {' | '.join(key for _, key, _, _ in _LEFT_OUT)} |",
        "|---|---|---|---|---|---|---|",
        *each,
        "",
        "What is certain about an answer that is none (rules, written with these rows in view):",
        "",
        "| said | times | right | there |",
        "|---|---|---|---|",
        *certain,
    ]


def page(reports: dict[str, dict[str, Any]]) -> str:
    """The page as Markdown."""
    rows = []
    for name, label, path, target, at_least in _TARGETS:
        value = figure(reports[name], path)
        shown = "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
        rows.append(f"| {name} | {label} | {shown} | {'≥' if at_least else '≤'} {target:g} |")
    spent = reports["answers"]["ms_per_answer"]
    counts = ", ".join(f"{reports[n].get('items', reports[n].get('postings', '?'))} {n}" for n in _SETS)
    return "\n".join(
        [
            "# How right the coach is",
            "",
            "Written by `python -m coach.cli.eval.page FOLDER`; `make eval EVALS=FOLDER` prints the same figures.",
            f"Offline coach, development half of the labelled sets: {counts}.",
            "",
            "| set | figure | measured | target |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Time per answer, whole pipeline, busy machine: median {spent['p50']:.0f} ms, 95 % {spent['p95']:.0f} ms.",
            "",
            *left_out(json.loads(ESTIMATE.read_text(encoding="utf-8"))),
            "",
        ]
    )


def main() -> None:
    """Writes the page."""
    folder = Path(sys.argv[1])
    PAGE.write_text(page({name: run(folder, name) for name in _SETS}), encoding="utf-8")


if __name__ == "__main__":
    main()
