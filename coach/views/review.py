"""What people make of the machine's scores: answers waiting for a judgement, and how far both agree. No Streamlit."""

from itertools import combinations
from typing import Any

import pandas as pd

from coach.lab.statistics.agreement import Agreement, agreement
from coach.store import SqlStore
from coach.store.repositories import queries
from coach.views.attempts import attempts_frame

ENOUGH = 20
_KAPPA_WORDS = ((0.8, "very good"), (0.6, "good"), (0.4, "moderate"), (0.2, "fair"))


def review_frame(store: SqlStore) -> pd.DataFrame:
    """One row per scored attempt, newest first, with its latest human review beside the machine's scores.

    Columns of `attempts_frame`, and `reviewer`, `human` (overall 0-10), `human_content`, `human_delivery`, `comment`,
    `reviewed_at`; missing where nobody judged the attempt yet.
    """
    attempts = attempts_frame(store)
    frame = attempts[attempts["overall_score"].notna()].merge(_latest(store), on="attempt_id", how="left")
    return frame.sort_values(["created_at", "attempt_id"], ascending=False, kind="stable").reset_index(drop=True)


def _latest(store: SqlStore) -> pd.DataFrame:
    names = {"overall": "human", "content": "human_content", "delivery": "human_delivery", "created_at": "reviewed_at"}
    columns = ["attempt_id", "reviewer", "comment", *names]
    rows = [{name: row[name] for name in columns} for row in store.run(queries.review_rows)]
    frame = pd.DataFrame(rows, columns=columns).rename(columns=names).drop_duplicates("attempt_id", keep="last")
    return frame.astype({"human": "float64", "human_content": "float64", "human_delivery": "float64"})


def agreement_by_type(frame: pd.DataFrame) -> dict[str, Agreement]:
    """Human against machine overall: `all` first, then by question type; empty before the first human score."""
    judged = frame[frame["human"].notna()]
    if judged.empty:
        return {}
    return {"all": _agree(judged)} | {str(kind): _agree(part) for kind, part in judged.groupby("question_type")}


def _agree(part: pd.DataFrame) -> Agreement:
    return agreement(part["human"].to_numpy(float), part["overall_score"].to_numpy(float))


def reviewers_table(frame: pd.DataFrame, reviews: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of people who judged the same answers: `first, second, answers, difference, first higher by`.

    Args:
        frame: the answers looked at, with `attempt_id`.
        reviews: of `all_reviews`.
    """
    seen = reviews[reviews["attempt_id"].isin(frame["attempt_id"])].dropna(subset=["overall"])
    seen = seen.drop_duplicates(["attempt_id", "reviewer"], keep="last")
    wide = seen.pivot(index="attempt_id", columns="reviewer", values="overall")
    rows = []
    for first, second in combinations(wide.columns, 2):
        both = (wide[first] - wide[second]).dropna()
        if len(both):
            names = {"first": first, "second": second, "answers": len(both)}
            rows.append({**names, "difference": both.abs().mean(), "first higher by": both.mean()})
    return pd.DataFrame(rows, columns=["first", "second", "answers", "difference", "first higher by"])


def all_reviews(store: SqlStore) -> pd.DataFrame:
    """Every human score: `attempt_id, reviewer, overall`, oldest first."""
    rows = store.run(queries.review_rows)
    return pd.DataFrame(rows, columns=None if rows else ["attempt_id", "reviewer", "overall"])


def agreement_table(found: dict[str, Agreement]) -> pd.DataFrame:
    """One row per question type for the page: `questions, answers, kappa, difference, machine higher by`."""
    rows: list[dict[str, Any]] = [
        {"questions": kind, "answers": a.n, "kappa": a.qwk, "difference": a.mae, "machine higher by": a.bias}
        for kind, a in found.items()
    ]
    return pd.DataFrame(rows)


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
