"""What running interviews have used, against the worst case their price was made for."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.economics.model.scenario import Scenario, apply
from coach.errors import CoachError
from coach.views import margins_ledger
from coach.views.sessions import running
from pages.components.shared.prose import plain

SHOWN = 20
WORDS = {"within": "within", "close": "close to the worst case", "over": "over the worst case"}


def show(parts: Services) -> None:
    """A row per interview in progress; over the worst case is a warning."""
    st.header("Interviews in progress", anchor=False)
    try:
        budgets = margins_ledger.session_budgets(parts.store, apply(Scenario()), running(parts.store, SHOWN))
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")
        return
    if not budgets:
        st.caption("No interview is in progress.")
        return
    if any(budget["state"] == "over" for budget in budgets):
        st.warning("An interview has cost more than the worst case its plan was priced for.", icon=":material/warning:")
    rows = [
        {
            "Interview": budget["interview_id"][:8],
            "Spent": float(budget["spent_usd"]),
            "Worst case": float(budget["budget_usd"]),
            "Share": min(budget["share"], 1.0),
            "State": WORDS[budget["state"]],
            "Without a price": budget["unpriced"],
        }
        for budget in budgets
    ]
    share = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
    dollars = st.column_config.NumberColumn(format="$%.4f")
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config={"Spent": dollars, "Worst case": dollars, "Share": share}
    )
