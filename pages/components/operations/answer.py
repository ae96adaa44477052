"""The waterfall of one answer."""

import pandas as pd
import streamlit as st

from coach.views import operations as ops
from coach.views import operations_figures as ops_operations_figures
from pages.components.shared.chart import chart
from pages.components.shared.selection import pick


def show(answers: pd.DataFrame) -> None:
    """Choose an answer by its identity, see where its time went."""
    timed = answers.dropna(subset=["scores_ms"]).sort_values("created_at", ascending=False)
    if timed.empty:
        return
    st.header("One answer", anchor=False)
    chosen = pick(
        "Answer",
        timed.to_dict("records"),
        identity=lambda row: row["attempt_id"],
        label=ops.answer_label,
        key="operations_answer",
        address="answer",
        label_visibility="collapsed",
    )
    if chosen:
        chart(ops_operations_figures.waterfall_figure(chosen["timeline"]), name="one-answer", title="One answer")
        looked = ops_operations_figures.review_ms(chosen["timeline"])
        if looked:
            st.caption(f"The person looked over the transcript for {ops.duration(looked)}; that time is left out.")
    st.caption("Stages add up to the machine's time; what no stage covers is shown as the remainder.")
