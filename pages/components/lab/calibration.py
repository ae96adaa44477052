"""Machine against human: agreement by question type, drift over time, and the form that collects human scores."""

import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from coach.bootstrap import services
from coach.errors import CoachError
from coach.lab.attempts import HumanScore, import_scores, keep_scores
from coach.lab.service import Lab
from coach.views import lab_calibration as figures_lab_calibration
from coach.views import own_view
from coach.views.attempts import short
from coach.views.review import ENOUGH
from pages.components.review import reviewer
from pages.components.shared import samples
from pages.components.shared.chart import chart
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

NAMES = {
    "mae": "usual difference",
    "bias": "machine higher by",
    "spearman": "rank correlation",
    "qwk": "weighted kappa",
}


def show(lab: Lab) -> None:
    """The tab."""
    going = services().bin.holds("session")
    stored = [row for row in lab.judged_answers(of_samples=samples.shown()) if row["interview_id"] not in going]
    calibration = figures_lab_calibration.calibration_frame(stored)
    if calibration.empty:
        st.info("No answer has a human score yet. Score some below, or import them.", icon=":material/rate_review:")
    else:
        _figures(calibration)
    _own_view(stored)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _form(lab, stored)
    with right:
        _import(lab)


def _figures(calibration: Any) -> None:
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(label, format="%.2f") for name, label in NAMES.items()
    }
    columns["group"] = st.column_config.TextColumn("questions")
    columns["n"] = st.column_config.NumberColumn("answers")
    st.dataframe(figures_lab_calibration.agreement_frame(calibration), hide_index=True, column_config=columns)
    csv_file(figures_lab_calibration.agreement_frame(calibration), "agreement")
    st.caption(f"Kappa and rank correlation are told from {ENOUGH} answers on: of fewer they are chance.")
    left, right = st.columns(2)
    with left:
        chart(
            figures_lab_calibration.calibration_scatter(calibration), name="calibration", title="Machine against people"
        )
    with right:
        chart(figures_lab_calibration.drift(calibration), name="drift", title="Machine minus people, by week")
    alarms = figures_lab_calibration.drift_frame(calibration).query("alarm")
    if len(alarms):
        st.warning(f"In {len(alarms)} week(s) the machine scored differently from people, beyond chance.")


def _own_view(stored: list[dict[str, object]]) -> None:
    """What people gave themselves before they saw a score, beside machine and coaches."""
    st.header("Own view, machine and coach", anchor=False)
    frame = own_view.own_view_frame(stored)
    if frame.empty:
        st.caption("Nobody has rated an own answer yet: *Rate myself first* on *Practice* asks before the scores show.")
        return
    st.markdown(own_view.own_view_in_words(frame))
    columns = ("difference", "first higher by", "kappa")
    numbers = dict.fromkeys(columns, st.column_config.NumberColumn(format="%.2f"))
    st.dataframe(own_view.judges_table(frame), hide_index=True, column_config=numbers)
    chart(own_view.own_view_scatter(frame), name="own-view", title="Own view against machine and coach")


def _form(lab: Lab, stored: list[dict[str, Any]]) -> None:
    st.header("Score an answer", anchor=False)
    waiting = [row for row in stored if row["review"] is None]
    if not waiting:
        st.caption("Every answer that may be used has a human score, or there is none yet.")
        return
    chosen = pick(
        "Answer",
        waiting,
        identity=lambda row: str(row["id"]),
        label=lambda row: f"{short(row['question_text'])} · {short(row['transcript'], 32)}",
        key="calibration_answer",
        address="answer",
    )
    if chosen is None:
        return
    st.markdown(f"**{plain(chosen['question_text'])}**")
    st.markdown("\n".join(f"> {line}" for line in plain(chosen["transcript"]).split("\n")))
    with st.form(f"human-score-{chosen['id']}"):
        who = reviewer.name("calibration_name")
        given = {
            name: column.number_input(name.capitalize(), 0.0, 10.0, None, 0.5, format="%.1f", placeholder="0 to 10")
            for column, name in zip(st.columns(3), ("overall", "content", "relevance"), strict=True)
        }
        comment = st.text_area("Comment", max_chars=2000)
        if st.form_submit_button("Keep this score", type="primary"):
            _keep(lab, chosen["id"], who, comment, given)


def _keep(lab: Lab, attempt_id: str, who: str, comment: str, given: dict[str, float | None]) -> None:
    if not who:
        st.error("Say who scores.")
    elif given["overall"] is None:
        st.error("Give at least an overall score.")
    else:
        score = HumanScore(
            attempt_id=attempt_id, reviewer=who, reviewer_id=reviewer.identity(), comment=comment, **given
        )
        keep_scores(lab.store, [score])
        st.rerun()


def _import(lab: Lab) -> None:
    st.header("Import scores", anchor=False)
    st.caption('JSONL, one a line: {"attempt_id": …, "reviewer": …, "overall": 0–10, "content": 0–10}')
    file = st.file_uploader("Human scores", type=["jsonl"], label_visibility="collapsed")
    if file is not None and st.button("Import"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scores.jsonl"
            path.write_bytes(file.getvalue())
            try:
                st.success(f"{import_scores(lab.store, path)} scores imported.")
            except CoachError as error:
                st.error(plain(str(error)))
