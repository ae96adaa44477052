"""Operations: where the time of answers goes, how providers do, what waits to be billed, what is due for deletion."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services, services
from coach.errors import CoachError
from coach.views import operations as ops
from coach.views import operations_figures as ops_operations_figures
from pages.components.operations import answer, budgets, given_back, now, people
from pages.components.shared import preview, samples
from pages.components.shared.chart import chart
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain

DAYS = {"7 days": 7, "30 days": 30, "90 days": 90}
TABS = ["Latency", "Providers", "Usage", "Errors", "Retention", "Disk"]
MS = st.column_config.NumberColumn(format="%.0f ms")
WHEN = st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")
SHARE = st.column_config.NumberColumn(format="percent")


def main() -> None:
    """The page from top to bottom."""
    parts = services()
    st.title("Operations")
    st.caption("How fast answers come back, how providers do, what waits to be billed, what is due for deletion.")
    span = st.segmented_control(
        "Period", list(DAYS), default="30 days", key="period", bind="query-params", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    try:
        invented = samples.switch(parts, there=parts.has_samples())
        answers = ops.answers_frame(parts.store, days=DAYS[span], of_samples=invented)
        waiting = ops.outbox_counts(parts.store, of_samples=invented)
        due = ops.retention_counts(parts.store, of_samples=invented)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/database_off:")
        return
    now.show_standing(parts, answers, due)
    headline(answers, waiting, due)
    latency, providers, usage, errors, retention, disk = st.tabs(TABS, key="operations_tab", bind="query-params")
    with latency:
        show_latency(answers)
    with providers:
        show_providers(parts, answers)
    with usage:
        now.show_counts(waiting, "Usage is billed once: what waits is sent by `python -m coach billing flush`.")
        budgets.show(parts)
        given_back.show(parts)
    with errors:
        show_errors(answers)
    with retention:
        now.show_counts(due, "Swept daily; by hand with `python -m coach retention sweep`.")
        now.show_deletions(parts)
    with disk:
        now.show_disk(parts)
    people.show(parts)


def headline(answers: pd.DataFrame, waiting: dict[str, int], due: dict[str, int]) -> None:
    """Four numbers an operator looks at first."""
    timed = answers["scores_ms"].dropna()
    troubled = answers["outcome"].isin(["fallback", "failed"]).sum() if len(answers) else 0
    figures = [
        ("Answers", f"{len(answers)}", "Finished answers in this period."),
        (
            "Finish to scores",
            ops.duration(float(timed.median())) if len(timed) else "–",
            f"Median; 95 % within {ops.duration(float(timed.quantile(0.95)))}, corrections by the person left out."
            if len(timed)
            else "No answer was timed yet.",
        ),
        ("Feedback delayed", f"{troubled}", "Answers kept whose feedback failed; it can be had again."),
        ("Usage waiting", f"{waiting['not queued yet']}", "Metered use that is not on its way to billing yet."),
        ("Deletion overdue", f"{due['overdue']}", "Recordings past their day of deletion; the next sweep takes them."),
    ]
    with st.container(horizontal=True, gap="medium"):
        for name, value, about in figures:
            st.metric(name, value, help=about, border=True, height="stretch")


def show_latency(answers: pd.DataFrame) -> None:
    """The median waterfall, percentiles by stage, over time, and single answers."""
    stages = ops.stages_frame(answers)
    if stages.empty:
        st.info(
            "No answer was timed in this period. Practise once, and its waterfall stands here.",
            icon=":material/hourglass_empty:",
        )
        preview.finished("operations", "Latency: the median answer stage by stage, and how long answers took by day")
        return
    by = st.segmented_control(
        "By", ["all", "brain", "transcriber"], default="all", key="latency_by", bind="query-params", required=True
    )
    table = ops.percentiles_frame(stages)
    left, right = st.columns(2, gap="large")
    with left:
        st.header("The median answer", anchor=False)
        chart(ops_operations_figures.median_waterfall(table), name="median-answer", title="The median answer")
    with right:
        st.header("Finish to scores, by day", anchor=False)
        chart(ops_operations_figures.over_time(answers), name="finish-to-scores", title="Finish to scores, by day")
    st.header("Stages", anchor=False)
    shown = table if by == "all" else ops.percentiles_frame(stages, [by])
    st.dataframe(shown, hide_index=True, column_config=dict.fromkeys(ops.QUANTILES, MS))
    csv_file(shown, "stages")
    answer.show(answers)


def show_providers(parts: Services, answers: pd.DataFrame) -> None:
    """What is in force, and how each provider did."""
    try:
        st.markdown(
            "In force: "
            + " · ".join(f"**{plain(part.label)}**" for part in (parts.transcriber, parts.brain, parts.avatar))
        )
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/key_off:")
    now.show_providers(parts)
    for provider, title in (("brain", "Coaches"), ("transcriber", "Transcribers")):
        st.header(title, anchor=False)
        shares = dict.fromkeys(("repaired", "fallback", "failed"), SHARE)
        health = ops.health_frame(answers, provider)
        st.dataframe(health, hide_index=True, column_config=shares | {"last trouble": WHEN})
        csv_file(health, title.lower())


def show_errors(answers: pd.DataFrame) -> None:
    """Answers without proper feedback."""
    troubled = ops.trouble_frame(answers)
    if troubled.empty:
        st.success("Every answer of this period has its feedback.", icon=":material/check_circle:")
        return
    st.dataframe(troubled, hide_index=True, column_config={"created_at": WHEN})
    csv_file(troubled, "answers-without-feedback")
    st.caption("The answers are kept: feedback can be asked for again on the Practice page.")


main()
