"""The sections of the Margins page: each a chart, the table behind it, and where its numbers come from."""

from typing import Any

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.economics.model import report
from coach.economics.model.scenario import Applied, Scenario, apply
from coach.economics.plans import Plan
from coach.errors import CoachError
from coach.views import margins, margins_figures
from pages.components.margins.tables import download, named, show_table
from pages.components.shared import samples
from pages.components.shared.chart import chart
from pages.components.shared.prose import plain

USD = st.column_config.NumberColumn(format="dollar")
COUNT = st.column_config.NumberColumn(format="localized")
USD4 = st.column_config.NumberColumn(format="$%.4f")
PERCENT = st.column_config.NumberColumn(format="percent")
LEDGER_KEYS = ("meter", "vendor", "day", "interview", "attempt", "user", "bundle")
LABELS = {
    "interviews_used": "Use of the tier",
    "credits_used": "Use of the credits",
    "follow_up_rate": "Follow-ups",
    "questions": "Questions",
    "retries": "Retries",
    "answer_s": "Answer length",
    "restarts": "Start-overs",
    "restart_share": "Where people start over",
    "batch_share": "Transcribed again",
    "avatar_overhead_s": "Avatar overhead",
    "question_characters": "Question length",
    "follow_up_characters": "Follow-up length",
    "overage_uptake": "Paid extra retries",
    "characters_per_s": "Speaking rate of the voice",
    "output_tokens": "Model output",
    "deepgram/nova-3.live": "Price: live speech",
    "deepgram/nova-3.batch": "Price: recorded speech",
    "deepgram/aura-2.characters": "Price: voice",
    "liveavatar/lite.credits": "Price: avatar",
    "stripe/card.percentage": "Price: Stripe, share",
    "stripe/card.fixed": "Price: Stripe, fixed",
}


def session(applied: Applied) -> None:
    """Cost of a session by part, its bounds, and every line of it."""
    parts = report.part_records(applied)
    case = st.segmented_control(
        "Case", ["best", "expected", "worst"], default="expected", key="margins_case", bind="query-params"
    )
    chart(
        margins_figures.waterfall(margins.frame(parts), case or "expected"),
        name="session-parts",
        title="Cost of a session",
    )
    shape = next(row for row in report.session_shape(applied) if row["case"] == (case or "expected"))
    st.caption(
        f"{shape['questions']:g} questions, {shape['follow_ups']:g} follow-ups, retries: {shape['retries']:g}; "
        f"{shape['answer_s']:g} s an answer. Start-overs are free for the person; their audio was sent and is counted."
    )
    lines = [row for row in report.cost_records(applied) if row["case"] == (case or "expected")]
    columns = ["part", "meter", "quantity", "unit", "price_usd", "per", "cost_usd", "price_source"]
    show_table(
        lines,
        columns,
        "session-cost",
        {"quantity": COUNT, "per": COUNT, "price_usd": st.column_config.NumberColumn(format="$%.4g"), "cost_usd": USD4},
    )
    with st.expander("Assumptions: what was fitted from recordings, and what is assumed"):
        names = ["name", "expected", "best", "worst", "unit", "source", "n", "distribution", "note"]
        show_table(report.assumption_records(applied), names, "assumptions", {})


def plans(applied: Applied, beside: Applied) -> None:
    """Margins per plan, limits and guardrails."""
    table = margins.plan_frame(applied, beside)
    chart(margins_figures.tiers(table), name="plan-margins", title="Margin by plan")
    st.caption("Share of revenue after Stripe's fee, before taxes. Worst: the hard cap, every interview at its bound.")
    shown = [
        "name",
        "price_usd",
        "interviews",
        "vendor_cost_usd",
        "stripe_fee_usd",
        "margin_usd",
        "worst",
        "expected",
        "best",
    ]
    if beside.scenario != applied.scenario:
        shown.append("change_usd")
    formats = {name: USD for name in ("price_usd", "vendor_cost_usd", "stripe_fee_usd", "margin_usd", "change_usd")}
    formats |= {name: PERCENT for name in ("worst", "expected", "best")}
    formats["interviews"] = st.column_config.NumberColumn(format="%.1f")
    st.dataframe(table.loc[table["price_usd"] > 0, shown], hide_index=True, column_config=named(formats, shown))
    trial = table[table["price_usd"] == 0]["vendor_cost_usd"].sum()
    st.caption(f"A free trial costs {margins.money(trial)}: what winning a customer takes.")
    download(report.plan_records(applied), "plans")
    st.markdown("## Limits, and what happens when they are used up")
    limits = report.limit_records(applied)
    broken = [f"{row['plan']} ({row['limit'].replace('_', ' ')})" for row in limits if not row["holds"]]
    if broken:
        text = f"More is promised than the worst case allows: {', '.join(broken)}."
        st.warning(text, icon=":material/warning:")
    rails = margins.limit_frame(applied)
    st.dataframe(rails, hide_index=True, column_config=named({}, list(rails.columns)))
    st.caption(
        f"*10 of 11*: included, of the most that keeps {applied.plans.minimum_worst_margin:.0%} at the worst. "
        "The person is told; then comes the lighter mode (drawn avatar, small model, short rewrite); then an offer."
    )
    download(limits, "limits")


