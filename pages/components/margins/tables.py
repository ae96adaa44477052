"""Tables of the Margins page, each with its CSV."""

from functools import partial
from typing import Any

import streamlit as st

from coach.views import margins

SHOWN = 1_000


def show_table(records: list[dict[str, Any]], columns: list[str], name: str, formats: dict[str, Any]) -> None:
    """A table with words for its columns, and its CSV; of a long one the page shows the first rows."""
    table = margins.frame(records[:SHOWN])
    shown = [column for column in columns if column in table]
    st.dataframe(table[shown], hide_index=True, column_config=named(formats, shown))
    if len(records) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(records):,} rows; the file has all.")
    download(records, name)


def named(formats: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """Column names as words; formats where given."""
    words = {name: name.removesuffix("_usd").replace("_", " ").capitalize() for name in columns}
    return {name: {**formats[name], "label": words[name]} if name in formats else words[name] for name in columns}


def download(records: list[dict[str, object]], name: str) -> None:
    """The CSV of a table, every column of it; written when it is asked for."""
    st.download_button(
        "CSV",
        partial(margins.csv, records),
        f"{name}.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        key=f"csv-{name}",
    )
