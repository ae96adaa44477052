"""Bundles in use day by day: scores, guards, latency, cost; what became worse, and the worst answers to learn from."""

from typing import Any

import streamlit as st

from coach.bootstrap import services
from coach.errors import CoachError
from coach.lab.service import Lab
from coach.lab.watch.desk import BundleWatch
from coach.views.attempts import short
from coach.views.lab_watch import TITLES, alarm_frame, watch_chart, watch_frame
from pages.components.shared import samples
from pages.components.shared.chart import chart
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

SPANS = {7: "7 days", 28: "4 weeks", 91: "13 weeks"}


def show(_lab: Lab) -> None:
    """The tab."""
    watch, invented = services().watch, samples.shown()
    spans = list(SPANS)
    days = pick(
        "Span",
        spans,
        identity=str,
        label=SPANS.__getitem__,
        key="watch-span",
        address="span",
        first="28",
        as_buttons=True,
        label_visibility="collapsed",
    )
    frame = watch_frame(watch.figures(days=days or 28, of_samples=invented))
    if not invented:
        _alarms(watch)
    if frame.empty:
        st.info(
            "Nobody practised in this span. Once somebody does, every bundle in use stands here day by day: scores, "
            "guards, time and cost, and a day that is worse than the week before is told.",
            icon=":material/monitoring:",
        )
        return
    raised = [] if invented else watch.raised(days=days or 28)
    columns = st.columns(2, gap="large")
    for number, (metric, title) in enumerate(TITLES.items()):
        if metric in set(frame["metric"]):
            with columns[number % 2]:
                st.markdown(f"**{title}**")
                chart(watch_chart(frame, metric, raised), name=f"watch-{metric.replace('_', '-')}", title=title)
    with st.expander("All figures"):
        st.dataframe(frame, hide_index=True)
        csv_file(frame, "watch")
    _worst(watch, sorted(set(frame["bundle"])), days or 28, invented=invented)


def _alarms(watch: BundleWatch) -> None:
    now = watch.worse()
    for alarm in now:
        st.warning(plain(alarm.sentence), icon=":material/trending_down:")
    rules = watch.rules
    if not now:
        st.caption(
            f"Nothing is worse than in the {rules.baseline_days} days before, beyond chance and beyond what "
            f"the rules allow. Days with fewer than {rules.least_people} people raise nothing."
        )
    record = alarm_frame(watch.raised())
    if not record.empty:
        with st.expander(f"Raised in 4 weeks: {len(record)}"):
            st.dataframe(record, hide_index=True)


def _worst(watch: BundleWatch, bundles: list[str], days: int, *, invented: bool) -> None:
    st.header("Worst answers", anchor=False)
    bundle = pick("Bundle", bundles, identity=str, label=str, key="watch-bundle", address="bundle")
    found = watch.worst(bundle or "", days=days, of_samples=invented)
    if not found:
        st.caption("Nobody who practised with it agreed that their answers are used here.")
        return
    st.caption("The lowest overall scores, of people who agreed to the lab's use of their answers alone.")
    shown = hash(tuple(row["id"] for row in found))  # rows are picked by their place: other rows are another table
    picked = st.dataframe(
        [_row(row) for row in found],
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
        key=f"watch-worst-{bundle}-{days}-{shown}",
        column_config={"overall": st.column_config.NumberColumn(format="%.1f", width="small")},
    )
    wanted = picked["selection"]["rows"]
    chosen = [found[index] for index in wanted if index < len(found)] or found
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    name = left.text_input("Dataset", "Worst answers", key="watch-dataset", max_chars=80)
    count = f"these {len(chosen)}" if wanted else f"all {len(chosen)}"
    if right.button(f"Add {count} to the dataset", icon=":material/playlist_add:", key="watch-collect"):
        try:
            data, added = watch.collect(name, chosen, of_samples=invented)
        except CoachError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        st.success(f"{added} added: {plain(data.name)} has {len(data.items)} answers. Choose it under *Run*.")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "overall": row["overall_score"],
        "question": short(row["question_text"], 60),
        "answer": short(row["transcript"], 90),
        "when": row["created_at"],
        "answer id": row["id"][:6],
    }
