"""`economics`: what a session costs, which plan earns, how margins move, and the distribution behind the means."""

from collections.abc import Callable
from pathlib import Path

import click

from coach.cli.economics_text import (
    backtest_text,
    commitments_text,
    customers_text,
    forecast_text,
    invoice_text,
    plans_text,
    retention_text,
    sensitivity_text,
    simulation_text,
)
from coach.cli.output import emit, json_option
from coach.economics import retention as kept
from coach.economics.backtest import backtest
from coach.economics.commitments import commitment_months
from coach.economics.customers import cohort_margins, customer_margins, monthly_margins
from coach.economics.forecast import month_forecast
from coach.economics.invoices import compare_invoice, read_invoice
from coach.economics.model import markdown, report
from coach.economics.model.scenario import Applied, Scenario, apply, read_scenario
from coach.economics.money import ZERO_USD
from coach.economics.pricebook import price_book
from coach.store import open_store

Function = Callable[..., object]


def scenario_option(function: Function) -> Function:
    """Adds `--scenario FILE`."""
    return click.option(
        "--scenario",
        "scenario_file",
        type=click.Path(path_type=Path),
        help="What-if: YAML or JSON that changes assumptions, prices or plans.",
    )(function)


@click.group(help="Unit economics: tables as records, every number with its price source.")
def economics() -> None:
    """The group."""


@economics.command(help="Cost of a session and everything that follows from it: the five answers.")
@scenario_option
@json_option
@click.option("--markdown", "as_markdown", is_flag=True, help="The worked tables of docs/economics.md.")
def session(scenario_file: Path | None, as_json: bool, as_markdown: bool) -> None:
    """Prints the session report."""
    result = report.session_report(_applied(scenario_file))
    if as_markdown and not as_json:
        click.echo(markdown.worked_tables(result), nl=False)
    else:
        emit(result, as_json=as_json, human=markdown.worked_tables)


@economics.command(help="Margins of every plan: best, expected, worst; limits, guardrails, break-even.")
@scenario_option
@json_option
def plans(scenario_file: Path | None, as_json: bool) -> None:
    """Prints the plans report."""
    emit(report.plans_report(_applied(scenario_file)), as_json=as_json, human=plans_text)


@economics.command(help="How margins move: tornado, spikes, retries × answer length, break-even retries.")
@scenario_option
@json_option
def sensitivity(scenario_file: Path | None, as_json: bool) -> None:
    """Prints the sensitivity report."""
    emit(report.sensitivity_report(_applied(scenario_file)), as_json=as_json, human=sensitivity_text)


@economics.command(help="Monte Carlo of sessions and months, seeded: p5, p50, p95 and the probability of a loss.")
@scenario_option
@json_option
def simulate(scenario_file: Path | None, as_json: bool) -> None:
    """Prints the simulation report."""
    emit(report.simulation_report(_applied(scenario_file)), as_json=as_json, human=simulation_text)


@economics.command(help="A vendor's invoice (CSV) beside the ledger: the difference per day and meter.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--vendor", required=True, help="Vendor as the ledger names it, e.g. deepgram, openai, liveavatar.")
@json_option
def invoices(file: Path, vendor: str, as_json: bool) -> None:
    """Prints the comparison; what differs comes with its verdict."""
    with open_store() as store:
        rows = compare_invoice(store, vendor, read_invoice(file))
    result = {
        "vendor": vendor,
        "agrees": all(row.verdict == "agrees" for row in rows),
        "invoice_usd": sum((row.invoice_usd for row in rows), ZERO_USD),
        "ledger_usd": sum((row.ledger_usd for row in rows), ZERO_USD),
        "rows": [row.model_dump() for row in rows],
    }
    emit(result, as_json=as_json, human=invoice_text)


@economics.command(help="What this month will have cost at its end, per vendor, with an interval.")
@json_option
def forecast(as_json: bool) -> None:
    """Prints the forecast."""
    with open_store() as store:
        rows = month_forecast(store)
    emit({"forecast": [row.model_dump() for row in rows]}, as_json=as_json, human=forecast_text)


@economics.command(help="What each customer brings and costs, and each cohort; the thinnest margin first.")
@json_option
def customers(as_json: bool) -> None:
    """Prints customers and cohorts."""
    with open_store() as store:
        rows = customer_margins(store, price_book())
    result = {"customers": [r.model_dump() for r in rows], "cohorts": [r.model_dump() for r in cohort_margins(rows)]}
    emit(result, as_json=as_json, human=customers_text)


@economics.command(help="Who comes back month by month, and what a customer brings over their life, with an interval.")
@json_option
def retention(as_json: bool) -> None:
    """Prints cohorts and the lifetime value."""
    with open_store() as store:
        margins = monthly_margins(store, price_book())
    cells, curve = kept.retention(margins, kept.utc_today()), kept.lifetime_value(margins, kept.utc_today())
    result = {
        "retention": [cell.model_dump() | {"share": cell.share} for cell in cells],
        "lifetime_value": [point.model_dump() for point in curve],
    }
    emit(result, as_json=as_json, human=retention_text)


@economics.command("backtest", help="Every plan, changed by a scenario or not, tried on what customers really did.")
@scenario_option
@json_option
def backtest_command(scenario_file: Path | None, as_json: bool) -> None:
    """Prints a row per plan."""
    with open_store() as store:
        rows = backtest(store, _applied(scenario_file))
    emit({"backtest": [row.model_dump() for row in rows]}, as_json=as_json, human=backtest_text)


@economics.command(
    help="What each monthly commitment to a vendor would have cost on the recorded use, unused units included."
)
@json_option
def commitments(as_json: bool) -> None:
    """Prints a row per month and commitment."""
    with open_store() as store:
        rows = commitment_months(store, price_book())
    emit({"commitments": [row.model_dump() for row in rows]}, as_json=as_json, human=commitments_text)


def _applied(path: Path | None) -> Applied:
    return apply(read_scenario(path) if path else Scenario())
