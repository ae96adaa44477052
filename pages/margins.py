"""Margins: what a session costs, which plan earns what, and what happens when usage spikes."""

import streamlit as st

from coach.bootstrap import Services, services
from coach.economics.model.assumptions import Assumptions, assumptions
from coach.economics.model.margins import PlanCase
from coach.economics.model.scenario import Applied, Scenario, apply
from coach.errors import CoachError
from coach.views import margins
from pages.components.margins import budgets, customers, editor, invoices, ledger, sections, spread
from pages.components.shared.prose import plain

SECTIONS = ("Session", "Plans", "Sensitivity", "Distribution", "Customers", "Ledger", "Invoices", "Budgets", "Prices")


def main() -> None:
    """The page from top to bottom."""
    st.title("Margins")
    parts = services()
    assumed = base_assumptions(parts)
    try:
        scenario = editor.current()
        applied = apply(scenario, base=assumed)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.session_state.pop(editor.STATE, None)
        scenario, applied = Scenario(), apply(Scenario(), base=assumed)
    st.caption(
        f"Scenario **{plain(scenario.name)}** · prices of {applied.market.at:%-d %B %Y} · "
        "with Stripe's fee, without taxes"
    )
    beside = compared(editor.toolbar(parts, scenario, assumed), parts, assumed)
    overview(applied, beside)
    section = st.segmented_control(
        "Section", SECTIONS, default="Session", key="margins_section", bind="query-params", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    show(section, applied, beside, parts)


def compared(name: str, parts: Services, assumed: Assumptions) -> Applied:
    """The scenario to compare with; the base where it was saved for plans or prices that are gone."""
    try:
        return apply(editor.compared(name, parts), base=assumed)
    except CoachError as error:
        st.warning(f"{plain(name)} cannot be computed any more: {plain(str(error))}", icon=":material/error:")
        return apply(Scenario(), base=assumed)


def base_assumptions(parts: Services) -> Assumptions:
    """Assumed, or fitted from what was recorded when there is enough of it."""
    try:
        return margins.fitted_assumptions(parts.store)
    except CoachError as error:
        st.warning(f"The recorded attempts cannot be read: {plain(str(error))}", icon=":material/database_off:")
        return assumptions()


def overview(applied: Applied, beside: Applied) -> None:
    """Four figures that say whether the prices hold."""
    now, then = margins.headline(applied), margins.headline(beside)
    session, largest, expected, worst = now["session"], now["largest"], now["expected"], now["worst"]
    change = float(session["expected"] - then["session"]["expected"])
    figures = [
        (
            "A session costs",
            margins.money(session["expected"]),
            f"{change:+.2f}" if abs(change) >= 0.005 else None,
            f"{margins.money(session['best'])} to {margins.money(session['worst'])}",
        ),
        ("Largest part", largest["part"].capitalize(), None, f"{largest['share']:.0%} of a session"),
        ("Thinnest margin", f"{expected.margin:.0%}", points(expected, then["expected"]), f"{expected.name}, expected"),
        ("At the worst", f"{worst.margin:.0%}", points(worst, then["worst"]), f"{worst.name}, everything at its bound"),
    ]
    with st.container(horizontal=True, gap="medium"):
        for number, (name, value, delta, note) in enumerate(figures):
            with st.container(border=True, height="stretch", key=f"margins_figure_{number}", width="stretch"):
                st.metric(name, value, delta, delta_color="inverse" if number == 0 else "normal")
                st.caption(note)


def points(now: PlanCase, then: PlanCase) -> str | None:
    """Change in percentage points, when there is one."""
    change = (now.margin or 0) - (then.margin or 0)
    return f"{change * 100:+.0f} points" if abs(change) >= 0.005 else None


def show(section: str, applied: Applied, beside: Applied, parts: Services) -> None:
    """Only the section in view is computed."""
    if section == "Session":
        sections.session(applied)
    elif section == "Plans":
        sections.plans(applied, beside)
    elif section == "Sensitivity":
        spread.sensitivity(applied)
    elif section == "Distribution":
        spread.distribution(applied)
    elif section == "Customers":
        customers.show(applied, parts)
    elif section == "Ledger":
        ledger.show(applied, parts)
    elif section == "Invoices":
        invoices.show(parts)
    elif section == "Budgets":
        budgets.show(parts)
    else:
        sections.prices(applied, parts)


main()
