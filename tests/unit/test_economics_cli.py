"""The commands print what the page shows, the docs hold it, and errors are one line."""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from coach import settings as settings_module
from coach.cli.billing import billing
from coach.cli.budgets import budget
from coach.cli.economics import economics
from coach.contracts.usage import UsageEvent
from coach.economics.metering import MeteredStore
from coach.economics.model import markdown, report
from coach.economics.model.scenario import Scenario, apply
from coach.economics.plans import plan_book
from coach.economics.pricebook import PriceBook
from coach.settings import load_settings
from coach.store.repositories import interviews
from tests import forks

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "economics.md"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("STRIPE_", "COACH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COACH_HOME", str(tmp_path))
    settings_module.settings.cache_clear()
    yield
    settings_module.settings.cache_clear()


def run(group, *arguments: str):
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_docs_hold_the_tables_the_command_prints():
    held = DOC.read_text("utf8").split("--markdown -->\n")[1].split("<!-- end of tables -->")[0].strip()
    applied = apply(Scenario())
    assert held == markdown.worked_tables(report.session_report(applied)).strip(), (
        "run: python -m coach economics session --markdown"
    )


def test_session_answers_all_five_questions_with_sources():
    answers = run(economics, "session", "--json")
    shapes = {row["case"]: row for row in answers["session"]}
    assert (shapes["expected"]["questions"], shapes["expected"]["retries"]) == (3, 1)
    assert (shapes["worst"]["questions"], shapes["worst"]["follow_ups"], shapes["worst"]["answer_s"]) == (5, 5, 180)
    costs = [float(shapes[case]["cost_usd"]) for case in ("best", "expected", "worst")]
    assert costs == sorted(costs) and costs[0] > 0
    for name in (
        "assumptions",
        "costs",
        "plans",
        "limits",
        "guardrails",
        "metering",
        "sensitivity",
        "break_even",
        "prices",
    ):
        assert answers[name], name
    assert {row["part"] for row in answers["costs"]} == {"speech", "model", "voice", "avatar"}
    assert all("@" in row["price_source"] and row["retrieved_on"] for row in answers["costs"])
    assert answers["taxes"] == "excluded"


def test_a_scenario_file_changes_what_it_names(tmp_path):
    path = tmp_path / "heavy.yaml"
    path.write_text("name: Heavy\nassumptions: {retries: 4}\nsessions: 5000\n")
    heavy = run(economics, "simulate", "--scenario", str(path), "--json")
    plans = run(economics, "plans", "--json")
    assert heavy["scenario"]["name"] == "Heavy" and heavy["session"]["sessions"] == 5000
    assert heavy["session"]["sum_of_parts_usd"] == heavy["session"]["total_usd"]
    assert [row["plan"] for row in heavy["plans"]] == [plan.id for plan in plan_book().plans]
    assert {row["case"] for row in plans["plans"]} == {"best", "expected", "worst"}


def test_sensitivity_prints_tornado_spikes_and_heat_map():
    answers = run(economics, "sensitivity", "--json")
    assert answers["tornado"] and answers["spikes"] and len(answers["heat_map"]) == 6 * 11 * 11


def test_sync_without_a_key_shows_what_would_be_created():
    result = run(billing, "sync", "--dry-run", "--json")
    assert result["dry_run"] and "STRIPE_API_KEY" in result["stripe"]
    assert {change["action"] for change in result["changes"]} == {"create"} and result["unchanged"] == 0


def test_flush_and_reconcile_look_without_a_key():
    assert run(billing, "flush", "--dry-run", "--json")["queued"] == 0
    assert run(billing, "reconcile", "--json")["agrees"] is True


def test_reconcile_prices_what_had_no_price():
    event = UsageEvent(
        event_id="late",
        vendor="openai",
        meter="gpt-6-luna.output",
        quantity=Decimal(1000),
        unit="token",
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    with MeteredStore(load_settings().database_url, book=PriceBook([])) as store:
        store.run(interviews.add_usage, [event])
    looked = run(billing, "reconcile", "--dry-run", "--json")
    assert (looked["priced_now"], [each["kind"] for each in looked["differences"]]) == (0, ["unpriced"])
    done = run(billing, "reconcile", "--json")
    assert done["priced_now"] == 1 and done["agrees"]


def test_a_budget_is_added_listed_checked_and_removed():
    made = run(budget, "add", "5", "--scope", "customer", "--period", "month", "--json")
    assert [each["id"] for each in run(budget, "list", "--json")["budgets"]] == [made["id"]]
    assert run(budget, "check", "--json") == {"raised": 0, "told": 0, "failed": 0}
    run(budget, "remove", made["id"], "--json")
    assert run(budget, "list", "--json")["budgets"] == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["billing", "sync"], 1, "STRIPE_API_KEY"),
        (["economics", "session", "--scenario", "none.yaml"], 1, "none.yaml"),
        (["economics", "session", "--scenario", "bad.yaml"], 1, "luck"),
    ],
)
def test_errors_are_one_clear_line(tmp_path, arguments, status, words):
    (tmp_path / "bad.yaml").write_text("assumptions: {luck: 7}")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = forks.run(["-m", "coach", *arguments], cwd=tmp_path, env=env)
    assert done.returncode == status and words in done.stderr and "Traceback" not in done.stderr
