"""One answer, two bundles, side by side while they judge: edit, try, see what differs, keep the answer or the words."""

import asyncio
from functools import partial
from threading import Thread
from typing import Any

import streamlit as st

from coach.brain.evaluation.progress import SectionReady
from coach.brain.prompts.bundle import PromptBundle, available
from coach.errors import CoachError
from coach.lab.playground import typed_item
from coach.lab.runs.dataset import Item, from_jsonl, thaw
from coach.lab.runs.variant import BRAINS, BrainName, Variant
from coach.lab.service import Lab
from coach.settings import DATA
from coach.views.attempts import short
from pages.components.lab import editor
from pages.components.lab.playground_result import result
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, pick_name

SAMPLE = "sample"
TRIAL = "play-trial"
LEFT, RIGHT = "left", "right"


@st.cache_resource(show_spinner=False)
def _warmed(_lab: Lab, brain: BrainName) -> Thread:
    """Loads in the background, once a process and brain, what the first *Try it* would wait for."""
    thread = Thread(target=lambda: asyncio.run(_lab.playground.warm(Variant(name="warm", brain=brain))), daemon=True)
    thread.start()
    return thread


def show(lab: Lab) -> None:
    """The tab."""
    item = _answer(lab)
    variants = _sides(lab)
    if item is None or variants is None:
        return
    with st.container(horizontal=True):
        go = st.button("Try it", type="primary", icon=":material/play_arrow:", key="play-go")
        again = st.button("Ask again", help="Asks both sides anew, also what was answered before.", key="play-again")
    if go or again:
        _ask(lab, item, variants, fresh=again)
    trial = st.session_state.get(TRIAL)
    if trial is None:
        st.info(
            "Change a word on the right, press *Try it*, and see both evaluations of this answer side by side.",
            icon=":material/compare_arrows:",
        )
        return
    result(lab, trial)


def _answer(lab: Lab) -> Item | None:
    source = st.segmented_control(
        "Answer from", ["A dataset", "My own words"], default="A dataset", key="play-source", bind="query-params",
        required=True,
    )  # fmt: skip
    if source == "My own words":
        question = st.text_input("Question", "Tell me about a time you had to convince somebody.", key="play-question")
        said = st.text_area("Answer", key="play-said", height=140, placeholder="What somebody might say")
        if not said.strip():
            st.caption("Write an answer to try.")
            return None
        return typed_item(question, said)
    return _from_dataset(lab)


def _from_dataset(lab: Lab) -> Item | None:
    names = {SAMPLE: "Sample answers"}
    names |= {digest: f"{name} · {size} answers" for digest, (name, size) in lab.workspace.frozen().items()}
    left, right = st.columns([1, 2])
    with left:
        chosen = pick(
            "Dataset", list(names), identity=str, label=lambda n: names[n], key="play-dataset", address="dataset"
        )
    if chosen is None:
        return None
    here = DATA / "sample" / "lab_answers.jsonl"
    data = from_jsonl(here) if chosen == SAMPLE else thaw(lab.workspace.datasets / f"{chosen}.jsonl")
    with right:
        return pick(
            "Answer",
            data.items,
            identity=lambda item: item.id,
            label=lambda item: f"{short(item.input.question.text)} · {short(item.input.user_answer.transcript, 40)}",
            key="play-item",
            address="answer",
        )


def _sides(lab: Lab) -> tuple[Variant, Variant] | None:
    names, active = available(), lab.promotions.active().name
    begin = next((n for n, name in enumerate(BRAINS) if name == lab.default_brain), 0)
    in_force, challenger = active if active in names else names[0], names[_challenger(names, active)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        a = pick_name("Left bundle", names, key="play-a", address="left", first=in_force)
        b = pick_name("Right bundle", names, key="play-b", address="right", first=challenger)
        brain = st.selectbox("Brain", BRAINS, index=begin, key="play-brain")
        model = st.text_input("Model", placeholder="the configured one", key="play-model")
    _warmed(lab, brain)
    bundle = PromptBundle.load(b)
    with st.expander("Edit the right side's texts"):
        words, change = st.columns(2, gap="large")
        with words:
            draft = editor.edit(bundle, key="play")
        with change:
            st.markdown("## What changes")
            editor.difference(bundle, draft)
        if editor.changed(bundle, draft):
            editor.save(lab, bundle, draft, key="play")
    if not draft.usable:
        st.error("The right side cannot judge yet: see what is wrong with its texts.")
        return None
    edited = editor.changed(bundle, draft)
    if brain == "offline" and (edited or a != b):
        st.caption("The offline coach follows the policy and reads no prompt: words differ only with a model.")
    make = partial(Variant, brain=brain, model=model)
    right_name = f"{b}, edited" if edited else b if b != a else f"{b} again"
    return make(name=a, bundle=a), make(name=right_name, bundle=b, files=draft.files if edited else {})


def _challenger(names: list[str], active: str) -> int:
    return next((n for n, name in enumerate(names) if name != active), 0)


def _ask(lab: Lab, item: Item, variants: tuple[Variant, Variant], *, fresh: bool) -> None:
    places = {
        variant.name: column.empty() for variant, column in zip(variants, st.columns(2, gap="large"), strict=True)
    }
    heard: dict[str, list[str]] = {name: [] for name in places}
    for name, place in places.items():
        place.markdown(f"**{plain(name)}** · judging…")

    def told(variant: Variant, section: SectionReady) -> None:
        line = _line(section)
        if line:
            heard[variant.name].append(line)
            places[variant.name].markdown("\n\n".join([f"**{plain(variant.name)}**", *heard[variant.name]]))

    try:
        st.session_state[TRIAL] = asyncio.run(lab.playground.ask(item, variants, on_section=told, fresh=fresh))
    except CoachError as error:
        st.session_state.pop(TRIAL, None)
        st.error(plain(str(error)), icon=":material/error:")
    for place in places.values():
        place.empty()


def _line(section: SectionReady) -> str:
    """A section in a line, as soon as it is there."""
    value: Any = section.value
    if section.name == "scoring":
        return f"Overall {value.overall:.1f} · content {value.content:.1f}"
    if section.name == "follow_up":
        return f"Follow-up: {plain(value.question_text)}" if value.should_ask else "No follow-up"
    if section.name == "content_feedback":
        return plain(value.headline)
    return plain(short(value.polished_answer, 160)) if section.name == "rewrite" else ""
