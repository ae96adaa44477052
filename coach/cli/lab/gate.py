"""`lab gate`: stops a regression, in a pull request as on a desk."""

import asyncio
from pathlib import Path
from typing import Any

import click

from coach.cli.lab.runs import RunProgress
from coach.cli.output import emit, json_option
from coach.errors import StoreError


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write a comment for a pull request.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write JUnit XML for a build server.")
@json_option
@click.pass_context
def gate(ctx: click.Context, experiment: Path, markdown: Path | None, junit: Path | None, as_json: bool) -> None:
    """Run EXPERIMENT.yaml and exit with 1 unless every candidate holds against the baseline."""
    from coach.bootstrap import build_lab
    from coach.lab import gate_files
    from coach.lab.gate import pass_gate
    from coach.lab.runs.workspace import Experiment

    definition = Experiment.load(experiment)
    report = asyncio.run(pass_gate(build_lab(), definition, on_progress=None if as_json else RunProgress()))
    _write(markdown, gate_files.markdown(report))
    _write(junit, gate_files.junit(report))
    emit(report, as_json=as_json, human=_lines)
    if report.verdict != "pass":
        click.echo(report.sentence, err=True)
        ctx.exit(1)


def _write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def _lines(report: Any) -> str:
    rows = [
        f"  {row.status:<10} {row.variant:<24} {row.scorer:<22} {row.difference:+9.3f}  "
        f"[{row.low:+.3f}, {row.high:+.3f}]{f'  {row.reason}' if row.reason else ''}"
        for row in report.scorers
    ]
    return "\n".join([report.sentence, *report.sentences.values(), *rows, *report.notes])
