"""The groups of a cohort as a table, and two of them side by side."""

import pandas as pd
import streamlit as st

from coach.views import cohorts
from pages.components.shared import samples
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, unique_labels

POINTS = st.column_config.NumberColumn(format="%+.2f")
PERCENT = st.column_config.NumberColumn(format="%.0f %%")
WIDTH = st.column_config.NumberColumn(format="%.2f")
SHOWN = 200
"""Rows on the page; the file has all of them."""


def groups(table: pd.DataFrame, title: str) -> None:
    """One row per group, as a file, too."""
    st.header(f"By {title.lower()}", anchor=False)
    shares = dict.fromkeys(("completed_share", "retried_share", "saved_share"), PERCENT)
    points = dict.fromkeys(("gain", "gain_low", "gain_high"), POINTS) | {"noise": WIDTH}
    names = {
        "group": title, "people": "People", "started": "Started", "completed_share": "Completed",
        "retried_share": "and retried", "saved_share": "and saved", "gains": "Retries", "gain": "Gain of a retry",
        "gain_low": "95 % from", "gain_high": "to", "noise": "Scoring noise ±",
    }  # fmt: skip
    percents = {name: 100 * table[name] for name in shares}
    shown = named(table.assign(**percents))[list(names)].head(SHOWN).rename(columns=names)
    formats = {names[name]: column for name, column in (shares | points).items()}
    st.dataframe(shown, hide_index=True, column_config=formats, placeholder="–")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        csv_file(table, f"cohorts-by-{title.lower()}")
        if len(table) > SHOWN:
            st.caption(f"The first {SHOWN} of {len(table)}; the file has all.")


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The groups with names that differ, also where two people or postings have the same; the owner is *You*."""
    groups = zip(table["key"], table["group"], strict=True)
    names = unique_labels({key: samples.called(key, group) for key, group in groups})
    return table.assign(group=[names[key] for key in table["key"]])


def compare(frame: pd.DataFrame, table: pd.DataFrame, title: str) -> None:
    """Two groups: every measure with its interval, and what it says."""
    st.header("Two groups side by side", anchor=False)
    if len(table) < 2:
        st.caption(f"There is one {title.lower()} only; with a second one both can be compared.")
        return
    names = dict(zip(table["key"], named(table)["group"], strict=True))
    with st.container(horizontal=True, gap="medium"):
        a, b = (
            pick(
                part, list(names), identity=str, label=names.__getitem__, key=f"cohort_{name}_{title}",
                address=f"cohort_{name}", first=table["key"].iloc[place], width=360,
            )
            for place, (name, part) in enumerate((("a", "First"), ("b", "Second")))
        )  # fmt: skip
    if a is None or b is None or a == b:
        st.info("Choose two different groups.", icon=":material/compare_arrows:")
        return
    found = cohorts.differences_table(cohorts.compare(frame, a, b))
    columns: dict[str, str] = {
        "a": "First", "b": "Second", "difference": "Difference", "low": "95 % from", "high": "to",
    }  # fmt: skip
    numbers = {name: st.column_config.NumberColumn(title, format="%.2f") for name, title in columns.items()}
    st.dataframe(found, hide_index=True, column_config=numbers, placeholder="–")
    st.caption(
        plain(f"{names[a]} minus {names[b]}, with the 95 % interval of the difference. ")
        + "Of four measures one may stand out by chance about once in five comparisons."
    )
    csv_file(found.assign(first=names[a], second=names[b]), "cohorts-compared")
