"""Budgets: what may be spent in a day or a month before somebody is told."""

from decimal import Decimal
from functools import partial
from typing import Literal

import streamlit as st

from coach.bootstrap import Services
from coach.economics.budgets import Budget
from coach.errors import CoachError
from coach.views import margins
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick
from pages.components.shared.undo import put_away

PERIODS: dict[str, Literal["day", "month"]] = {"a day": "day", "a month": "month"}
SCOPES: dict[str, Literal["all", "customer"]] = {"all together": "all", "each customer": "customer"}
SHARE = st.column_config.ProgressColumn("used", format="percent", min_value=0.0, max_value=1.0)
ADDED = "budgets_added"
"""How many were added in this tab: after each the form is a new one."""
USD = st.column_config.NumberColumn(format="dollar")


def show(parts: Services) -> None:
    """The budgets with what is used of them, a form for a new one, and taking one away."""
    going = parts.bin.holds("budget")
    rows = [row for row in parts.budgets.standing() if row[0].id not in going]
    if not rows:
        st.info(
            "No budget yet. Set one below, and somebody is told at 80 % and at 100 % of it, once a day or month.",
            icon=":material/savings:",
        )
    else:
        st.dataframe(
            margins.budget_frame(rows), hide_index=True, column_config={"used": SHARE, "spent": USD, "budget": USD}
        )
        st.caption("Days and months are UTC. Alerts stand on *Operations* too, with why nobody could be told.")
    _new(parts)
    if rows:
        _remove(parts, [budget for budget, _, _ in rows])


def _new(parts: Services) -> None:
    with st.form(f"budget-{st.session_state.get(ADDED, 0)}"):  # fields that were refused keep what they hold
        left, middle, right = st.columns(3)
        usd = left.number_input("USD", min_value=0.01, value=25.0, step=5.0)
        period = middle.selectbox("Period", list(PERIODS))
        scope = right.selectbox("For", list(SCOPES))
        email = st.text_input("Mail to", placeholder="you@example.org", help="Needs COACH_SMTP_URL.")
        webhook = st.text_input("Webhook", placeholder="https://…", help="A JSON message is posted there.")
        if st.form_submit_button("Add budget", icon=":material/add_alert:"):
            try:
                parts.budgets.add(
                    SCOPES[scope], PERIODS[period], Decimal(str(usd)), email=email.strip(), webhook=webhook.strip()
                )
            except CoachError as error:
                st.error(plain(str(error)), icon=":material/error:")
                return
            st.session_state[ADDED] = st.session_state.get(ADDED, 0) + 1
            st.rerun()


def _remove(parts: Services, budgets: list[Budget]) -> None:
    with st.expander("Take a budget away"):
        chosen = pick("Budget", budgets, identity=lambda b: b.id, label=_label, key="budget-pick")
        if chosen and st.button("Take away", icon=":material/delete:"):
            name = f"the budget of {_label(chosen)}"
            put_away(parts, "budget", chosen.id, name, partial(parts.budgets.remove, chosen.id))
            st.rerun()


def _label(budget: Budget) -> str:
    scope = "each customer" if budget.scope == "customer" else "all together"
    return f"${budget.usd:,.2f} a {budget.period} · {scope} · {budget.email or budget.webhook or 'Operations'}"
