"""Invoices: what a vendor billed beside what was counted here, day by day and meter by meter."""

import tempfile
from pathlib import Path

import streamlit as st

from coach.bootstrap import Services
from coach.economics.invoices import LARGEST_BYTES, InvoiceComparison, compare_invoice, read_invoice
from coach.economics.money import ZERO_USD
from coach.errors import CoachError
from coach.views import margins, margins_ledger
from pages.components.margins.tables import show_table
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

USD = st.column_config.NumberColumn(format="$%.4f")


def show(parts: Services) -> None:
    """Choose the vendor, hand in the file, read what differs."""
    st.caption(
        "The CSV of a vendor's usage page (a day, a meter, a quantity, a cost; usual spellings are known) beside the "
        "ledger. Nothing of the file is kept."
    )
    try:
        vendors = margins_ledger.vendors(parts.store)
        if not vendors:
            st.info(
                "No use of any vendor is recorded yet, so there is nothing an invoice could be compared with.",
                icon=":material/receipt_long:",
            )
            return
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            vendor = pick(
                "Vendor", vendors, identity=str, label=str.capitalize, key="invoice_vendor", address="vendor", width=260
            )
            file = st.file_uploader("Invoice", type=["csv", "tsv", "txt"], max_upload_size=LARGEST_BYTES // 1_000_000)
        if file is None or vendor is None:
            return
        with st.spinner("Comparing …"), tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "invoice.csv"
            kept.write_bytes(file.getvalue())
            known = margins_ledger.meters(parts.store, vendor)
            compared(compare_invoice(parts.store, vendor, read_invoice(kept)), vendor, known)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


def compared(rows: list[InvoiceComparison], vendor: str, known: list[str]) -> None:
    """The verdict in a sentence, both sums, and every day and meter; what differs stands first."""
    billed = sum((row.invoice_usd for row in rows), ZERO_USD)
    counted = sum((row.ledger_usd for row in rows), ZERO_USD)
    differ = [row for row in rows if row.verdict != "agrees"]
    met = [row for row in rows if not row.verdict.startswith("only")]
    if not met:
        st.error(
            f"Nothing on this invoice is anything the ledger has of {plain(vendor.capitalize())}: is it another "
            f"vendor's, or does it name its meters differently? The ledger's are {plain(', '.join(known))}.",
            icon=":material/help:",
        )
    elif differ:
        st.warning(f"{len(differ)} of {len(rows)} days and meters differ by more than 1 %.", icon=":material/rule:")
    else:
        st.success("Invoice and ledger agree on every day and meter.", icon=":material/check_circle:")
    with st.container(horizontal=True, gap="medium"):
        st.metric("On the invoice", margins.money(billed), border=True)
        st.metric("In the ledger", margins.money(counted), border=True)
        st.metric("Difference", f"{float(billed - counted):+,.2f} USD", border=True)
    shown = margins.rows_of([*differ, *(row for row in rows if row.verdict == "agrees")])
    columns = ["day", "meter", "verdict", "invoice_usd", "ledger_usd", "usd_difference"]
    columns += ["invoice_quantity", "ledger_quantity", "quantity_difference"]
    formats = dict.fromkeys(("invoice_usd", "ledger_usd", "usd_difference"), USD)
    show_table(shown, columns, f"invoice-{vendor}", formats)
