"""Builds a run: which answers, which variants, how far it may go; says the cost first and shows progress."""

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from coach.brain.prompts.bundle import available
from coach.contracts.asking import own_id
from coach.errors import CoachError
from coach.lab.adversarial import adversarial_set
from coach.lab.attempts import AttemptFilter, from_attempts
from coach.lab.interchange.desk import read_answers
from coach.lab.runs.replay import RunReport
from coach.lab.runs.variant import BRAINS, Variant
from coach.lab.runs.workspace import Experiment, LimitsFile
from coach.lab.service import Lab
from coach.settings import DATA
from coach.views.lab import plan_curve
from pages.components.shared.chart import chart
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, pick_name

SAMPLE = DATA / "sample" / "lab_answers.jsonl"
FROZEN = "run_frozen"
"""Hash of the stored answers that were frozen for this run."""


def show(lab: Lab) -> None:
    """The tab."""
    st.markdown("## 1 · Answers")
    dataset = _dataset(lab)
    st.markdown("## 2 · Variants")
    variants = [_variant(lab, "A"), _variant(lab, "B")]
    st.markdown("## 3 · Limits")
    repeats, limits = _limits()
    if not dataset:
        st.info("Choose answers first: upload a JSONL file, or freeze stored answers.", icon=":material/dataset:")
        return
    try:
        experiment = Experiment(
            name=f"{variants[0].name} against {variants[1].name}",
            dataset=dataset,
            variants=variants,
            repeats=repeats,
            limits=limits,
        )
        _start(lab, experiment)
    except (CoachError, ValidationError) as error:
        st.error(plain(str(error)))


def _dataset(lab: Lab) -> str:
    """Hash of the chosen frozen dataset, or the shipped file; empty when none is chosen."""
    source = st.segmented_control(
        "Answers from",
        ["Sample answers", "A JSONL file", "Stored answers", "Frozen before"],
        default="Sample answers",
        key="answers_from",
        bind="query-params",
        required=True,
    )
    if source == "Sample answers":
        st.caption(
            "The answers the product is shipped with, each with what people gave it. Frozen when the run starts."
        )
        return str(SAMPLE)
    if source == "A JSONL file":
        return _uploaded(lab)
    if source == "Stored answers":
        return _stored(lab)
    if st.button("Make the hard answers", help="Orders to the grader, learner's English, nothing, other languages."):
        lab.workspace.keep(adversarial_set())
    frozen = lab.workspace.frozen()
    if not frozen:
        st.caption("No dataset was frozen yet.")
        return ""
    chosen = pick(
        "Dataset",
        list(frozen),
        identity=str,
        label=lambda h: f"{frozen[h][0]} · {frozen[h][1]} answers · {h}",
        key="run-dataset",
        address="dataset",
    )
    return chosen or ""


def _uploaded(lab: Lab) -> str:
    file = st.file_uploader(
        "JSONL, one answer a line; samples of Inspect; tests of promptfoo", type=["jsonl", "yaml", "yml"]
    )
    if file is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file.name).name
        path.write_bytes(file.getvalue())
        try:
            data = read_answers(path)
        except CoachError as error:
            st.error(plain(str(error)))
            return ""
    data = lab.workspace.keep(data)
    if not data.items:
        st.error("All of these answers were deleted here.")
        return ""
    st.caption(f"{len(data.items)} answers of {data.persons} people, frozen as {data.content_hash}.")
    return data.content_hash


