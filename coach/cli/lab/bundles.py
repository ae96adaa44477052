"""`lab bundles|create|diff|promote|rollback`: what decides how the coach judges, and which is in force."""

import click

from coach.cli.output import emit, json_option


@click.command()
@json_option
def bundles(as_json: bool) -> None:
    """List prompt bundles; the one in force is marked."""
    from coach.bootstrap import build_lab
    from coach.brain.prompts.bundle import PromptBundle, available

    service = build_lab()
    active = service.promotions.active().label
    found = [
        {"name": b.name, "version": b.version, "hash": b.hash, "idea": b.idea, "active": b.label == active}
        for b in map(PromptBundle.load, available())
    ]
    lines = [f"{'*' if b['active'] else ' '} {b['name']}  {b['version']}  {b['hash']}  {b['idea']}" for b in found]
    emit({"bundles": found, "active": active}, as_json=as_json, human=lambda _: "\n".join(lines))


@click.command()
@click.argument("name")
@click.option("--from", "source", required=True, help="The bundle to start from.")
@click.option("--idea", required=True, help="What it tries, in a sentence.")
@json_option
def create(name: str, source: str, idea: str, as_json: bool) -> None:
    """Make bundle NAME from another."""
    from coach.lab import bundles as shelf

    made = shelf.create(name, source=source, idea=idea)
    result = {"name": made.name, "hash": made.hash, "from": source}
    emit(result, as_json=as_json, human=lambda d: f"Edit data/prompts/{d['name']}, then compare it with {d['from']}.")


@click.command()
@click.argument("bundle_a")
@click.argument("bundle_b")
@json_option
def diff(bundle_a: str, bundle_b: str, as_json: bool) -> None:
    """Show what differs between two bundles."""
    from coach.brain.prompts.bundle import PromptBundle
    from coach.views.lab import bundle_diff

    text = bundle_diff(PromptBundle.load(bundle_a), PromptBundle.load(bundle_b))
    emit({"diff": text}, as_json=as_json, human=lambda d: d["diff"] or "No difference.")


@click.command()
@click.argument("bundle")
@click.option("--reason", default="promoted from the command line", help="Why this bundle is better.")
@click.option("--run", default="", help="The run that says so; without it the newest ones are asked.")
@click.option("--override", is_flag=True, help="Put it in force without a verdict that says so; kept on record.")
@json_option
def promote(bundle: str, reason: str, run: str, override: bool, as_json: bool) -> None:
    """Put BUNDLE in force for live interviews."""
    from coach.bootstrap import build_lab

    service = build_lab()
    made = service.promotions.promote(bundle, reason, evidence=service.evidence(bundle, run=run), override=override)
    against = " against the verdict" if made["override"] else ""
    emit(made, as_json=as_json, human=lambda d: f"{d['bundle']} {d['version']} is in force{against}.")


@click.command()
@click.option("--reason", default="", help="What went wrong.")
@click.option("--undo", is_flag=True, help="Put back what the last rollback took away.")
@json_option
def rollback(reason: str, undo: bool, as_json: bool) -> None:
    """Put the bundle before the present one back in force; once more, the one before that. --undo goes forward."""
    from coach.bootstrap import build_lab

    promotions = build_lab().promotions
    emit(
        promotions.put_back(reason) if undo else promotions.roll_back(reason),
        as_json=as_json,
        human=lambda d: f"{d['bundle']} {d['version']} is in force again.",
    )
