"""A table as a CSV file. The one that a table's own toolbar writes marks no formulas and is hidden by `look.css`."""

from functools import partial

import pandas as pd
import streamlit as st

from coach.views.csv_text import as_csv


def csv_file(table: pd.DataFrame, name: str) -> None:
    """The way to take `table` along, written when it is asked for; `name` stands once on a page and names the file."""
    st.download_button(
        "CSV",
        partial(as_csv, table),
        f"{name}.csv",
        "text/csv",
        icon=":material/download:",
        key=f"csv-{name}",
        on_click="ignore",
    )
