"""Tables of the Margins page, each with its CSV."""

from typing import Any

import streamlit as st

from coach.views import margins


def show_table(records: list[dict[str, Any]], columns: list[str], name: str, formats: dict[str, Any]) -> None:
    """A table with words for its columns, and its CSV."""
    table = margins.frame(records)
    shown = [column for column in columns if column in table]
    st.dataframe(table[shown], hide_index=True, column_config=named(formats, shown))
    download(records, name)


def named(formats: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """Column names as words; formats where given."""
    words = {name: name.removesuffix("_usd").replace("_", " ").capitalize() for name in columns}
    return {name: {**formats[name], "label": words[name]} if name in formats else words[name] for name in columns}


def download(records: list[dict[str, object]], name: str) -> None:
    """The CSV of a table, every column of it."""
    st.download_button(
        "CSV",
        margins.csv(records),
        f"{name}.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        key=f"csv-{name}",
    )