def sensitivity(applied: Applied) -> None:
    """Tornado, retries against answer length, spikes, break-even."""
    plan = _plan(applied, "margins_sensitivity_plan")
    bars = report.tornado_records(applied, plan)
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        st.markdown("## What moves the margin")
        chart(margins_figures.tornado(margins.frame(bars), LABELS), name="tornado", title="What moves the margin")
    with right:
        st.markdown("## Retries against answer length")
        cells = margins.frame(report.heat_records(applied, plan))
        figure = margins_figures.heat_map(cells, plan.limits.retries_per_interview)
        chart(figure, name="retries-and-length", title="Retries against answer length")
    even = next(row for row in report.break_even_records(applied) if row["plan"] == plan.id)
    if even["break_even_retries"] is None:
        st.info("This plan earns nothing by itself; it is what winning a customer costs.", icon=":material/info:")
    else:
        st.info(
            f"{plan.name} breaks even at {even['break_even_retries']:,.0f} retries per interview; it includes "
            f"{even['included_retries']}. One retry costs {margins.money(even['cost_per_retry_usd'], 4)}.",
            icon=":material/balance:",
        )
    st.markdown("## When usage spikes")
    rows = margins.frame(report.spike_records(applied))
    names = {each.id: each.name for each in applied.plans.plans}
    st.dataframe(_spike_table(rows, names), hide_index=True)
    st.caption("Change of the expected margin per month (or pack), everything else as in the scenario.")
    download(bars, f"tornado-{plan.id}")


def distribution(applied: Applied) -> None:
    """Monte Carlo of one plan, and the table of all."""
    plan = _plan(applied, "margins_distribution_plan")
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


def ledger(applied: Applied, parts: Services) -> None:
    """As billed beside re-priced."""
    by = (
        st.segmented_control("By", LEDGER_KEYS, default="meter", key="margins_ledger_by", bind="query-params")
        or "meter"
    )
    try:
        of_samples = samples.switch(parts, there=parts.has_samples())
        table = margins.ledger_frame(parts.store, applied.market.book, by=by, of_samples=of_samples)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")
        return
    if table.empty:
        st.info("No usage is recorded yet. It appears here with the first answer.", icon=":material/receipt_long:")
        return
    billed, again = table["as_billed_usd"].sum(), table["repriced_usd"].sum()
    with st.container(horizontal=True, gap="medium"):
        st.metric("As billed, 90 days", margins.money(billed, 4), border=True)
        st.metric("Re-priced at this scenario", margins.money(again, 4), f"{float(again - billed):+.4f}", border=True)
        st.metric("Events", f"{table['events'].sum():,}", border=True)
    if table["unpriced"].sum():
        st.warning(
            f"{table['unpriced'].sum()} events have no price; add entries to the price book.", icon=":material/warning:"
        )
    st.caption("What was billed keeps its price for ever. The right column asks what the same use would cost now.")
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    show_table(
        rows,
        list(table.columns),
        f"ledger-by-{by}",
        dict.fromkeys(("as_billed_usd", "billable_usd", "repriced_usd"), USD4),
    )


def prices(applied: Applied, _: Services) -> None:
    """The price book, what-if overrides included."""
    st.caption(f"Price book {applied.market.book.version}; prices in force: {applied.market.book.label}.")
    columns = ["vendor", "meter", "variant", "price", "per", "unit", "valid_from", "source", "retrieved_on", "note"]
    show_table(
        report.price_records(applied), columns, "prices", {"price": st.column_config.NumberColumn(format="$%.4g")}
    )
    st.markdown("## What is counted, and the Stripe meter it maps to")
    columns = ["display_name", "counted", "identity", "event_name", "bills"]
    show_table(report.metering_records(applied), columns, "metering", {})


@st.cache_data(max_entries=8, show_spinner=False)
def _draws_of(scenario: str) -> object:
    return margins.draws_of(apply(Scenario.model_validate_json(scenario)))


def _draws(applied: Applied) -> Any:
    if applied.market.assumptions.parameters["questions"].source == "fitted":
        return margins.draws_of(applied)
    return _draws_of(applied.scenario.model_dump_json())


def _plan(applied: Applied, key: str) -> Plan:
    names = {plan.name: plan for plan in applied.plans.plans}
    chosen = st.segmented_control(
        "Plan", list(names), default=list(names)[-1], key=key, bind="query-params", label_visibility="collapsed"
    )
    return names[chosen or list(names)[-1]]


def _spike_table(rows: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    table = rows.pivot(index="spike", columns="plan", values="change_usd")
    table = table.loc[rows["spike"].unique(), rows["plan"].unique()].rename(columns=names)
    return table.map(_change).reset_index(names="What happens")


def _change(value: float) -> str:
    return "–" if abs(value) < 0.005 else f"{'+' if value > 0 else ''}{margins.money(value)}"
