"""How far the machine and coaches agree, and coaches among themselves: the figures on top of Review."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.views import coaches, review
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain


def headline(parts: Services, frame: pd.DataFrame) -> None:
    """Four figures, and what is behind them."""
    found = review.agreement_by_type(frame)
    overall = found.get("all")
    kappa = None if overall is None else review.told_kappa(overall)
    judged = 0 if overall is None else overall.n
    told = f"told from {review.ENOUGH} judged answers on" if judged < review.ENOUGH else review.kappa_word(kappa)
    figures = [
        ("Agreement", "–" if kappa is None else f"{kappa:.2f}", f"Weighted kappa: {told}"),
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
            by_type = review.agreement_table(found)
            st.dataframe(by_type, hide_index=True, column_config=shown)
            csv_file(by_type, "agreement-by-question-type")
            st.caption(f"Kappa is told from {review.ENOUGH} answers on; read the others with care below that.")
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
    csv_file(table, "coach-agreement")
