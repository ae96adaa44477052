"""One answer on the reviewer's desk: sound and text on one side, the machine's scores and the person's on the other."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.contracts.evaluation import STAR_ITEMS, Evaluation, StarStatus
from coach.contracts.interview import Attempt
from coach.lab.attempts import HumanScore, keep_scores
from coach.views.palette import BAND_COLOURS, band
from coach.views.sessions import find_session
from pages.components.progress import history
from pages.components.shared.prose import plain

SCORES = ("overall", "content", "delivery", "relevance")
STATUSES = [status.value for status in StarStatus]


def show(parts: Services, row: pd.Series, *, blind: bool) -> None:
    """The answer of `row`, with the machine's scores unless they are hidden until a judgement is given."""
    snapshot = find_session(parts.store, row["interview_id"])
    attempt = next(a for a in snapshot.attempts if a.id == row["attempt_id"])
    judged = not pd.isna(row["human"])
    with st.container(border=True):
        st.caption(plain(f"{row['question_type']} · {row['competency'] or 'general'}".capitalize()))
        st.markdown(f"## {plain(row['question_text'])}")
        history.listen(attempt, parts.archive)
        said, scored = st.columns(2, gap="large")
        with said:
            _answer(attempt)
        with scored:
            if attempt.evaluation is None:
                st.caption("The feedback of this answer was deleted when its time was up.")
            elif blind and not judged:
                st.caption("The machine's scores are hidden until you give yours.")
            else:
                _machine(attempt, attempt.evaluation)
            if judged:
                _human(row)
    _judgement(parts, attempt, blind=blind, judged=judged)


def _answer(attempt: Attempt) -> None:
    st.markdown("**What was said**")
    if attempt.transcript is None:
        st.caption("The text of this attempt was deleted when its time was up.")
        return
    st.markdown(plain(attempt.transcript.text))


def _machine(attempt: Attempt, evaluation: Evaluation) -> None:
    st.markdown("**What the machine made of it**")
    scoring = evaluation.scoring
    spoken = bool(attempt.duration_seconds)
    _scores(
        ("Overall", scoring.overall), ("Content", scoring.content), ("Delivery", scoring.delivery if spoken else None)
    )
    parts = scoring.content_breakdown
    st.caption(
        f"STAR {parts.star:.1f} · relevance {parts.relevance:.1f} · clarity {parts.clarity:.1f} · "
        f"impact {parts.impact:.1f}"
    )
    history.own_view(attempt)
    history.feedback_of(attempt, evaluation)


def _scores(*scores: tuple[str, float | None]) -> None:
    marks = "".join(
        f'<span class="jf-scores">{name}<b style="border-bottom:4px solid {BAND_COLOURS[band(value)]}">'
        f"{history.score_text(value)}</b></span>"
        for name, value in scores
    )
    st.html(f"<div>{marks}</div>")


def _human(row: pd.Series) -> None:
    st.markdown(f"**What {plain(row['reviewer'])} gave**")
    given = (("Overall", "human"), ("Content", "human_content"), ("Delivery", "human_delivery"))
    _scores(*((name, None if pd.isna(row[key]) else float(row[key])) for name, key in given))
    if row["comment"]:
        st.caption(plain(row["comment"]))


def _judgement(parts: Services, attempt: Attempt, *, blind: bool, judged: bool) -> None:
    st.header("Judge it again" if judged else "Your judgement", anchor=False)
    evaluation = attempt.evaluation
    may_agree = evaluation is not None and (judged or not blind)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        reviewer = st.text_input("Your name", max_chars=80, key="review_name", width=260)
        agrees = may_agree and st.button("I agree with the machine", icon=":material/check:", type="primary")
    if agrees and evaluation is not None:
        scoring = evaluation.scoring
        star = {item: getattr(evaluation.content_feedback.star_checklist, item).status.value for item in STAR_ITEMS}
        _keep(
            parts,
            attempt,
            reviewer,
            overall=scoring.overall,
            content=scoring.content,
            delivery=scoring.delivery,
            relevance=scoring.content_breakdown.relevance,
            star_checklist=star,
        )
    with st.expander("Give my own scores", expanded=not judged):
        _overall_by_key(attempt)
        with st.form(f"own-{attempt.id}", border=False):
            own = _own_scores(attempt)
            comment = st.text_area("Comment", max_chars=2000, placeholder="What the machine missed", height=80)
            if st.form_submit_button("Keep my scores"):
                if own["overall"] is None:
                    st.error("Give at least an overall score.", icon=":material/star:")
                else:
                    _keep(parts, attempt, reviewer, comment=comment, **own)


def _overall_by_key(attempt: Attempt) -> None:
    """Overall with one press: the buttons, or their digits on the keyboard."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.caption("Overall, or press the digit")
        for score in range(1, 10):
            st.button(
                str(score),
                key=f"overall-{score}-{attempt.id}",
                shortcut=str(score),
                on_click=st.session_state.update,
                args=({_key("overall", attempt): float(score)},),
            )


def _own_scores(attempt: Attempt) -> dict[str, object]:
    """Empty until touched, so that nothing is kept that nobody meant; what is left empty is not judged."""
    own: dict[str, object] = {}
    for column, name in zip(st.columns(4, gap="medium"), SCORES, strict=True):
        own[name] = column.number_input(
            name.capitalize(), 0.0, 10.0, None, 0.5, format="%.1f", key=_key(name, attempt), placeholder="0 to 10"
        )
    star: dict[str, str] = {}
    for column, item in zip(st.columns(4, gap="medium"), STAR_ITEMS, strict=True):
        given = column.selectbox(
            item.capitalize(), STATUSES, index=None, key=_key(item, attempt), placeholder="not judged"
        )
        star |= {item: given} if given else {}
    return {**own, "star_checklist": star or None}


def _key(name: str, attempt: Attempt) -> str:
    return f"own-{name}-{attempt.id}"


def _keep(parts: Services, attempt: Attempt, reviewer: str, **scores: object) -> None:
    if not reviewer.strip():
        st.error("Say who judges: write your name above.", icon=":material/person:")
        return
    keep_scores(
        parts.store, [HumanScore.model_validate({"attempt_id": attempt.id, "reviewer": reviewer.strip(), **scores})]
    )
    st.toast("Kept.")
    st.rerun()
