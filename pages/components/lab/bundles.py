"""Prompt bundles: which is in force, what they say, how two differ; promote, roll back, split live traffic."""

from collections.abc import Callable, Mapping

import streamlit as st

from coach.brain.prompts.bundle import PromptBundle, available
from coach.lab.bundles import create
from coach.lab.promotion import Promotions
from coach.lab.service import Lab
from coach.views.lab import bundle_diff
from pages.components.lab.live_trial import attempt, live_section
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick, pick_name
from pages.components.shared.told import tried


def show(lab: Lab) -> None:
    """The tab."""
    bundles = [PromptBundle.load(name) for name in available()]
    active = lab.promotions.active()
    _table(bundles, active)
    _force(lab, bundles, active)
    _view(bundles)
    _create(bundles)
    _compare(bundles, active)
    live_section(lab, bundles)
    history = lab.promotions.history()
    if history:
        st.header("History", anchor=False)
        st.dataframe(
            [
                {
                    "when": h["created_at"],
                    "bundle": h["name"],
                    "version": h["version"],
                    "why": h["reason"],
                    "rests on": _basis(h["evidence"]),
                }
                for h in history
            ],
            hide_index=True,
            column_config={"when": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")},
        )


def _table(bundles: list[PromptBundle], active: PromptBundle) -> None:
    rows = [
        {
            "in force": b.hash == active.hash,
            "bundle": b.name,
            "version": b.version,
            "idea": b.idea,
            "hash": b.hash,
        }
        for b in bundles
    ]
    st.dataframe(rows, hide_index=True, column_config={"in force": st.column_config.CheckboxColumn(width="small")})
    if active.hash not in {b.hash for b in bundles}:
        st.warning(
            f"The bundle in force, {plain(active.label)}, is not what its folder says any more: "
            "the promoted text counts."
        )


def _force(lab: Lab, bundles: list[PromptBundle], active: PromptBundle) -> None:
    """Promotion: only with a verdict about these very words, or against it on record; and the way back."""
    waiting = [b for b in bundles if b.hash != active.hash]
    chosen = pick("Promote", waiting, identity=lambda b: b.name, label=lambda b: b.name, key="promote-bundle")
    if chosen is None:
        st.caption("The only bundle there is is in force. Make another below.")
    else:
        _promote(lab, chosen, active)
    _steps(lab, active)


def _steps(lab: Lab, active: PromptBundle) -> None:
    """Back to what was in force before, and forward again; each button says to what."""
    way = lab.promotions.way_back()
    steps = {
        "back": ("Roll back to", way.earlier, Promotions.roll_back),
        "again": ("Put back", way.later, Promotions.put_back),
    }
    with st.container(horizontal=True, gap="small"):
        for name, (words, to, step) in steps.items():
            if to:
                st.button(
                    f"{words} {plain(to['name'])} {plain(to['version'])}",
                    key=f"bundle-{name}",
                    icon=f":material/{'undo' if name == 'back' else 'redo'}:",
                    help=f"Instead of {plain(active.name)} {plain(active.version)}, with its very text.",
                    on_click=_step,
                    args=(lab, step, active.hash),
                )


def _step(lab: Lab, step: Callable[..., object], seen: str) -> None:
    """Runs before the page is drawn anew: what was shown in force counts, not what another tab made of it meanwhile."""
    if tried(lambda: step(lab.promotions, "from the page", seen=seen)):
        st.toast(f"{plain(lab.promotions.active().name)} is in force.")


def _promote(lab: Lab, chosen: PromptBundle, active: PromptBundle) -> None:
    evidence = lab.evidence(chosen.name)
    with st.container(border=True):
        if evidence is None:
            st.warning(
                f"Nothing here compares {plain(chosen.name)} with {plain(active.name)}, which is in force. "
                "Start a run under *Run*.",
                icon=":material/balance:",
            )
        else:
            tell = st.success if evidence.ships else st.warning
            tell(f"{plain(evidence.sentence)} Run {plain(evidence.run)}.", icon=":material/balance:")
        with st.form("promote", border=False):
            reason = st.text_input("Why", placeholder="Follow-ups right in 93 % instead of 88 % on held-out answers")
            ships = evidence is not None and evidence.ships
            override = not ships and st.checkbox("Override: put it in force without a verdict that says so; recorded")
            if st.form_submit_button("Promote", type="primary"):
                attempt(
                    lambda: lab.promotions.promote(chosen.name, reason, evidence=evidence, override=override),
                    f"{plain(chosen.name)} is in force.",
                )


def _compare(bundles: list[PromptBundle], active: PromptBundle) -> None:
    st.header("What differs", anchor=False)
    names = [b.name for b in bundles]
    left, right = st.columns(2)
    in_force = active.name if active.name in names else names[0]
    other = next((name for name in names if name != in_force), in_force)
    with left:
        a = pick_name("From", names, key="diff-a", address="from", first=in_force)
    with right:
        b = pick_name("To", names, key="diff-b", address="to", first=other)
    difference = bundle_diff(PromptBundle.load(a), PromptBundle.load(b))
    if difference:
        st.code(difference, language="diff", height=360)
    else:
        st.caption("These are the same. Choose two different bundles to see what changed.")


def _create(bundles: list[PromptBundle]) -> None:
    with st.expander("A new bundle from another"), st.form("create", border=False):
        left, middle, right = st.columns([1, 1, 2])
        source = left.selectbox("From", [b.name for b in bundles], key="create-from")
        name = middle.text_input("Name", placeholder="shorter_rewrites_v1", key="create-name")
        idea = right.text_input("Idea", placeholder="A rewrite of at most 150 words is read to its end")
        if st.form_submit_button("Create"):
            attempt(
                lambda: create(name, source=source, idea=idea),
                f"{plain(name)} is there: change its words under *Edit*, compare it under *Run*.",
            )


def _basis(evidence: Mapping[str, object] | None) -> str:
    if not evidence:
        return ""
    against = "override: " if evidence["override"] else ""
    return f"{against}{evidence['sentence'] or 'no comparison'}"


def _view(bundles: list[PromptBundle]) -> None:
    with st.expander("What a bundle says"):
        by_name = {b.name: b for b in bundles}
        left, right = st.columns(2)
        with left:
            bundle = by_name[
                pick_name("Bundle", [*by_name], key="view-bundle", address="bundle", first=next(iter(by_name)))
            ]
        file = right.selectbox("File", sorted(bundle.files), key="view-file")
        st.code(
            bundle.files[file], language="yaml" if file.endswith(".yaml") else "markdown", height=360, wrap_lines=True
        )
