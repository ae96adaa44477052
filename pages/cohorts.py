"""Cohorts: how far practice goes and what a retry brings, by person, job, competency, bundle and week."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services, services
from coach.errors import CoachError
from coach.views import cohorts
from pages.components.cohorts import tables
from pages.components.shared import preview, samples
from pages.components.shared.chart import chart
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick


def main() -> None:
    """The page from top to bottom."""
    st.title("Cohorts")
    st.caption("How far people come from their first answer to a saved story, and what saying it again brings.")
    parts = services()
    try:
        samples.switch(parts, there=parts.has_samples())
        everybody = read(parts, "person")
        if everybody.empty:
            empty()
            return
        overview(everybody)
        dimension = choose()
        frame = everybody if dimension == "person" else read(parts, dimension)
        table = cohorts.groups_table(frame)
        tables.groups(table, dimension.capitalize())
        tables.compare(frame, table, dimension.capitalize())
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


def read(parts: Services, dimension: cohorts.Dimension) -> pd.DataFrame:
    """The counts, without sessions that are being deleted."""
    hidden = parts.bin.holds("session")
    return cohorts.cohort_frame(parts.store, dimension, of_samples=samples.shown(), hidden=hidden)


def empty() -> None:
    """What there is to do before the first session."""
    with st.container(border=True):
        st.header("Nobody has practised yet", anchor=False)
        st.markdown(
            "As soon as one question was answered on *Practice*, you see here how far sessions come: started, "
            "completed, retried, saved, and what saying an answer again brings."
        )
        if st.button("Start practising", type="primary"):
            st.switch_page("practice.py")
        preview.finished(
            "cohorts", "Cohorts: how many sessions are completed, retried and saved, and a table by person"
        )


def overview(frame: pd.DataFrame) -> None:
    """The funnel of everybody, and what a retry brings."""
    counts = cohorts.steps(frame)
    chart(cohorts.funnel(counts), name="cohort-funnel", title="How far sessions come")
    st.markdown(plain(cohorts.gain_in_words(frame)))


def choose() -> cohorts.Dimension:
    """What makes a group."""
    chosen = pick(
        "Group by",
        cohorts.DIMENSIONS,
        identity=str,
        label=str.capitalize,
        key="cohort_by",
        address="by",
        as_buttons=True,
    )
    return chosen or "person"


main()
