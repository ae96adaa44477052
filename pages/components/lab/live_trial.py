"""A trial in real interviews: its outcomes and looks."""

from uuid import uuid4

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from coach.brain.prompts.bundle import PromptBundle
from coach.errors import CoachError
from coach.lab.live import compare_arms, sample_ratio
from coach.lab.runs.looks import ALPHA, Look
from coach.lab.service import Lab
from coach.lab.split import Split
from coach.views.lab import arms_frame
from pages.components.shared import samples
from pages.components.shared.csv_file import csv_file
from pages.components.shared.prose import plain
from pages.components.shared.told import tried

NUMBERS = ("difference", "low", "high")


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
    numbers = {name: st.column_config.NumberColumn(format="%.2f") for name in (control, treatment, *NUMBERS)}
    numbers["p"] = st.column_config.NumberColumn(format="%.4f")
    table = arms_frame(found, control, treatment)
    st.dataframe(table, hide_index=True, column_config=numbers)
    csv_file(table, "live-split")
    one = "Intervals are for one look, at the end."
    st.caption(plain(look.sentence) if look and look.sentence else one)
    st.caption(
        f"Differences are {plain(treatment)} minus {plain(control)}, clustered by person. The gain is the second "
        "answer against the first, of those who retried: the best of several would grow with retries by chance alone. "
        f"Of {len(found)} measures one stands out by chance about once in {_once_in(len(found))} trials."
    )


def _once_in(measures: int) -> int:
    """In how many trials without any difference one of several measures has an interval that leaves zero out."""
    return max(1, round(1 / (1 - (1 - ALPHA) ** max(1, measures))))


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
        attempt(lambda: lab.live_looks.take(arrived), "The look is on record.")


def live_section(lab: Lab, bundles: list[PromptBundle]) -> None:
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
        _end(lab, running)
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
            attempt(lambda: lab.promotions.start_split(split, alone=True), "New interviews are divided from now on.")


def _end(lab: Lab, running: Split) -> None:
    """Ending is asked about once more: the same people are never divided the same way again."""
    with st.popover("End the split", icon=":material/stop_circle:"):
        st.markdown(
            f"**{plain(running.name)}** ends for good: a new split divides interviews anew, and its looks begin anew."
        )
        st.button("End it", key=f"end-{running.salt}", type="primary", on_click=_ended, args=(lab, running.salt))


def _ended(lab: Lab, salt: str) -> None:
    if tried(lambda: lab.promotions.end_split(salt)):
        st.toast("The bundle in force serves everyone again.")


def attempt(change: object, done: str) -> None:
    try:
        change()  # type: ignore[operator]
    except CoachError as error:
        st.error(plain(str(error)))
        return
    st.toast(done)
    st.rerun()
