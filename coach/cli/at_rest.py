"""`db encrypt`, `db decrypt`, `db rotate-key`: what people say and write, at rest."""

from collections.abc import Mapping

import click

from coach.cli.output import emit, json_option
from coach.cli.patience import confirm


@click.command(help="Seals what was stored before COACH_ENCRYPTION_KEY was set; repeatable, also after a kill.")
@json_option
def encrypt(as_json: bool) -> None:
    """Rows, recordings, the lab's files; then the copies are made anew."""
    from coach.bootstrap import build_services
    from coach.bootstrap.at_rest import turn

    parts = build_services()
    try:
        done = turn(parts, sealed=True, tell=_tell)
    finally:
        parts.store.close()
    emit(done.model_dump(), as_json=as_json, human=lambda d: f"Sealed: {_counted(d)}.")


@click.command(
    help="Opens everything again, so that COACH_ENCRYPTION_KEY can be taken out; refused while a server runs."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def decrypt(yes: bool, as_json: bool) -> None:
    """The reverse of `encrypt`; the keys are destroyed at its end."""
    from coach.bootstrap import build_services
    from coach.bootstrap.at_rest import keys_of, turn
    from coach.vault.mounting import unmark

    if not yes and not as_json:
        confirm("Store what people say and write in plain form?")
    parts = build_services()
    try:
        keys = keys_of(parts)
        done = turn(parts, sealed=False, tell=_tell)
    finally:
        parts.store.close()
    unmark(parts.settings, keys)
    emit(done.model_dump(), as_json=as_json, human=lambda d: f"Opened: {_counted(d)}. Take the key out now.")


@click.command("rotate-key", help="Wraps every key by the first of COACH_ENCRYPTION_KEY=NEW,OLD; repeatable.")
@json_option
def rotate_key(as_json: bool) -> None:
    """Nothing is sealed anew: people's own keys stay, what wraps them is replaced."""
    from coach.bootstrap.at_rest import keys_of
    from coach.bootstrap.store import StoreParts
    from coach.settings import settings

    done = keys_of(StoreParts(settings())).rotate()
    result = {"rewrapped": done.rewrapped, "already": done.already}
    emit(result, as_json=as_json, human=_rotated)


def _rotated(result: dict[str, object]) -> str:
    return (
        f"{result['rewrapped']} keys wrapped anew, {result['already']} were already. "
        "COACH_ENCRYPTION_KEY needs its first key alone now; restart servers with it."
    )


def _tell(what: str) -> None:
    click.echo(f"{what} …", err=True)


def _counted(done: Mapping[str, object]) -> str:
    return (
        f"{done['rows']} rows, {done['recordings']} recordings, {done['unfinished']} unfinished ones, "
        f"{done['waiting_facts']} waiting facts, {done['lab_files']} files of the lab"
    )
