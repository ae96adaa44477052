"""Customers: what each brings and costs, who comes back, plans tried on what they did, commitments on their use."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.contracts.base import Record
from coach.economics import retention
from coach.economics.backtest import PlanBacktest, backtest
from coach.economics.commitments import commitment_months
from coach.economics.customers import (
    CustomerMargin,
    cohort_margins,
    costs_by_month,
    customer_margins,
    monthly_margins,
)
from coach.economics.forecast import month_forecast
from coach.economics.model.scenario import Applied
from coach.errors import CoachError
from coach.views import margins, retention_figures
from pages.components.margins.tables import show_table
from pages.components.shared import preview
from pages.components.shared.chart import chart
from pages.components.shared.prose import plain

USD = st.column_config.NumberColumn(format="dollar")
PERCENT = st.column_config.NumberColumn(format="percent")


def show(applied: Applied, parts: Services) -> None:
    """Money by customer, then retention and lifetime value, then the scenario's plans and commitments on real use."""
    store, book = parts.store, applied.market.book
    try:
        costs = costs_by_month(store)
        people = customer_margins(store, book, costs)
        months = monthly_margins(store, book, costs)
        tried = backtest(store, applied)
        committed = commitment_months(store, book)
        forecast = month_forecast(store)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")
        return
    if not people:
        st.info(
            "Nobody has paid or practised yet. With the first customer their payments, vendors' cost and margin stand "
            "here, who comes back, and what another plan would have brought.",
            icon=":material/groups:",
        )
        preview.finished("customers", "Customers: what each brings and costs, and how many come back month by month")
        return
    names = ["Margins", "Who comes back", "Plans tried", "Commitments", "This month's end"]
    by_person, back, plans, bound, end = st.tabs(names, key="margins_customers", bind="query-params")
    with by_person:
        _margins(people)
    with back:
        _lifetime(months)
    with plans:
        _plans(tried, applied)
    with bound:
        _commitments(committed)
    with end:
        _month_end(forecast)


def _margins(people: list[CustomerMargin]) -> None:
    by = st.segmented_control(
        "By", ["customer", "cohort"], default="customer", key="margins_customers_by", bind="query-params", required=True
    )
    rows = cohort_margins(people) if by == "cohort" else people
    _records("customers" if by != "cohort" else "cohorts", rows)
    st.caption("Refunds and disputes are taken off; Stripe keeps its fee of what is refunded. Thinnest margin first.")


def _commitments(committed: Sequence[Record]) -> None:
    if not committed:
        st.caption("Nothing that a monthly commitment of the price book covers was used yet.")
        return
    _records("commitments", committed)
    st.caption("What is not used of a commitment is gone at the end of the month: it is cost.")


def _month_end(forecast: Sequence[Record]) -> None:
    if forecast:
        _records("forecast", forecast)
    else:
        st.caption("Told once something was used.")


def _lifetime(months: retention.Margins) -> None:
    today = retention.utc_today()
    cells, curve = retention.retention(months, today), retention.lifetime_value(months, today)
    if not cells:
        st.caption("Who comes back is told once a customer's first month is over.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("## Who comes back")
        rows = margins.rows_of(cells)
        chart(retention_figures.retention_grid(pd.DataFrame(rows)), name="who-comes-back", title="Who comes back")
    with right:
        st.markdown("## What a customer has brought, by age")
        if curve:
            chart(
                retention_figures.lifetime_curve(margins.records_frame(curve)),
                name="lifetime",
                title="What a customer has brought, by age",
            )
            st.caption("Mean margin added up over months of age; the band is the 5th to 95th percentile.")
        else:
            least = retention.LEAST_CUSTOMERS
            st.info(f"Told from {least} customers with a whole month on.", icon=":material/hourglass_empty:")
    show_table(rows, list(rows[0]), "retention", {"share": PERCENT})
    if curve:
        _records("lifetime-value", curve)


def _plans(tried: Sequence[PlanBacktest], applied: Applied) -> None:
    if not tried:
        st.caption("Tried as soon as somebody has practised.")
        return
    if tried[0].customers < tried[0].of_customers:
        st.caption(
            f"All interviews of {tried[0].customers:,} of {tried[0].of_customers:,} customers, picked by chance."
        )
    _records("backtest", tried)
    st.caption(
        f"Scenario **{plain(applied.scenario.name)}**. Everybody does what they did and pays as the plan says; refused "
        "interviews cost nothing; retries past the included ones are counted, not paid."
    )


def _records(name: str, records: Sequence[Record]) -> None:
    rows = margins.rows_of(records)
    columns = [key for key in rows[0] if key != "key" or name != "cohorts"]
    formats: dict[str, Any] = {key: USD for key in columns if key.endswith("_usd")}
    show_table(rows, columns, name, formats | ({"margin": PERCENT} if "margin" in columns else {}))