def _stored(lab: Lab) -> str:
    consent = st.checkbox("My own answers may be used in the lab", value=lab.consent(own_id()))
    if consent != lab.consent(own_id()):
        lab.set_consent(own_id(), consent)
    left, middle, right = st.columns(3)
    competency = left.text_input("Competency", placeholder="any")
    lowest, highest = middle.slider("Overall score", 0.0, 10.0, (0.0, 10.0), step=0.5)
    sample = right.checkbox("Include the sample sessions", value=True)
    wanted = AttemptFilter(competency=competency, lowest=lowest, highest=highest, include_sample=sample)
    try:
        data = from_attempts(lab.store, wanted)
    except CoachError as error:
        st.caption(plain(str(error)))
        return ""
    digest = data.content_hash
    st.caption(f"{len(data.items)} answers of {data.persons} people.")
    if st.session_state.get(FROZEN) != digest:  # copies of what people said are made when asked for, not while looking
        if not st.button("Freeze these answers", icon=":material/ac_unit:"):
            return ""
        data = lab.workspace.keep(data)
        if not data.items:
            st.error("All of these answers were deleted meanwhile.")
            return ""
        digest = st.session_state[FROZEN] = data.content_hash
    return digest


def _variant(lab: Lab, letter: str) -> Variant:
    """A begins as the control: what is in force; B as a challenger: another bundle."""
    names, in_force = available(), lab.promotions.active().name
    control = names.index(in_force) if in_force in names else 0
    index = control if letter == "A" else next((n for n in range(len(names)) if n != control), control)
    begin = next((n for n, name in enumerate(BRAINS) if name == lab.default_brain), 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", "control" if letter == "A" else "challenger", key=f"name-{letter}", max_chars=40)
        bundle = pick_name("Bundle", names, key=f"bundle-{letter}", address=f"bundle_{letter}", first=names[index])
        brain = st.selectbox("Brain", BRAINS, index=begin, key=f"brain-{letter}")
        model = st.text_input("Model", placeholder="the configured one", key=f"model-{letter}")
        weak = st.number_input("Relevance is weak below", 0.0, 10.0, 5.0, 0.5, key=f"weak-{letter}")
    policy = {} if weak == 5.0 else {"follow_up": {"relevance_weak_below": weak}}
    return Variant(name=name or letter, bundle=bundle, brain=brain, model=model, policy=policy)


def _limits() -> tuple[int, LimitsFile]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        repeats = st.number_input("Repeats", 1, 20, 1)
        concurrency = st.number_input("At once", 1, 100, 8)
        cost = st.number_input("Stop at, USD", 0.0, 1000.0, 5.0, 0.5)
    return int(repeats), LimitsFile(concurrency=int(concurrency), cost_usd=Decimal(str(cost)))


def _price(cost_usd: Decimal | None) -> str:
    return "its price is not in the price book" if cost_usd is None else f"about ${cost_usd:.4f}"


def _start(lab: Lab, experiment: Experiment) -> None:
    if len({variant.key for variant in experiment.variants}) == 1:
        st.caption("Both variants are the same: the run shows only how much scores vary by themselves.")
    elif all(variant.brain == "offline" and not variant.policy for variant in experiment.variants):
        st.caption("The offline coach follows the policy and reads no prompt: two prompts differ only with a model.")
    estimate = lab.estimate(experiment)
    price = "nothing to pay" if estimate.cost_usd == 0 else _price(estimate.cost_usd)
    st.markdown(f"**{estimate.calls} calls**, {price}.")
    plan = lab.plan(experiment)
    st.caption(plain(plan.sentence))
    with st.expander("What other sizes would find"):
        chart(plan_curve(plan), name="run-sizes", title="What other sizes would find")
        st.caption("Dotted: the smallest useful difference, and this size.")
    if not st.button("Start the run", type="primary"):
        return
    bar = st.progress(0.0, "Starting…")
    st.caption("What is judged is kept: leave, and the same run started again goes on where it stopped.")

    def progress(report: RunReport) -> None:
        share = report.done / max(1, report.total)
        bar.progress(share, f"{report.done} of {report.total} answers · ${report.spent_usd:.4f}")

    result = asyncio.run(lab.run(experiment, on_progress=progress))
    bar.empty()
    if result.stopped:
        st.warning(plain(result.stopped))
    if result.comparison:
        st.success(plain(result.comparison["sentence"]), icon=":material/balance:")
        seen = {"lab_section": "compare", "cmp-run": result.run}
        st.button("See every score", icon=":material/balance:", on_click=st.session_state.update, args=(seen,))
    elif result.note:
        st.warning(plain(result.note))
