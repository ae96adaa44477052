"""Attempts and sessions as DataFrames: one row each, typed columns, the best attempt of every question marked."""

import pandas as pd

from coach.store import SqlStore
from coach.store.repositories import queries
from coach.views.palette import band
from coach.views.sessions import list_sessions

_FLOATS = (
    "overall_score", "content_score", "delivery_score", "star_score", "relevance_score", "clarity_score",
    "impact_score", "pace_score", "filler_score", "pause_score", "confidence_score", "eye_contact_score", "wpm",
    "articulation_wpm", "speech_seconds", "duration_seconds", "recognition_confidence",
)  # fmt: skip
_COUNTS = ("word_count", "filler_count", "long_pause_count")
_TIMES = ("created_at", "finished_at", "interview_created_at", "audio_expires_at", "audio_deleted_at")


def attempts_frame(
    store: SqlStore, interview_id: str | None = None, *, user_id: str | None = None, newest: int | None = None
) -> pd.DataFrame:
    """One row per attempt that was not discarded, oldest session first; with `newest` see `queries.attempt_rows`.

    Columns: ids, `question_text`, `attempt_number`, `best` (the one that counts), `band` (low, middle, high, none),
    scores 0-10, `wpm`, `filler_count` (missing where not measurable), `fillers_per_minute`, times in UTC.
    """
    rows = store.run(queries.attempt_rows, interview_id, user_id, newest=newest)
    frame = pd.DataFrame(rows, columns=None if rows else _empty_columns())
    for name in _FLOATS:
        frame[name] = pd.to_numeric(frame[name]).astype("float64")
    for name in _COUNTS:
        frame[name] = frame[name].astype("Int64")
    for name in _TIMES:
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame["best"] = best_mask(frame)
    frame["band"] = [band(score) for score in frame["overall_score"]]
    minutes = frame["duration_seconds"].where(frame["duration_seconds"] > 0) / 60
    frame["fillers_per_minute"] = frame["filler_count"].astype("Float64") / minutes
    frame["question"] = [short(text) for text in frame["question_text"]]
    return frame


def _empty_columns() -> list[str]:
    ids = ["attempt_id", "exchange_id", "interview_id", "attempt_number", "status", "question_order", "question_text"]
    more = [
        "competency",
        "question_type",
        "follow_up_of",
        "is_sample",
        "user_id",
        "person",
        "job_title",
        "bundle",
        "verbatim",
        "audio_uri",
        "transcriber",
    ]
    return [*ids, *more, "brain", "model", "prompt_version", *_FLOATS, *_COUNTS, *_TIMES]


def best_mask(frame: pd.DataFrame) -> pd.Series:
    """True for the highest overall of each question, of equals the earlier; follow-ups count for themselves."""
    scored = frame[frame["overall_score"].notna()]
    ordered = scored.sort_values(["overall_score", "attempt_number"], ascending=[False, True], kind="stable")
    best = ordered.drop_duplicates("exchange_id").index
    return pd.Series(frame.index.isin(best), index=frame.index, dtype=bool)


def sessions_frame(store: SqlStore, *, user_id: str | None = None) -> pd.DataFrame:
    """One row per session, newest first, with its score so far."""
    frame = pd.DataFrame(list_sessions(store, user_id))
    for name in ("created_at", "ended_at"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def improvement_frame(attempts: pd.DataFrame) -> pd.DataFrame:
    """One row per question answered more than once: first and best score, and what the retries brought."""
    scored = attempts[attempts["overall_score"].notna() & attempts["follow_up_of"].isna()]
    ordered = scored.sort_values("attempt_number")
    grouped = ordered.groupby("exchange_id", sort=False)
    table = grouped.agg(
        question=("question", "first"),
        competency=("competency", "first"),
        interview_created_at=("interview_created_at", "first"),
        attempts=("attempt_id", "count"),
        first=("overall_score", "first"),
        best=("overall_score", "max"),
    )
    table["gain"] = (table["best"] - table["first"]).round(1)
    return table[table["attempts"] > 1].reset_index()


def competency_frame(attempts: pd.DataFrame) -> pd.DataFrame:
    """One row per competency: questions and the mean of their best attempts."""
    best = attempts[attempts["best"] & (attempts["competency"] != "")]
    table = best.groupby("competency").agg(questions=("exchange_id", "nunique"), score=("overall_score", "mean"))
    return table.round(1).sort_values("score").reset_index()


def short(text: str, limit: int = 56) -> str:
    """The beginning of a question, cut between words."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
