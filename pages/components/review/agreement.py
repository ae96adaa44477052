"""How far the machine and coaches agree, and coaches among themselves: the figures on top of Review."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.views import coaches, review
from coach.views.csv_text import as_csv
from pages.components.shared.prose import plain


def headline(parts: Services, frame: pd.DataFrame) -> None:
    """Four figures, and what is behind them."""
    found = review.agreement_by_type(frame)
    overall = found.get("all")
    kappa = None if overall is None else overall.qwk
    judged = 0 if overall is None else overall.n
    figures = [
        ("Agreement", "–" if kappa is None else f"{kappa:.2f}", f"Weighted kappa: {review.kappa_word(kappa)}"),
        ("Usual difference", "–" if overall is None else f"{overall.mae:.1f}", "points of 10, overall"),
        (
            "The machine scores",
            "–" if overall is None else f"{overall.bias:+.1f}",
            "no judgement yet" if overall is None else review.leaning(overall.bias),
        ),
        ("Reviewed", str(judged), f"{judged} of {len(frame)} answers have a human score"),
    ]
    with st.container(horizontal=True, gap="medium"):
        for number, (name, value, note) in enumerate(figures):
            with st.container(border=True, height="stretch", width="stretch", key=f"review_figure_{number}"):
                st.metric(name, value)
                st.caption(note)
    if overall is not None:
        with st.expander("By question type, and between coaches"):
            numbers = st.column_config.NumberColumn(format="%.2f")
            shown = dict.fromkeys(("kappa", "difference", "machine higher by"), numbers)
            st.dataframe(review.agreement_table(found), hide_index=True, column_config=shown)
            if overall.n < review.ENOUGH:
                st.caption(f"Read these figures with care below {review.ENOUGH} reviewed answers.")
            between(parts, frame)


def between(parts: Services, frame: pd.DataFrame) -> None:
    """Every two coaches who judged the same answers."""
    found = coaches.pairs(frame, review.all_reviews(parts.store))
    if not found:
        st.caption("Agreement between coaches is told once two of them judged the same answers.")
        return
    st.markdown("**Between coaches**")
    for pair in found[:5]:
        st.markdown(f"{plain(pair.first)} and {plain(pair.second)}: {coaches.in_words(pair)}")
    table = coaches.pairs_table(found)
    numbers = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(table, hide_index=True, column_config=dict.fromkeys(coaches.COLUMNS[3:], numbers))
    st.download_button(
        "CSV", as_csv(table), "coach-agreement.csv", "text/csv", key="coach_agreement_csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
