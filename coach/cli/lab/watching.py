"""`lab watch`: bundles in use by day, and what became worse."""

from dataclasses import asdict
from typing import Any

import click

from coach.cli.output import emit, json_option


@click.command()
@click.option("--days", type=click.IntRange(1, 366), default=28, show_default=True, help="UTC days, today included.")
@click.option("--tell", is_flag=True, help="Raise and tell what is due now; a running server does this by itself.")
@json_option
def watch(days: int, tell: bool, as_json: bool) -> None:
    """Show scores, guards, latency and cost of the bundles in use by day, and what became worse."""
    from coach.bootstrap import services

    parts = services()
    checked = parts.check_watch(parts.alarm) if tell else None
    found = {
        "days": [asdict(figure) for figure in parts.watch.figures(days=days)],
        "worse": [alarm.model_dump(mode="json") for alarm in parts.watch.worse()],
        "told": checked.model_dump() if checked else None,
    }
    emit(found, as_json=as_json, human=_lines)


def _lines(found: dict[str, Any]) -> str:
    lines = [
        f"{f['day']:%Y-%m-%d}  {f['bundle']:<32} {f['metric']:<15} {f['value']:>10.4g} "
        f"[{f['low']:.4g}, {f['high']:.4g}]  {f['answers']} answers of {f['people']} people"
        for f in found["days"]
    ]
    worse = [f"Worse: {alarm['sentence']}" for alarm in found["worse"]] or ["Nothing became worse."]
    told = found["told"]
    said = [f"{told['raised']} raised, {told['told']} told, {told['failed']} to be tried again"] if told else []
    return "\n".join([*lines, *worse, *said]) if lines else "Nobody practised in this span."
