"""One run's comparison: verdict, forest plot, items side by side, biggest wins and losses with their transcripts."""

import io
import tempfile
import zipfile
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from coach.bootstrap import services
from coach.contracts.asking import as_now
from coach.errors import CoachError
from coach.lab.interchange.desk import TOOLS, Tool, send
from coach.lab.report import ComparisonReport
from coach.lab.runs.dataset import Dataset
from coach.lab.runs.outcome import Outcome
from coach.lab.service import Lab
from coach.lab.statistics.verdict import MIN_PERSONS
from coach.views import lab as figures
from coach.views.attempts import short
from pages.components.shared.chart import chart
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, pick_name

NAMES: dict[Tool, str] = {"inspect": "For Inspect", "promptfoo": "For promptfoo"}
ICONS = {
    "ship": ":material/rocket_launch:",
    "hold": ":material/front_hand:",
    "need more": ":material/hourglass_top:",
    "nothing compared": ":material/do_not_disturb_on:",
}


def show(lab: Lab) -> None:
    """The tab."""
    runs = [run for run in lab.workspace.runs() if len(run.experiment.variants) > 1]
    if not runs:
        st.info("No run to compare yet. Build one under *Run*.", icon=":material/science:")
        return
    run = pick(
        "Run",
        runs,
        identity=lambda run: run.id,
        label=lambda run: f"{run.experiment.name} · {run.id}",
        key="cmp-run",
        address="run",
    )
    if run is None:
        return
    chosen, names = run.id, [v.name for v in run.experiment.variants]
    left, right = st.columns(2)
    with left:
        a = pick_name("Baseline", names, key="cmp-a", address="baseline", first=names[0])
    with right:
        b = pick_name("Against", names, key="cmp-b", address="against", first=names[1])
    try:
        if not _may_look(lab, f"{chosen}:{a}", f"{chosen}:{b}"):
            return
        report = lab.compare(f"{chosen}:{a}", f"{chosen}:{b}")
    except CoachError as error:
        st.warning(plain(str(error)))
        return
    _verdict(report)
    if not report.comparisons:
        return
    _, data, outcomes = lab.workspace.load(chosen)
    _charts(report, outcomes, data)
    _take_along(lab, chosen)


def _take_along(lab: Lab, run: str) -> None:
    """The run for other tools; made when asked for."""
    with st.popover("Take it along", icon=":material/ios_share:"):
        st.caption("Answers, judgements and scores, for the tool you use; *lab import* brings them back.")
        for tool in TOOLS:
            name = f"{run}.{tool}.zip"
            st.download_button(
                NAMES[tool], as_now(partial(_zipped, lab, run, tool)), name, "application/zip", key=f"take-{tool}"
            )


def _zipped(lab: Lab, run: str, tool: Tool) -> bytes:
    packed = io.BytesIO()
    model = services().settings.coach_openai_model
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in send(lab.workspace, run, tool, Path(folder), default_model=model):
            archive.write(path, path.name)
    return packed.getvalue()


def _may_look(lab: Lab, a: str, b: str) -> bool:
    """Whether the comparison may be shown: the run is complete, somebody looked at this state, or looks now."""
    look = lab.standing_look(a, b)
    if not look.unseen:
        return True
    st.progress(look.fraction, f"{look.judged} of {look.planned} answers are judged by both")
    if look.closed:
        st.caption(plain(look.closed))
        return False
    st.caption(f"A look before the end asks for a larger difference: {plain(look.sentence)}")
    return bool(st.button(f"Look now (look {look.number})", icon=":material/visibility:", key="cmp-look"))


def _verdict(report: ComparisonReport) -> None:
    with st.container(border=True):
        st.markdown(f"## {ICONS[report.verdict.decision]} {plain(report.verdict.sentence)}")
        main = next((c for c in report.comparisons if c.scorer == report.primary), None)
        way = "higher" if report.better.get(report.primary, True) else "lower"
        size = (
            f"{plain(report.b)} minus {plain(report.a)}, {way} is better · {main.n_items} answers of {main.n_clusters} "
            f"people · {plain(_power(report))} · "
            if main
            else ""
        )
        failures = ", ".join(f"{plain(name)} {count}" for name, count in report.failures.items())
        st.caption(f"{size}provider failures: {failures}")
        if report.recorded:
            st.markdown(f":blue-badge[Recorded] {plain(report.recorded)}")
        for note in report.notes:
            st.caption(plain(note))


def _power(report: ComparisonReport) -> str:
    if report.detectable == 0:
        return f"{report.a} and {report.b} got the same {report.primary} on every answer"
    return f"this size finds differences of {report.detectable:.2f} or more in 4 of 5 runs"


def _charts(report: ComparisonReport, outcomes: list[Outcome], data: Dataset) -> None:
    chart(figures.forest(report), name="comparison", title=report.verdict.sentence)
    table = report.frame()[["scorer", "mean_a", "mean_b", "estimate", "low", "high", "p_adjusted", "n_items", "n_ties"]]
    with st.expander("All figures"):
        st.dataframe(table, hide_index=True)
        csv_file(table, "all-scores")
    _slices(report)
    items = figures.item_frame(report)
    st.header("Answer by answer", anchor=False)
    wins, losses = figures.extremes(items)
    left, right = st.columns(2, gap="large")
    with left:
        chart(figures.item_scatter(items, report), name="answer-by-answer", title="Answer by answer")
    with right:
        _cases("Biggest wins", wins, outcomes, data, report)
        _cases("Biggest losses", losses, outcomes, data, report)


def _slices(report: ComparisonReport) -> None:
    """Where the difference comes from."""
    frame = report.slice_frame()
    if frame.empty:
        return
    st.header("Where it comes from", anchor=False)
    words = ", ".join(
        f"{s.leaning} in {s.dimension} *{plain(s.value)}*" for s in report.slices if s.leaning in ("better", "worse")
    )
    few = int((frame["leaning"] == "too few").sum())
    tail = f" {few} slices have fewer than {MIN_PERSONS} people and decide nothing." if few else ""
    found = f"{plain(report.b)} is {words}." if words else "No slice differs beyond chance."
    st.caption(f"{found} All {len(frame)} slices are adjusted together.{tail}")
    chart(figures.slice_forest(report), name="slices", title="Where it comes from")
    with st.expander("All slices"):
        st.dataframe(frame, hide_index=True)
        csv_file(frame, "all-slices")


def _cases(title: str, rows: pd.DataFrame, outcomes: list[Outcome], data: Dataset, report: ComparisonReport) -> None:
    st.markdown(f"## {title}")
    if rows.empty:
        st.caption("None.")
    items = {item.id: item for item in data.items}
    for row in rows.to_dict("records"):
        item = items[str(row["item"])]
        with st.expander(f"{row['a']:.2f} → {row['b']:.2f} · {plain(short(item.input.question.text, 60))}"):
            st.caption(plain(item.input.user_answer.transcript))
            sides = zip(st.columns(2), (report.a, report.b), strict=True)
            for column, name in sides:
                found = next((o.result for o in outcomes if o.variant == name and o.item_id == item.id), None)
                if found:
                    column.markdown(f"**{plain(name)}** · {found.evaluation.scoring.overall:.1f}")
                    column.caption(plain(found.evaluation.content_feedback.headline))
                    column.caption(plain(found.evaluation.rewrite.polished_answer))
