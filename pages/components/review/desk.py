"""One answer on the reviewer's desk: sound and text on one side, the machine's scores and the person's on the other."""

import pandas as pd
import streamlit as st

from coach.bootstrap import Services
from coach.contracts.evaluation import STAR_ITEMS, Evaluation, StarStatus
from coach.contracts.interview import Attempt
from coach.lab import coaching
from coach.lab.attempts import HumanScore, keep_scores
from coach.speech.pieces.confidence import REVIEW_BELOW
from coach.views.palette import BAND_COLOURS, band
from coach.views.sessions import find_session
from pages.components.progress import history
from pages.components.review import comments, rubric
from pages.components.review import reviewer as judge
from pages.components.shared.prose import plain

SCORES = ("overall", "content", "delivery", "relevance")
STATUSES = [status.value for status in StarStatus]


def show(parts: Services, row: pd.Series, coach: str, *, blind: bool) -> None:
    """The answer of `row`, with the scores of the machine and of others unless they are hidden until `coach` judged."""
    snapshot = find_session(parts.store, row["interview_id"])
    attempt = next((a for a in snapshot.attempts if a.id == row["attempt_id"]), None)
    if attempt is None:
        st.info("This answer was deleted meanwhile; choose another one.", icon=":material/delete:")
        return
    judged = not pd.isna(row["human"])
    hidden = blind and not row["mine"]
    with st.container(border=True):
        st.caption(plain(f"{row['question_type']} · {row['competency'] or 'general'}".capitalize()))
        st.markdown(f"## {plain(row['question_text'])}")
        plays = history.listen(attempt, parts.archive)
        comments.show(parts, attempt, coach, plays=plays)
        said, scored = st.columns(2, gap="large")
        with said:
            _answer(attempt)
        with scored:
            _doubt(row)
            if attempt.evaluation is None:
                st.caption("The feedback of this answer was deleted when its time was up.")
            elif hidden:
                st.caption(_hidden(judged=judged))
            else:
                _machine(attempt, attempt.evaluation)
            if judged and not hidden:
                _human(parts, row)
    _judgement(parts, attempt, coach, may_agree=not hidden, judged=bool(row["mine"]))


def _hidden(*, judged: bool) -> str:
    others = " Another coach judged this answer; theirs is hidden, too." if judged else ""
    return f"The machine's scores are hidden until you give yours.{others}"


def _doubt(row: pd.Series) -> None:
    """Why an answer deserves a second look."""
    sure = row["recognition_confidence"]
    if not pd.isna(sure) and sure < REVIEW_BELOW:
        st.markdown(f":orange-badge[:material/hearing: Recognised with little confidence ({sure:.2f})]")
    elif row["unsure"]:
        st.markdown(":orange-badge[:material/help: A coach is not sure]")


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


def _human(parts: Services, row: pd.Series) -> None:
    st.markdown(f"**What {plain(row['reviewer'])} gave**")
    given = (("Overall", "human"), ("Content", "human_content"), ("Delivery", "human_delivery"))
    _scores(*((name, None if pd.isna(row[key]) else float(row[key])) for name, key in given))
    used = coaching.rubric_of(parts.store, row["rubric_id"]) if isinstance(row["rubric_id"], str) else None
    if used and row["criteria"]:
        st.caption(plain(rubric.told(used, row["criteria"])))
    if row["comment"]:
        st.caption(plain(row["comment"]))


def _judgement(parts: Services, attempt: Attempt, coach: str, *, may_agree: bool, judged: bool) -> None:
    st.header("Judge it again" if judged else "Your judgement", anchor=False)
    evaluation = attempt.evaluation
    if evaluation and may_agree and st.button("I agree with the machine", icon=":material/check:", type="primary"):
        scoring = evaluation.scoring
        star = {item: getattr(evaluation.content_feedback.star_checklist, item).status.value for item in STAR_ITEMS}
        _keep(
            parts,
            attempt,
            coach,
            overall=scoring.overall,
            content=scoring.content,
            delivery=scoring.delivery if attempt.duration_seconds else None,
            relevance=scoring.content_breakdown.relevance,
            star_checklist=star,
        )
    with st.expander("Give my own scores", expanded=not judged):
        _overall_by_key(attempt)
        with st.form(f"own-{attempt.id}", border=False):
            _own_form(parts, attempt, coach)


def _own_form(parts: Services, attempt: Attempt, coach: str) -> None:
    own = _own_scores(attempt)
    criteria = rubric.in_force(parts)
    by_criterion = rubric.scores(criteria, attempt)
    comment = st.text_area("Comment", max_chars=2000, placeholder="What the machine missed", height=80)
    unsure = st.checkbox("I am not sure about this one", help="It stays findable under Filter › Unsure.")
    if not st.form_submit_button("Keep my scores"):
        return
    if own["overall"] is None and not unsure:
        st.error("Give at least an overall score, or say that you are not sure.", icon=":material/star:")
        return
    judged_with = {"rubric_id": criteria.id, "criteria": by_criterion} if criteria and by_criterion else {}
    _keep(parts, attempt, coach, comment=comment, unsure=unsure, **judged_with, **own)


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
        typed = name == "delivery" and not attempt.duration_seconds
        own[name] = column.number_input(
            name.capitalize(), 0.0, 10.0, None, 0.5, format="%.1f", key=_key(name, attempt), disabled=typed,
            placeholder="was typed" if typed else "0 to 10",
        )  # fmt: skip
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
    given = {"attempt_id": attempt.id, "reviewer": reviewer.strip(), "reviewer_id": judge.identity(), **scores}
    keep_scores(parts.store, [HumanScore.model_validate(given)])
    st.toast("Kept.")
    st.rerun()
