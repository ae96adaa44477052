"""The sections of the Margins page: each a chart, the table behind it, and where its numbers come from."""

import streamlit as st

from coach.bootstrap import Services
from coach.economics.model import report, report_records
from coach.economics.model.scenario import Applied
from coach.views import margins, margins_figures
from pages.components.margins.tables import download, named, show_table
from pages.components.shared.chart import chart
from pages.components.shared.prose import plain

USD = st.column_config.NumberColumn(format="dollar")
COUNT = st.column_config.NumberColumn(format="localized")
USD4 = st.column_config.NumberColumn(format="$%.4f")
PRICE = st.column_config.NumberColumn(format="$%.4g")
PERCENT = st.column_config.NumberColumn(format="percent")
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
