"""`db` and `doctor`: is everything as it should be, and if not, what to do."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from coach.cli import at_rest
from coach.cli.output import emit, json_option
from coach.settings import settings


@click.group(help="The database: upgrade, check, back up, restore, move to another engine.")
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


def _upgraded(result: dict[str, object]) -> str:
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


@db.command(help="Makes a checksummed copy of the database file now, beside a running server too.")
@json_option
def backup(as_json: bool) -> None:
    """Copies into `backups/`."""
    from coach.store import open_store
    from coach.store.engine import copies

    with open_store() as store:
        copy = copies.describe(store.back_up())
    result = {"copy": str(copy.path), "size_bytes": copy.size_bytes, "made_at": copy.made_at, "intact": copy.intact}
    emit(result, as_json=as_json, human=lambda d: f"Copied to {d['copy']} ({d['size_bytes'] / 1e6:.1f} MB).")


@db.command(help="Takes a copy back (the newest intact one); the file that stood before is kept in quarantine/.")
@click.option("--from", "source", type=click.Path(path_type=Path), help="This copy: a file, or its name in backups/.")
@json_option
def restore(source: Path | None, as_json: bool) -> None:
    """Restores, undoably."""
    from coach.store import open_store
    from coach.store.maintenance.deleted_since import leave_out
    from coach.store.maintenance.turning import forget_destroyed

    with open_store() as store:
        restored = store.restore(source)
        left_out = leave_out(store, restored)
        gone = forget_destroyed(store)
    since = {"people_deleted_since": len(gone) + left_out.people, "sessions_deleted_since": left_out.sessions}
    result = asdict(restored) | since
    if not Path(restored.set_aside or "-").exists():  # it held what had to go
        result["set_aside"] = ""
    emit(result, as_json=as_json, human=_restored)


def _restored(result: dict[str, object]) -> str:
    lines = [f"The database is as it was at {result['made_at']:%Y-%m-%d %H:%M} UTC ({result['copy']})."]
    if not result["checked"]:
        lines.append("That file had no checksum; it was opened and read.")
    if result["people_deleted_since"]:
        lines.append(f"{result['people_deleted_since']} people were deleted since and are left out.")
    if result["sessions_deleted_since"]:
        lines.append(f"{result['sessions_deleted_since']} sessions were deleted since and are left out.")
    if result["set_aside"]:
        lines.append(f"Undo: python -m coach db restore --from {result['set_aside']}")
    return "\n".join(lines)


@db.command(help="Copies everything from one database into another, empty one; verified by counts and checksums.")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
def copy(source: str, target: str, as_json: bool) -> None:
    """FROM and TO are database URLs or paths of DuckDB files."""
    from coach.store.maintenance.transfer import transfer

    copied = transfer(_url(source), _url(target))
    emit(
        copied,
        as_json=as_json,
        human=lambda c: "\n".join(f"{t['rows']:>8}  {t['table']:<26} {t['checksum'][:12]}" for t in c["tables"]),
    )


def _url(text: str) -> str:
    return text if "://" in text else f"duckdb:///{Path(text).absolute()}"


for command in (at_rest.encrypt, at_rest.decrypt, at_rest.rotate_key):
    db.add_command(command)


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
