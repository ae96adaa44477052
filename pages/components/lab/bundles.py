"""Prompt bundles: which is in force, what they say, how two differ; promote, roll back, split live traffic."""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import uuid4

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from coach.brain.prompts.bundle import PromptBundle, available
from coach.errors import CoachError
from coach.lab.bundles import create
from coach.lab.live import compare_arms, sample_ratio
from coach.lab.promotion import Split
from coach.lab.runs.looks import ALPHA, Look
from coach.lab.service import Lab
from coach.views.lab import bundle_diff
from pages.components.shared import samples
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick


def show(lab: Lab) -> None:
    """The tab."""
    bundles = [PromptBundle.load(name) for name in available()]
    active = lab.promotions.active()
    _table(bundles, active)
    _force(lab, bundles, active)
    _view(bundles)
    _create(bundles)
    _compare(bundles, active)
    _live(lab, bundles)
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
    if len(lab.promotions.history()) > 1 and st.button(
        "Roll back", help=f"Back to the bundle before {plain(active.name)}, with its very text."
    ):
        _attempt(lambda: lab.promotions.roll_back("from the page"), "Rolled back.")


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
                _attempt(
                    lambda: lab.promotions.promote(chosen.name, reason, evidence=evidence, override=override),
                    f"{plain(chosen.name)} is in force.",
                )


def _compare(bundles: list[PromptBundle], active: PromptBundle) -> None:
    st.header("What differs", anchor=False)
    names = [b.name for b in bundles]
    left, right = st.columns(2)
    a = left.selectbox("From", names, index=names.index(active.name) if active.name in names else 0, key="diff-a")
    b = right.selectbox("To", names, index=next((n for n, x in enumerate(names) if x != a), 0), key="diff-b")
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
            _attempt(lambda: create(name, source=source, idea=idea), f"Edit data/prompts/{name}, then compare.")


def _basis(evidence: Mapping[str, object] | None) -> str:
    if not evidence:
        return ""
    against = "override: " if evidence["override"] else ""
    return f"{against}{evidence['sentence'] or 'no comparison'}"


def _view(bundles: list[PromptBundle]) -> None:
    with st.expander("What a bundle says"):
        by_name = {b.name: b for b in bundles}
        left, right = st.columns(2)
        bundle = by_name[left.selectbox("Bundle", list(by_name), key="view-bundle")]
        file = right.selectbox("File", sorted(bundle.files), key="view-file")
        st.code(
            bundle.files[file], language="yaml" if file.endswith(".yaml") else "markdown", height=360, wrap_lines=True
        )


def _outcomes(outcomes: pd.DataFrame, split: Split, look: Look | None = None) -> None:
    """Whether the split held, and what came of it so far, as sure as the look allows."""
    check = sample_ratio(list(outcomes["bundle"]), split)
    counts = ", ".join(f"{name} {count}" for name, count in check.counts.items())
    if not check.held:
        st.error(
            f"The split did not hold ({plain(counts)}; p = {check.p_value:.4f}): "
            "find out why before reading the outcomes."
        )
        return
    st.caption(f"Interviews so far: {plain(counts)}.")
    control, treatment = list(split.shares)[:2]
    try:
        level = look.alpha if look else ALPHA
        found = compare_arms(outcomes, control=control, treatment=treatment, alpha=level)
    except CoachError as error:
        st.caption(plain(str(error)))
        return
    st.dataframe([asdict(d) for d in found], hide_index=True)
    one = "Intervals are for one look, at the end."
    st.caption(plain(look.sentence) if look and look.sentence else one)


def _looked(lab: Lab, split: Split) -> None:
    """The outcomes at the last look, and the next one when it is worth something."""
    now = lab.live_outcomes()
    if not split.planned:
        _outcomes(now, split)
        return
    taken, arrived = lab.live_looks.taken(), len(now)
    following = lab.live_looks.standing(arrived, split.planned)
    st.progress(min(1.0, arrived / split.planned), f"{arrived} of {split.planned} planned interviews")
    if taken:
        _outcomes(lab.live_looks.outcomes(taken[-1]), split, taken[-1])
    else:
        st.caption("Nobody looked yet. Every look before the end asks for a larger difference.")
    if following in taken:
        return
    if following.closed:
        st.caption(plain(following.closed))
    elif st.button(f"Look now (look {following.number})", icon=":material/visibility:", key="live-look"):
        _attempt(lambda: lab.live_looks.take(arrived), "The look is on record.")


def _live(lab: Lab, bundles: list[PromptBundle]) -> None:
    st.header("Live split", anchor=False)
    if samples.shown() and (invented := lab.sample_split()):
        split, outcomes = invented
        st.markdown(f"**{plain(split.name)}** is running among the sample people.")
        _outcomes(outcomes, split)
        return
    running = lab.promotions.split()
    if running:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in running.shares.items())
        st.markdown(f"**{plain(running.name)}** is running: {plain(shares)} of new interviews.")
        _looked(lab, running)
        if st.button("End the split"):
            _attempt(lab.promotions.end_split, "The bundle in force serves everyone again.")
        return
    if len(bundles) < 2:
        st.caption("A split needs two bundles.")
        return
    with st.form("split", border=True):
        name = st.text_input("Name", placeholder="Evidence first, November")
        left, right, share = st.columns(3)
        names, in_force = [b.name for b in bundles], lab.promotions.active().name
        a = left.selectbox("Control", names, index=names.index(in_force) if in_force in names else 0)
        b = right.selectbox("Treatment", names, index=next((n for n, x in enumerate(names) if x != in_force), 0))
        planned = st.number_input(
            "Decide after so many interviews", 0, 10_000_000, 200, 50, help="0: no plan, and one look at the end."
        )
        percent = share.slider("Share of treatment", 5, 95, 50, step=5, format="%d %%")
        if st.form_submit_button("Start the split"):
            try:
                split = Split(
                    name=name, shares={a: 1 - percent / 100, b: percent / 100}, salt=uuid4().hex, planned=int(planned)
                )
            except ValidationError:
                st.error("Give the split a name and two different bundles.")
                return
            _attempt(lambda: lab.promotions.start_split(split), "New interviews are divided from now on.")


def _attempt(change: object, done: str) -> None:
    try:
        change()  # type: ignore[operator]
    except CoachError as error:
        st.error(plain(str(error)))
        return
    st.toast(done)
    st.rerun()
