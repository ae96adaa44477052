"""`lab export` and `lab import`: datasets and runs for promptfoo and Inspect, and back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coach.cli.output import emit, json_option

if TYPE_CHECKING:
    from coach.lab.interchange.desk import Tool


@click.command()
@click.argument("what")
@click.option("--as", "tool", type=click.Choice(["inspect", "promptfoo"]), required=True, help="Whose format.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder.")
@json_option
def export(what: str, tool: "Tool", folder: Path, as_json: bool) -> None:
    """Write WHAT (a run's id, a dataset's hash, or a JSONL file) for another tool."""
    from coach.bootstrap import services
    from coach.lab.interchange.desk import send

    parts = services()
    model = parts.settings.coach_openai_model
    written = send(parts.lab.workspace, what, tool, folder, default_model=model)
    emit({"files": [str(path) for path in written]}, as_json=as_json, human=lambda d: "\n".join(d["files"]))


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", default="", help="What the dataset is called here.")
@json_option
def import_(files: tuple[Path, ...], name: str, as_json: bool) -> None:
    """Bring in FILES: samples of Inspect, a configuration of promptfoo, or a run that was exported here."""
    from coach.bootstrap import build_lab
    from coach.lab.interchange.desk import take

    found = take(build_lab().workspace, files, name=name)
    emit(
        found,
        as_json=as_json,
        human=lambda d: f"{'Run ' + d.run + ', ' if d.run else ''}{d.answers} answers, frozen as {d.dataset}.",
    )
