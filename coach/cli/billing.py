"""`billing`: Stripe products and prices from the plan file, the usage outbox, and the comparison of all books."""

from datetime import UTC, datetime
from typing import Any

import click
from pydantic import TypeAdapter

from coach.cli.output import emit, json_option
from coach.economics.billing import catalog, outbox
from coach.economics.billing.differences import Reconciliation
from coach.economics.billing.gateway import BillingGateway
from coach.economics.billing.giving_back import give_back
from coach.economics.billing.reconcile import reconcile
from coach.economics.metering import MeteredStore
from coach.economics.plans import plan_book
from coach.settings import Settings, settings
from coach.store import open_store
from coach.store.repositories import uses as repository_uses

CHANGES = TypeAdapter(list[catalog.Change])
USE_KEYS = ("interview_id", "user_id", "plan_id", "state")
NO_KEY = "not asked: STRIPE_API_KEY is not set"
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")


@click.group(help="Stripe: sync the catalog, flush usage, reconcile the books.")
def billing() -> None:
    """The group."""


@billing.command(help="Create or update products, prices and meters from the plan file; idempotent.")
@dry_run_option
@json_option
def sync(dry_run: bool, as_json: bool) -> None:
    """Prints the difference, and carries it out."""
    gateway = _gateway(settings()) if settings().stripe_api_key or not dry_run else None
    plans = plan_book()
    found = gateway.catalog([meter.event_name for meter in plans.meters]) if gateway else []
    changes = catalog.difference(catalog.wanted(plans), found)
    if gateway and not dry_run:
        changes = [change.model_copy(update={"id": gateway.apply(change)}) for change in changes]
    result = {
        "dry_run": dry_run,
        "stripe": settings().stripe_base_url if gateway else NO_KEY,
        "unchanged": len(catalog.wanted(plans)) - sum(change.action != "archive" for change in changes),
        "changes": CHANGES.dump_python(changes, mode="json"),
    }
    emit(result, as_json=as_json, human=_sync_text)


@billing.command(help="Send recorded usage to Stripe, exactly once.")
@dry_run_option
@json_option
def flush(dry_run: bool, as_json: bool) -> None:
    """Prints what was sent and what waits."""
    with open_store() as store:
        result = outbox.preview(store) if dry_run else outbox.Outbox(store, _gateway(settings())).flush()
    emit({"dry_run": dry_run, **result.model_dump(mode="json")}, as_json=as_json)


@billing.command("reconcile", help="Price what had no price, compare ledger, outbox and Stripe; name each difference.")
@dry_run_option
@json_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First UTC day; default everything.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="First UTC day that is left out.")
def reconcile_command(dry_run: bool, as_json: bool, since: datetime | None, until: datetime | None) -> None:
    """Prints the comparison. Use that now has a price entry is priced first; `--dry-run` leaves that and Stripe out."""
    asked = settings().stripe_api_key is not None and not dry_run
    metered = MeteredStore(settings().database_url)
    with metered:
        priced = 0 if dry_run else metered.price_pending()
        gateway = _gateway(settings()) if asked else None
        result = reconcile(metered, gateway, since=_utc(since), until=_utc(until))
    note = "" if asked else "left out by --dry-run" if dry_run else NO_KEY
    emit(
        {"stripe": note or "compared", "priced_now": priced, **result.model_dump(mode="json")},
        as_json=as_json,
        human=_reconcile_text,
    )


@billing.command("uses", help="Interviews taken from plans, newest first, with the ids that give-back takes.")
@click.option("--user", default="", help="Only this person's.")
@json_option
def uses(user: str, as_json: bool) -> None:
    """Prints what was taken and what was given back."""
    with open_store() as store:
        rows = store.run(repository_uses.taken_interviews, user_id=user or None)
    emit({"uses": rows}, as_json=as_json, human=_uses_text)


@billing.command("give-back", help="Give an interview back after an answer was lost: its credit, and what was billed.")
@click.argument("interview_id")
@json_option
def give_back_command(interview_id: str, as_json: bool) -> None:
    """Prints what was given back; safe to repeat."""
    gateway = _gateway(settings()) if settings().stripe_api_key else None
    with open_store() as store:
        result = give_back(store, interview_id, gateway)
    emit(result.model_dump(mode="json"), as_json=as_json)


def _uses_text(result: dict[str, Any]) -> str:
    lines = [
        f"{row['reserved_at']:%Y-%m-%d %H:%M}  " + "  ".join(row[key] for key in USE_KEYS) for row in result["uses"]
    ]
    return "\n".join(lines) or "No interview was taken from a plan yet."


def _utc(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None


def _gateway(config: Settings) -> BillingGateway:
    from coach.economics.billing.stripe_gateway import StripeGateway

    return StripeGateway(config.stripe_api_key, config.stripe_base_url)


def _sync_text(result: dict[str, Any]) -> str:
    head = f"{len(result['changes'])} changes, {result['unchanged']} unchanged (Stripe: {result['stripe']})"
    lines = [
        f"{change['action']:8} {change['kind']:8} {change['key']}{_fields(change)}" for change in result["changes"]
    ]
    return "\n".join([head, *lines])


def _fields(change: dict[str, Any]) -> str:
    if change["action"] not in ("update", "replace", "restore"):
        return ""
    moved = [f"{name}: {old} → {change['after'].get(name)}" for name, old in change["before"].items()]
    return f"  ({'; '.join(moved)})" if moved else ""


def _reconcile_text(result: dict[str, object]) -> str:
    plain = Reconciliation.model_validate({name: result[name] for name in Reconciliation.model_fields})
    if plain.agrees:
        return f"All books agree ({len(plain.rows)} meters; Stripe {result['stripe']})."
    lines = [
        f"{each.kind}: {each.units} {each.event_name} {each.customer_id} – {each.meaning}" for each in plain.differences
    ]
    return "\n".join(lines)
