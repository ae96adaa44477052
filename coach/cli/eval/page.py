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
    ("answers", "STAR status, macro-F1 over three classes", "star.macro_f1", 0.75, True),
    ("answers", "STAR missing or not, accuracy", "star.missing_or_not_accuracy", 0.85, True),
    ("answers", "STAR missing or not, macro-F1", "star.missing_or_not_macro_f1", 0.85, True),
    ("answers", "Off-topic pairings against relevance of 7 or more, AUC", "relevance.off_topic_auc", 0.90, True),
    ("answers", "Relevance, Spearman with the label", "relevance.spearman", 0.60, True),
    ("answers", "Content, Spearman with the label", "content_spearman", 0.70, True),
    ("answers", "Follow-up type agrees", "follow_up.type_agreement", 0.80, True),
    ("answers", "Invented numbers in rewrites", "invented_numbers", 0, False),
    ("answers", "Points that cite a span of the transcript", "points_with_evidence", 1.0, True),
    ("jobs", "Labelled skills and competencies found", "all_recall", 0.80, True),
    ("jobs", "Found skills and competencies that are labelled", "all_precision", 0.70, True),
    ("fillers", "Fillers, precision", "precision", 0.90, True),
    ("fillers", "Fillers, recall", "recall", 0.90, True),
    ("rewrites", "Truth guard, precision", "precision", 0.90, True),
    ("rewrites", "Truth guard, recall", "recall", 0.90, True),
)


def run(folder: Path, name: str) -> dict[str, Any]:
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


def figure(report: dict[str, Any], path: str) -> Any:
    """The value at a dotted path; None when it is not there."""
    value: Any = report
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


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
            "The coefficients of the offline coach were fitted on this half together with texts of our own, so its",
            "figures for answers are *training* figures. What to expect on unseen answers is the cross-validation in",
            "[offline-coach.md](offline-coach.md#what-to-expect-on-unseen-answers).",
            "",
        ]
    )


def main() -> None:
    """Writes the page."""
    folder = Path(sys.argv[1])
    PAGE.write_text(page({name: run(folder, name) for name in _SETS}), encoding="utf-8")


if __name__ == "__main__":
    main()
