"""`economics`: what a session costs, which plan earns, how margins move, and the distribution behind the means."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from coach.cli.output import emit, json_option
from coach.economics.model import markdown, report
from coach.economics.model.scenario import Applied, Scenario, apply, read_scenario

Function = Callable[..., Any]


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
    emit(report.plans_report(_applied(scenario_file)), as_json=as_json, human=_plans_text)


@economics.command(help="How margins move: tornado, spikes, retries × answer length, break-even retries.")
@scenario_option
@json_option
def sensitivity(scenario_file: Path | None, as_json: bool) -> None:
    """Prints the sensitivity report."""
    emit(report.sensitivity_report(_applied(scenario_file)), as_json=as_json, human=_sensitivity_text)


@economics.command(help="Monte Carlo of sessions and months, seeded: p5, p50, p95 and the probability of a loss.")
@scenario_option
@json_option
def simulate(scenario_file: Path | None, as_json: bool) -> None:
    """Prints the simulation report."""
    emit(report.simulation_report(_applied(scenario_file)), as_json=as_json, human=_simulation_text)


def _applied(path: Path | None) -> Applied:
    return apply(read_scenario(path) if path else Scenario())


def _plans_text(result: dict[str, Any]) -> str:
    rows = [
        [
            row["name"],
            row["case"],
            f"{row['interviews']:.1f}",
            f"{row['vendor_cost_usd']:.2f}",
            f"{row['margin_usd']:.2f}",
        ]
        for row in result["plans"]
    ]
    return markdown.table(["plan", "case", "interviews", "vendors USD", "margin USD"], rows)


def _sensitivity_text(result: dict[str, Any]) -> str:
    rows = [
        [
            row["plan"],
            row["input"],
            row["low"],
            row["high"],
            f"{row['margin_low_usd']:.2f}",
            f"{row['margin_high_usd']:.2f}",
        ]
        for row in result["tornado"]
    ]
    return markdown.table(["plan", "input", "low", "high", "margin at low", "margin at high"], rows)


def _simulation_text(result: dict[str, Any]) -> str:
    rows = [
        [
            row["plan"],
            *(f"{row[f'margin_{key}_usd']:.2f}" for key in ("p5", "p50", "p95")),
            f"{row['probability_of_loss']:.1%}",
        ]
        for row in result["plans"]
    ]
    return markdown.table(["plan", "margin p5", "p50", "p95", "loss"], rows)
