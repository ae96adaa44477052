"""Unit economics as frames: the same records as the command line, ready for pages and notebooks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from coach.contracts.base import Record
from coach.economics.budgets import Budget
from coach.economics.model import report, report_records
from coach.economics.model.assumptions import Assumptions, assumptions
from coach.economics.model.fitting import fit
from coach.economics.model.margins import plan_case
from coach.economics.model.scenario import Applied, Scenario
from coach.economics.model.simulation import Draws, Months, draw_sessions, simulate_plan
from coach.economics.money import format_usd
from coach.economics.plans import Plan
from coach.economics.retention import RetentionCell
from coach.errors import InputError
from coach.store import SqlStore
from coach.store.repositories import billing, recorded_use
from coach.views.csv_text import as_csv

Records = list[dict[str, Any]]
BASE = Scenario().name


def frame(records: Records) -> pd.DataFrame:
    """Records as a frame with plain numbers, for charts and tables."""
    return pd.DataFrame([{key: _plain(value) for key, value in record.items()} for record in records])


def rows_of(records: Sequence[Record]) -> Records:
    """Records as rows; the share of a cohort that came back stands beside its counts."""
    return [r.model_dump() | ({"share": r.share} if isinstance(r, RetentionCell) else {}) for r in records]


def records_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Records as a frame with plain numbers."""
    return frame(rows_of(records))


def budget_frame(rows: Sequence[tuple[Budget, str, Decimal]]) -> pd.DataFrame:
    """Budgets with who used most of each in its present period; shares are cut at 1."""
    return pd.DataFrame(
        [
            {
                "for": "each customer" if budget.scope == "customer" else "all together",
                "period": f"a {budget.period}",
                "budget": float(budget.usd),
                "spent": float(usd),
                "used": min(1.0, float(usd / budget.usd)),
                "most used by": user or "–",
                "told": budget.email or budget.webhook or "on Operations",
            }
            for budget, user, usd in rows
        ]
    )


def csv(records: Records) -> str:
    """Records as CSV with exact decimals; lists joined by `; `; what a spreadsheet would compute is marked as text."""
    rows = [
        {key: "; ".join(map(str, v)) if isinstance(v, list | tuple) else v for key, v in r.items()} for r in records
    ]
    return as_csv(pd.DataFrame(rows))


def fitted_assumptions(store: SqlStore, *, with_samples: bool = False) -> Assumptions:
    """Shipped assumptions, replaced where enough attempts are recorded."""
    return fit(assumptions(), store.run(recorded_use.recorded_facts, with_samples=with_samples))


def headline(applied: Applied) -> dict[str, Any]:
    """The figures on top of the page: cost of a session in three cases, the largest part, the narrowest margins."""
    market = applied.market
    shape = {row["case"]: row["cost_usd"] for row in report.session_shape(applied)}
    parts = [
        row for row in report_records.part_records(applied) if row["case"] == "expected" and row["part"] != "total"
    ]
    largest = max(parts, key=lambda row: row["cost_usd"])
    sold = [plan for plan in applied.plans.plans if plan.price]
    expected = min((plan_case(plan, "expected", market) for plan in sold), key=lambda row: row.margin or 0)
    worst = min((plan_case(plan, "worst", market) for plan in sold), key=lambda row: row.margin or 0)
    return {"session": shape, "largest": largest, "expected": expected, "worst": worst}


def plan_frame(applied: Applied, beside: Applied | None = None) -> pd.DataFrame:
    """One row per plan: price, interviews, best, expected and worst margin; the change against another scenario."""
    table = frame(report_records.plan_records(applied))
    margins = table.pivot(index="plan", columns="case", values="margin")[["best", "expected", "worst"]]
    money = table[table["case"] == "expected"].set_index("plan")[
        ["name", "price_usd", "interviews", "revenue_usd", "stripe_fee_usd", "vendor_cost_usd", "margin_usd"]
    ]
    joined = money.join(margins).reindex([plan.id for plan in applied.plans.plans])
    if beside is not None:
        other = frame(report_records.plan_records(beside))
        joined["change_usd"] = joined["margin_usd"] - other[other["case"] == "expected"].set_index("plan")["margin_usd"]
    return joined.reset_index()


def limit_frame(applied: Applied) -> pd.DataFrame:
    """One row per plan: each limit as configured and the largest the worst case allows; guardrails beside them."""
    names = {plan.id: plan.name for plan in applied.plans.plans}
    checks = {(row["plan"], row["limit"]): row for row in report_records.limit_records(applied)}
    rows = []
    for rail in report_records.guardrail_records(applied):
        row = {"plan": names[rail["plan"]]}
        for limit in ("interviews", "retries_per_interview", "avatar_minutes"):
            check = checks.get((rail["plan"], limit))
            row[limit] = f"{rail[limit]} of {check['recommended']}" if check else f"{rail[limit]}"
        row |= {
            "told_at": rail["soft_cap_at"],
            "lighter_after": rail["throttled_after"],
            "offer_at": rail["hard_cap_at"],
            "extra_retry": money(rail["overage_retry_usd"]) if rail["overage_retry_usd"] else "–",
        }
        rows.append(row)
    return pd.DataFrame(rows)


def months(plan: Plan, applied: Applied, draws: Draws | None = None) -> Months:
    """Simulated months of one plan."""
    return simulate_plan(plan, draws or draws_of(applied), applied.market.book, applied.market.at)


def draws_of(applied: Applied) -> Draws:
    """The sessions all plans are simulated on."""
    scenario = applied.scenario
    return draw_sessions(applied.market.assumptions.point("expected"), sessions=scenario.sessions, seed=scenario.seed)


def saved_scenarios(store: SqlStore) -> dict[str, dict[str, object]]:
    """What-if scenarios people saved, by name."""
    return store.run(billing.scenarios)


def save_scenario(
    store: SqlStore, name: str, scenario: dict[str, object], *, seen: dict[str, object] | None = None
) -> None:
    """Saves a what-if scenario under its name; `seen` is what stood there when its author looked.

    Raises:
        InputError: it has no name, or that of what nobody changed.
        ConflictError: somebody saved another one of this name.
    """
    name = name.strip()
    if not name or name.casefold() == BASE.casefold():
        raise InputError(f"Give the scenario a name of its own; {BASE} is what nobody changed.")
    store.run(billing.save_scenario, name, scenario, datetime.now(UTC), seen=seen)


def delete_scenario(store: SqlStore, name: str) -> None:
    """Forgets a saved scenario."""
    store.run(billing.delete_scenario, name)


def money(amount: Decimal | float, digits: int = 2) -> str:
    """Dollars for people."""
    return format_usd(amount, digits=digits)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value
