"""`budget list|add|remove|check`: what may be spent in a day or month before somebody is told."""

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import click

from coach.bootstrap import services
from coach.cli.output import emit, json_option
from coach.errors import UsageError


@click.group(help="Budgets: be told at 80 % and 100 % of what may be spent in a day or month.")
def budget() -> None:
    """The group."""


@budget.command("list", help="Every budget, and how much of it is used in the present period.")
@json_option
def list_budgets(as_json: bool) -> None:
    """Prints them."""
    found = [asdict(each) | {"user_id": user, "spent_usd": usd} for each, user, usd in services().budgets.standing()]
    emit({"budgets": found}, as_json=as_json, human=_lines)


@budget.command(help="Add one: `budget add 25 --period day --email you@example.org`.")
@click.argument("usd")
@click.option("--scope", type=click.Choice(["all", "customer"]), default="all", help="All together, or each customer.")
@click.option("--period", type=click.Choice(["day", "month"]), default="day", help="UTC day or month.")
@click.option("--email", default="", help="Who is told by mail (COACH_SMTP_URL).")
@click.option("--webhook", default="", help="Address a JSON message is posted to.")
@json_option
def add(
    usd: str,
    scope: Literal["all", "customer"],
    period: Literal["day", "month"],
    email: str,
    webhook: str,
    as_json: bool,
) -> None:
    """Prints the new budget."""
    try:
        amount = Decimal(usd.removeprefix("$"))
    except InvalidOperation as error:
        raise UsageError(f"'{usd}' is no amount.") from error
    made = services().budgets.add(scope, period, amount, email=email, webhook=webhook)
    emit(asdict(made), as_json=as_json, human=lambda d: f"{d['id']}  ${d['usd']} a {d['period']}")


@budget.command(help="Take one away.")
@click.argument("budget_id")
@json_option
def remove(budget_id: str, as_json: bool) -> None:
    """Prints what went."""
    services().budgets.remove(budget_id)
    emit({"removed": budget_id}, as_json=as_json, human=lambda d: f"Removed {d['removed']}.")


@budget.command(help="Raise and tell what is due now; a running server does this every minute.")
@json_option
def check(as_json: bool) -> None:
    """Prints how many alerts were raised, told and not told."""
    done = services().check_budgets()
    emit(
        done,
        as_json=as_json,
        human=lambda d: f"{d['raised']} raised, {d['told']} told, {d['failed']} to be tried again",
    )


def _lines(result: dict[str, Any]) -> str:
    lines = [
        f"{b['id']}  {b['scope']:8} ${b['spent_usd']:.2f} of ${b['usd']:.2f} a {b['period']}  "
        f"{b['email'] or b['webhook'] or 'Operations page'}{'  most: ' + b['user_id'] if b['user_id'] else ''}"
        for b in result["budgets"]
    ]
    return "\n".join(lines) or "No budget yet. Add one: `budget add 25 --period day --email you@example.org`."
