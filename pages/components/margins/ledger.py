"""The ledger: as billed beside re-priced, and what no sum counts."""

from typing import Any

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.economics.model.scenario import Applied
from coach.economics.money import ZERO_USD
from coach.errors import CoachError
from coach.views import margins, margins_ledger
from pages.components.margins.sections import USD4
from pages.components.margins.tables import show_table
from pages.components.shared import preview, samples
from pages.components.shared.prose import plain

LEDGER_KEYS = ("meter", "vendor", "day", "interview", "attempt", "user", "bundle")


def show(applied: Applied, parts: Services) -> None:
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
    _sums(table)
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


def _sums(table: pd.DataFrame) -> None:
    """The ledger in three figures."""
    billed, again = (sum(table[name].dropna(), ZERO_USD) for name in ("as_billed_usd", "repriced_usd"))
    with st.container(horizontal=True, gap="medium"):
        change = float(table["price_change_usd"].sum())
        st.metric("As billed, 90 days", margins.money(billed, 4), border=True, height="stretch")
        st.metric(
            "Re-priced",
            margins.money(again, 4),
            f"{change:+.4f}" if abs(change) >= 0.00005 else None,
            delta_color="inverse",
            border=True,
            height="stretch",
        )
        st.metric("Events", f"{table['events'].sum():,}", border=True, height="stretch")
