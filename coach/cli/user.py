"""`user`: people, and everything of theirs."""

from pathlib import Path
from typing import Any

import click

from coach.cli.output import emit, json_option
from coach.errors import InputError


@click.group(help="People: list, export everything of one, delete everything of one, confirm a deletion.")
def user() -> None:
    """The group of commands on people."""


@user.command("list", help="Everybody with the number of their sessions and answers.")
@json_option
def list_(as_json: bool) -> None:
    """Prints everybody."""
    from coach.store import open_store
    from coach.store.repositories import people

    with open_store() as store:
        emit({"users": store.run(people.listed)}, as_json=as_json, human=_lines)


def _lines(result: dict[str, Any]) -> str:
    if not result["users"]:
        return "Nobody yet. The first answer makes the first person."
    return "\n".join(
        f"{row['id']}  {row['name']}  {row['sessions']} sessions, {row['attempts']} answers" for row in result["users"]
    )


@user.command(help="Everything of a person as a zip: JSON, Markdown, recordings.")
@click.argument("user_id", metavar="ID")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="FILE.zip")
@json_option
def export(user_id: str, target: Path, as_json: bool) -> None:
    """Writes the zip."""
    from coach.bootstrap import build_services

    parts = build_services()
    try:
        done = parts.export_person(user_id, target)
    finally:
        parts.store.close()
    emit(
        done.model_dump(),
        as_json=as_json,
        human=lambda d: (
            f"{d['file']}: {d['interviews']} interviews, {d['audio_files']} recordings, {d['stories']} stories"
        ),
    )


@user.command(help="Deletes everything of a person for good, copies of the database included; gives a receipt.")
@click.argument("user_id", metavar="ID")
@click.option("--receipt", type=click.Path(path_type=Path, dir_okay=False), help="Also write the receipt to this file.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(user_id: str, receipt: Path | None, yes: bool, as_json: bool) -> None:
    """Deletes one person."""
    from coach.bootstrap import build_services

    if not yes and not as_json:
        click.confirm(f"Delete everything of {user_id} for good?", abort=True, err=True)
    parts = build_services()
    try:
        done = parts.delete_person(user_id)
    finally:
        parts.store.close()
    if receipt:
        receipt.write_text(done.model_dump_json(indent=2) + "\n", "utf8")
    emit(done.model_dump(mode="json"), as_json=as_json, human=_deleted)


def _deleted(receipt: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in receipt["counts"].items())
    kept = "\n".join(f"  {line}" for line in receipt["kept"])
    return (
        f"Deleted: {counts or 'nothing was there'}.\n{receipt['backups']}\nWhat stays:\n{kept}\nReceipt {receipt['id']}"
    )


@user.command("receipt", help="Confirms a deletion receipt: is it whole, and does the ledger know it?")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def receipt(file: Path, as_json: bool) -> None:
    """Checks a receipt."""
    from coach.store import open_store
    from coach.store.maintenance.person import confirm

    try:
        text = file.read_text("utf8")
    except UnicodeDecodeError as error:
        raise InputError("That is not a deletion receipt.") from error
    with open_store() as store:
        found = confirm(store, text)
    emit(
        found.model_dump(mode="json"),
        as_json=as_json,
        human=lambda r: f"Confirmed: deleted on {r['deleted_at'][:10]}, and the ledger knows it.",
    )
