"""What the variants said to one answer, side by side."""

import streamlit as st

from coach.errors import CoachError
from coach.lab.playground import Trial
from coach.lab.runs.collecting import add_to
from coach.lab.service import Lab
from coach.views.attempts import short
from coach.views.lab_trial import trial_frame, trial_texts
from coach.views.word_diff import word_diff_html
from pages.components.lab import editor
from pages.components.shared.prose import plain


def result(lab: Lab, trial: Trial) -> None:
    names = [variant.name for variant in trial.variants]
    _headlines(trial)
    said = trial.item.input.user_answer.transcript
    with st.expander(f"The answer: {plain(short(trial.item.input.question.text, 90))}"):
        st.markdown(plain(said))
    texts = trial_texts(trial)
    figures = trial_frame(trial)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.dataframe(figures, hide_index=True, height=38 * (len(figures) + 1))
    with right:
        st.caption(f"Struck out: only {plain(names[0])}. Marked: only {plain(names[-1])}.")
        for what, old, new in texts:
            same = " · the same" if old == new else ""
            words = f"<div class='lab-words'>{word_diff_html(old, new)}</div>"
            st.html(f"{editor.MARKED}<b>{what}</b>{same}{words}")
    _collect(lab, trial)


def _headlines(trial: Trial) -> None:
    for outcome, variant, column in zip(trial.outcomes, trial.variants, st.columns(2, gap="large"), strict=True):
        with column.container(border=True):
            if outcome.result is None:
                st.error(f"{plain(variant.name)}: the provider failed ({outcome.error}); nothing was judged.")
                continue
            scoring = outcome.result.evaluation.scoring
            st.metric(plain(variant.name), f"{scoring.overall:.1f}")
            first = (
                "" if outcome.first_section_ms is None else f" · first words after {outcome.first_section_ms:.0f} ms"
            )
            paid = "from the cache" if outcome.cached else f"${outcome.cost_usd:.5f}"
            st.caption(f"content {scoring.content:.1f} · delivery {scoring.delivery:.1f}{first} · {paid}")


def _collect(lab: Lab, trial: Trial) -> None:
    with st.popover("Add to a dataset", icon=":material/playlist_add:"):
        name = st.text_input("Dataset", "Hard answers", key="play-collection", max_chars=80)
        if st.button("Add this answer", key="play-collect"):
            try:
                data, added = add_to(lab.workspace, name, [trial.item])
            except CoachError as error:
                st.error(plain(str(error)))
                return
            word = "Added" if added else "It was there already"
            st.success(f"{word}: {plain(data.name)} has {len(data.items)} answers.")
