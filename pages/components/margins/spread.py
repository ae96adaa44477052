"""How far margins may vary: prices, habits, and chance."""

from typing import Any

import pandas as pd
import streamlit as st

from coach.economics.model import report, report_records
from coach.economics.model.scenario import Applied, Scenario, apply
from coach.economics.plans import Plan
from coach.views import margins, margins_figures
from pages.components.margins.sections import LABELS, PERCENT, USD
from pages.components.margins.tables import download, show_table
from pages.components.shared.chart import chart


def sensitivity(applied: Applied) -> None:
    """Break-even, then what moves the margin, retries against answer length, and spikes."""
    plan = plan_named(applied, "margins_sensitivity_plan")
    even = next(row for row in report_records.break_even_records(applied) if row["plan"] == plan.id)
    if even["break_even_retries"] is None:
        st.info("This plan earns nothing by itself; it is what winning a customer costs.", icon=":material/info:")
    else:
        st.info(
            f"{plan.name} breaks even at {even['break_even_retries']:,.0f} retries per interview; it includes "
            f"{even['included_retries']}. One retry costs {margins.money(even['cost_per_retry_usd'], 4)}.",
            icon=":material/balance:",
        )
    names = ["What moves the margin", "Retries against answer length", "When usage spikes"]
    moves, grid, spikes = st.tabs(names, key="margins_sensitivity", bind="query-params")
    with moves:
        bars = report_records.tornado_records(applied, plan)
        chart(margins_figures.tornado(margins.frame(bars), LABELS), name="tornado", title=names[0])
        download(bars, f"tornado-{plan.id}")
    with grid:
        cells = margins.frame(report_records.heat_records(applied, plan))
        figure = margins_figures.heat_map(cells, plan.limits.retries_per_interview)
        chart(figure, name="retries-and-length", title=names[1])
    with spikes:
        rows = margins.frame(report_records.spike_records(applied))
        named = {each.id: each.name for each in applied.plans.plans}
        st.dataframe(_spike_table(rows, named), hide_index=True)
        st.caption("Change of the expected margin per month (or pack), everything else as in the scenario.")


def distribution(applied: Applied) -> None:
    """Monte Carlo of one plan, and the table of all."""
    plan = plan_named(applied, "margins_distribution_plan")
    months = margins.months(plan, applied, _draws(applied))
    chart(margins_figures.distribution(months), name="distribution", title=f"Margin of {plan.name}, simulated")
    rows = [
        report.month_record(margins.months(each, applied, _draws(applied)), applied) for each in applied.plans.plans
    ]
    st.caption(
        f"{applied.scenario.sessions:,} sessions, seed {applied.scenario.seed}; margin per person and month (or pack). "
        "The closed form's mean stands beside it."
    )
    columns = ["name", "interviews_mean", "margin_p5_usd", "margin_p50_usd", "margin_p95_usd", "probability_of_loss"]
    columns += ["margin_mean_usd", "closed_form_mean_usd", "lifetime_margin_mean_usd"]
    formats = {name: USD for name in columns if name.endswith("_usd")} | {"probability_of_loss": PERCENT}
    show_table(rows, columns, "monte-carlo", formats)


@st.cache_data(max_entries=8, show_spinner=False)
def _draws_of(scenario: str) -> object:
    return margins.draws_of(apply(Scenario.model_validate_json(scenario)))


def _draws(applied: Applied) -> Any:
    if applied.market.assumptions.parameters["questions"].source == "fitted":
        return margins.draws_of(applied)
    return _draws_of(applied.scenario.model_dump_json())


def plan_named(applied: Applied, key: str) -> Plan:
    names = {plan.name: plan for plan in applied.plans.plans}
    chosen = st.segmented_control(
        "Plan", list(names), default=list(names)[-1], key=key, bind="query-params", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return names[chosen]


def _spike_table(rows: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    table = rows.pivot(index="spike", columns="plan", values="change_usd")
    table = table.loc[rows["spike"].unique(), rows["plan"].unique()].rename(columns=names)
    return table.map(_change).reset_index(names="What happens")


def _change(value: float) -> str:
    return "–" if abs(value) < 0.005 else f"{'+' if value > 0 else ''}{margins.money(value)}"
