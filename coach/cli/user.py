"""`user`: people, their organisations and roles, and everything of theirs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from coach.cli.output import emit, json_option
from coach.cli.patience import confirm
from coach.contracts.people import Role
from coach.errors import InputError


@click.group(help="People: list, invite, give roles, export or delete everything of one, confirm a deletion.")
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
        confirm(f"Delete everything of {user_id} for good?")
    if receipt:
        _require_writable(receipt)
    parts = build_services()
    try:
        done = parts.delete_person(user_id)
    finally:
        parts.store.close()
    if receipt:
        receipt.write_text(done.model_dump_json(indent=2) + "\n", "utf8")
    emit(done.model_dump(mode="json"), as_json=as_json, human=_deleted)


def _require_writable(receipt: Path) -> None:
    """Looked at before: what is deleted cannot be deleted again for a receipt."""
    try:
        with receipt.open("a", encoding="utf8"):
            return
    except OSError as error:
        raise InputError(
            f"The receipt cannot be written to {receipt} ({error.strerror}); nothing was deleted.",
            mend="Give another file.",
        ) from error


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


@user.command(help="A link that makes whoever opens it a member of an organisation, once.")
@click.option("--organisation", required=True, help="Its name; made where there is none.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="What they will be.")
@click.option("--days", default=7, show_default=True, help="How long the link lives.")
@click.option("--base-url", default="http://localhost:8501", show_default=True, help="Where people reach this server.")
@json_option
def invite(organisation: str, role: str, days: int, base_url: str, as_json: bool) -> None:
    """Makes an invitation and prints its link, which is told here and never again."""
    from coach.store import open_store
    from coach.store.repositories import invitations, membership

    now = datetime.now(UTC)
    with open_store() as store:
        place = store.run(membership.organisation_named, organisation, now)
        made, secret = store.run(invitations.invite, place.id, Role(role), now, days=days)
    link = f"{base_url.rstrip('/')}/join/{secret}"
    result = {**made.model_dump(mode="json", exclude={"used_at", "used_by", "revoked_at"}), "link": link}
    emit(
        result,
        as_json=as_json,
        human=lambda r: f"{r['link']}\nGood for one person until {r['expires_at'][:10]}; it is not shown again.",
    )


@user.command("role", help="Gives a person a role in an organisation, or takes it (--take).")
@click.argument("user_id", metavar="ID")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--organisation", required=True, help="Its name.")
@click.option("--take", is_flag=True, help="Take the role instead.")
@json_option
def role_(user_id: str, role: str, organisation: str, take: bool, as_json: bool) -> None:
    """Changes a role."""
    from coach.store import open_store
    from coach.store.repositories import membership

    now = datetime.now(UTC)
    with open_store() as store:
        place = _place_named(store, organisation)
        change = membership.take_role if take else membership.give_role
        store.run(change, user_id, place, Role(role), now)
        roles = [row["role"] for row in store.run(membership.members, place) if row["person_id"] == user_id]
    result = {"id": user_id, "organisation_id": place, "roles": roles}
    emit(result, as_json=as_json, human=lambda r: f"{r['id']}: {', '.join(r['roles']) or 'no role any more'}")


def _place_named(store: Any, name: str) -> str:
    from coach.store.repositories import membership

    known = {str(row["name"]): str(row["id"]) for row in store.run(membership.organisations_of)}
    if name not in known:
        raise InputError("There is no such organisation.", mend="`python -m coach user members` shows them.")
    return known[name]


@user.command(help="Who is what in which organisation, and who gave whose word to be seen by coaches.")
@json_option
def members(as_json: bool) -> None:
    """Prints memberships and consents that stand."""
    from coach.store import open_store
    from coach.store.repositories import membership

    with open_store() as store:
        places = store.run(membership.organisations_of)
        rows = store.run(membership.members)
        people = {row["person_id"] for row in rows}
        said = [word for person in sorted(people) for word in store.run(membership.consents_of, person)]
    emit(
        {"organisations": places, "members": rows, "consents": [word.model_dump(mode="json") for word in said]},
        as_json=as_json,
        human=_member_lines,
    )


def _member_lines(result: dict[str, Any]) -> str:
    if not result["organisations"]:
        return "No organisation yet. `python -m coach user invite --organisation NAME --role operator` makes one."
    seen = {(word["person_id"], word["organisation_id"]) for word in result["consents"] if word["revoked_at"] is None}
    lines = [
        f"{row['organisation']}  {row['role']}  {row['person_id']}  {row['name']}"
        + ("  (seen by coaches)" if (row["person_id"], row["organisation_id"]) in seen else "")
        for row in result["members"]
    ]
    return "\n".join(lines) or "No members yet: invitations are open."
