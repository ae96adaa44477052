"""`db` and `doctor`: is everything as it should be, and if not, what to do."""

from dataclasses import asdict
from typing import Any

import click

from coach.cli.output import emit, json_option
from coach.settings import settings


@click.group(help="The database: upgrade, check.")
def db() -> None:
    """The group of database commands."""


@db.command(help="Brings the tables to this program's version; a copy is made before.")
@json_option
def upgrade(as_json: bool) -> None:
    """Runs the missing migrations."""
    from coach.store import open_store

    with open_store() as store:
        before, after = store.upgrade()
        where = store.database.where
    result = {"database": where, "before": before, "after": after, "changed": before != after}
    emit(result, as_json=as_json, human=_upgraded)


def _upgraded(result: dict[str, Any]) -> str:
    if not result["changed"]:
        return f"The database is at version {result['after']} already."
    return f"The database is at version {result['after']} now (before: {result['before'] or 'none'})."


@db.command(help="Is the database current and sound; exit 1 when not.")
@json_option
def check(as_json: bool) -> None:
    """Looks, changes nothing."""
    from coach.store import open_store
    from coach.store.maintenance.health import check_database

    with open_store() as store:
        health = check_database(store)
    emit(asdict(health) | {"ok": health.ok}, as_json=as_json, human=lambda _: health.sentence)
    if not health.ok:
        raise click.exceptions.Exit(1)


@click.command(help="What is configured, reachable, missing, and how to mend it; exit 1 when something set is refused.")
@json_option
def doctor(as_json: bool) -> None:
    """Examines settings, storage and vendors."""
    from coach.cli.diagnosis import examine

    findings = examine(settings())
    failed = any(finding.status == "failed" for finding in findings)
    result = {"ok": not failed, "checks": [asdict(finding) for finding in findings]}
    emit(result, as_json=as_json, human=_report)
    if failed:
        raise click.exceptions.Exit(1)


_MARKS = {"ok": "✓", "off": "·", "warning": "!", "failed": "✗"}


def _report(result: dict[str, Any]) -> str:
    lines = []
    for item in result["checks"]:
        lines.append(f"{_MARKS[item['status']]} {item['name']:<14} {item['detail']}")
        if item["mend"]:
            lines.append(f"  {'':<14} → {item['mend']}")
    return "\n".join(lines)
