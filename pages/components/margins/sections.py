"""The sections of the Margins page: each a chart, the table behind it, and where its numbers come from."""

from typing import Any

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.economics.model import report, report_records
from coach.economics.model.scenario import Applied
from coach.economics.money import ZERO_USD
from coach.errors import CoachError
from coach.views import margins, margins_figures, margins_ledger
from pages.components.margins.tables import download, named, show_table
from pages.components.shared import preview, samples
from pages.components.shared.chart import chart
from pages.components.shared.prose import plain

USD = st.column_config.NumberColumn(format="dollar")
COUNT = st.column_config.NumberColumn(format="localized")
USD4 = st.column_config.NumberColumn(format="$%.4f")
PRICE = st.column_config.NumberColumn(format="$%.4g")
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
    parts = report_records.part_records(applied)
    case = st.segmented_control(
        "Case",
        ["best", "expected", "worst"],
        default="expected",
        key="margins_case",
        bind="query-params",
        required=True,
    )
    chart(
        margins_figures.waterfall(margins.frame(parts), case),
        name="session-parts",
        title="Cost of a session",
    )
    shape = next(row for row in report.session_shape(applied) if row["case"] == case)
    st.caption(
        f"{shape['questions']:g} questions, {shape['follow_ups']:g} follow-ups, retries: {shape['retries']:g}; "
        f"{shape['answer_s']:g} s an answer. Start-overs are free for the person; their audio was sent and is counted."
    )
    lines = [row for row in report_records.cost_records(applied) if row["case"] == case]
    columns = ["part", "meter", "quantity", "unit", "price_usd", "per", "cost_usd", "price_source"]
    every_line, assumed = st.tabs(["Every line", "Assumptions"], key="margins_session", bind="query-params")
    with every_line:
        formats = {"quantity": COUNT, "per": COUNT, "cost_usd": USD4, "price_usd": PRICE}
        show_table(lines, columns, "session-cost", formats)
    with assumed:
        st.caption("What was fitted from recordings, and what is assumed.")
        names = ["name", "expected", "best", "worst", "unit", "source", "n", "distribution", "note"]
        show_table(report.assumption_records(applied), names, "assumptions", {})


def plans(applied: Applied, beside: Applied) -> None:
    """Margins per plan, limits and guardrails; what is promised beyond the worst case stands first."""
    limits = report_records.limit_records(applied)
    broken = [f"{row['plan']} ({row['limit'].replace('_', ' ')})" for row in limits if not row["holds"]]
    if broken:
        text = f"More is promised than the worst case allows: {', '.join(broken)}."
        st.warning(text, icon=":material/warning:")
    earned, limited = st.tabs(["Margins", "Limits"], key="margins_plans", bind="query-params")
    with earned:
        _earned(applied, beside)
    with limited:
        rails = margins.limit_frame(applied)
        st.dataframe(rails, hide_index=True, column_config=named({}, list(rails.columns)))
        st.caption(
            f"*10 of 11*: included, of the most that keeps {applied.plans.minimum_worst_margin:.0%} at the worst. When "
            "they are used up the person is told; then comes the lighter mode (drawn avatar, small model, short "
            "rewrite); then an offer."
        )
        download(limits, "limits")


def _earned(applied: Applied, beside: Applied) -> None:
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
    download(report_records.plan_records(applied), "plans")


def ledger(applied: Applied, parts: Services) -> None:
    """As billed beside re-priced."""
    by = st.segmented_control(
        "By", LEDGER_KEYS, default="meter", key="margins_ledger_by", bind="query-params", required=True
    )
    try:
        of_samples = samples.switch(parts, there=parts.has_samples())
        table = margins_ledger.ledger_frame(parts.store, applied.market.book, by=by, of_samples=of_samples)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")
        return
    if table.empty:
        st.info("No usage is recorded yet. It appears here with the first answer.", icon=":material/receipt_long:")
        preview.finished("ledger", "Ledger: what was billed beside today's price, meter by meter")
        return
    sums(table)
    _unpriced(parts, applied, table, of_samples=of_samples)
    st.caption(
        "What was billed keeps its price for ever. *Repriced* asks what the same use would cost in this scenario."
    )
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    show_table(
        rows,
        list(table.columns),
        f"ledger-by-{by}",
        dict.fromkeys(("as_billed_usd", "billable_usd", "repriced_usd", "price_change_usd"), USD4),
    )


def _unpriced(parts: Services, applied: Applied, table: pd.DataFrame, *, of_samples: bool) -> None:
    """Names what no sum counts: use that costs something is never shown as costing nothing."""
    billed, again = int(table["unpriced"].sum()), int(table["not_repriced"].sum())
    if not (billed or again):
        return
    gone = margins_ledger.without_price(parts.store, applied.market.book, of_samples=of_samples)
    counts = [f"{billed:,} had no price when they were used"] if billed else []
    counts += [f"{again:,} have none in this price book ({', '.join(gone)})"] if again else []
    st.warning(
        f"The sums leave events out: {plain(' and '.join(counts))}. Add entries to the price book; what waits is "
        "priced at the next start, or within a day.",
        icon=":material/warning:",
    )


def sums(table: pd.DataFrame) -> None:
    """The ledger in three figures."""
    billed, again = (sum(table[name].dropna(), ZERO_USD) for name in ("as_billed_usd", "repriced_usd"))
    with st.container(horizontal=True, gap="medium"):
        change = f"{float(table['price_change_usd'].sum()):+.4f}"
        st.metric("As billed, 90 days", margins.money(billed, 4), border=True, height="stretch")
        st.metric(
            "Re-priced at this scenario",
            margins.money(again, 4),
            change,
            delta_color="inverse",
            border=True,
            height="stretch",
        )
        st.metric("Events", f"{table['events'].sum():,}", border=True, height="stretch")


def prices(applied: Applied, _: Services) -> None:
    """The price book, what-if overrides included."""
    st.caption(f"Price book {applied.market.book.version}; prices in force: {plain(applied.market.book.label)}.")
    priced, counted = st.tabs(["Prices", "What is counted"], key="margins_prices", bind="query-params")
    with priced:
        columns = ["vendor", "meter", "variant", "price", "per", "unit", "valid_from", "source", "retrieved_on", "note"]
        show_table(report_records.price_records(applied), columns, "prices", {"price": PRICE})
    with counted:
        st.caption("Every unit of use, and the Stripe meter it maps to.")
        columns = ["display_name", "counted", "identity", "event_name", "bills"]
        show_table(report_records.metering_records(applied), columns, "metering", {})
