"""What people make of the machine's scores: answers waiting for a judgement, and how far both agree. No Streamlit."""

from typing import Any

import pandas as pd

from coach.lab.statistics.agreement import Agreement, agreement
from coach.speech.pieces.confidence import REVIEW_BELOW
from coach.store import SqlStore
from coach.store.repositories import queries
from coach.views.attempts import attempts_frame

ENOUGH = 20
"""Answers from which a kappa is told: below, its interval spans several of the words for it."""
NEWEST = 2_000
"""Answers that wait in the queue; nobody goes through more, and each drawing of the page reads all of them."""
_KAPPA_WORDS = ((0.8, "very good"), (0.6, "good"), (0.4, "moderate"), (0.2, "fair"))


def review_frame(store: SqlStore) -> pd.DataFrame:
    """One row per scored attempt, newest first, with its latest human review beside the machine's scores.

    The `NEWEST`, and all that were judged.

    Columns of `attempts_frame`, and `reviewer`, `human` (overall 0-10), `human_content`, `human_delivery`, `comment`,
    `reviewed_at`, `criteria` (scores by criterion), `rubric_id`; missing where nobody judged the attempt yet. And of
    everybody's latest word: `coaches` (who gave an overall), `coaches_apart` (points between the highest and the lowest
    overall; missing below two coaches), `machine_apart` (points between the machine and the coach furthest from it),
    `unsure` (a coach is, or the words were recognised with little confidence).
    """
    attempts, reviews = attempts_frame(store, newest=NEWEST), all_reviews(store)
    frame = attempts[attempts["overall_score"].notna()].merge(_latest(reviews), on="attempt_id", how="left")
    frame = frame.merge(_everybody(reviews), on="attempt_id", how="left")
    doubtful = frame["recognition_confidence"] < REVIEW_BELOW
    frame["unsure"] = frame["unsure"].eq(True) | doubtful
    ends = frame[["lowest", "highest"]].sub(frame["overall_score"], axis=0).abs()
    frame["machine_apart"] = ends.max(axis=1)
    return frame.sort_values(["created_at", "attempt_id"], ascending=False, kind="stable").reset_index(drop=True)


def _latest(reviews: pd.DataFrame) -> pd.DataFrame:
    names = {"overall": "human", "content": "human_content", "delivery": "human_delivery", "created_at": "reviewed_at"}
    columns = ["attempt_id", "reviewer", "comment", "criteria", "rubric_id", *names]
    judged = reviews[reviews["overall"].notna()][columns]
    frame = judged.rename(columns=names).drop_duplicates("attempt_id", keep="last")
    return frame.astype({"human": "float64", "human_content": "float64", "human_delivery": "float64"})


def _everybody(reviews: pd.DataFrame) -> pd.DataFrame:
    """By attempt, of the latest word of each coach: lowest and highest overall, whether one is unsure."""
    words = latest_words(reviews)
    words = words.assign(unsure=words["unsure"].eq(True), overall=words["overall"].astype("float64"))
    grouped = words.groupby("attempt_id")
    table = grouped.agg(lowest=("overall", "min"), highest=("overall", "max"), unsure=("unsure", "any"))
    table["coaches_apart"] = (table["highest"] - table["lowest"]).where(grouped["overall"].count() > 1)
    judged = words[words["overall"].notna()]
    table["coaches"] = judged.groupby("attempt_id")["coach"].agg(tuple)
    return table.reset_index()


def judged_by(frame: pd.DataFrame, coach: str) -> pd.Series:
    """Which answers this coach gave an overall score; `coach` is an identity, or a name where nobody signs in."""
    return frame["coaches"].map(lambda names: isinstance(names, tuple) and coach in names).astype(bool)


def latest_words(reviews: pd.DataFrame) -> pd.DataFrame:
    """The latest review of each coach on each attempt."""
    return reviews.drop_duplicates(["attempt_id", "coach"], keep="last")


def agreement_by_type(frame: pd.DataFrame) -> dict[str, Agreement]:
    """Human against machine overall: `all` first, then by question type; empty before the first human score."""
    judged = frame[frame["human"].notna()]
    if judged.empty:
        return {}
    return {"all": _agree(judged)} | {str(kind): _agree(part) for kind, part in judged.groupby("question_type")}


def _agree(part: pd.DataFrame) -> Agreement:
    return agreement(part["human"].to_numpy(float), part["overall_score"].to_numpy(float))


def all_reviews(store: SqlStore) -> pd.DataFrame:
    """Every human review, oldest first: `attempt_id, reviewer, coach, overall, content, delivery, criteria, unsure, …`.

    `coach` tells reviewers apart, also two of the same name: an identity, or the name where nobody signs in.
    """
    found = pd.DataFrame(store.run(queries.review_rows), columns=queries.REVIEW_COLUMNS)
    return found.assign(coach=found["reviewer_id"].where(found["reviewer_id"].notna(), found["reviewer"]))


def agreement_table(found: dict[str, Agreement]) -> pd.DataFrame:
    """One row per question type: `questions, answers, kappa` (see `told_kappa`)`, difference, machine higher by`."""
    rows: list[dict[str, Any]] = [
        {"questions": kind, "answers": a.n, "kappa": told_kappa(a), "difference": a.mae, "machine higher by": a.bias}
        for kind, a in found.items()
    ]
    return pd.DataFrame(rows)


def told_kappa(found: Agreement) -> float | None:
    """The weighted kappa; None below `ENOUGH` answers, where it is mostly chance."""
    return found.qwk if found.n >= ENOUGH else None


def kappa_word(kappa: float | None) -> str:
    """A word for a quadratic weighted kappa, after the bands of Altman (1991)."""
    if kappa is None:
        return "too few answers"
    return next((word for least, word in _KAPPA_WORDS if kappa >= least), "poor")


def leaning(bias: float) -> str:
    """Which way the machine differs from people, in words."""
    if abs(bias) < 0.25:
        return "as people do"
    return "more generous than people" if bias > 0 else "stricter than people"
