"""Sessions as plain values: what the command line prints and pages list. No pandas, so that commands start fast."""

from collections.abc import Sequence
from typing import Any

from coach.contracts.asking import asker, own_id
from coach.contracts.base import Record
from coach.contracts.interview import Attempt, Exchange, InterviewSnapshot, InterviewStatus, PlannedQuestion
from coach.errors import NotFoundError
from coach.interview import rollup
from coach.store import SqlStore
from coach.store.repositories import interviews, queries

Plain = dict[str, Any]
LOOKED_UP_MOST = 500
"""Sessions whose answers are looked up by id; of more all answers are read at once."""


def list_sessions(store: SqlStore, user_id: str | None = None) -> list[Plain]:
    """All sessions, newest first, with a score so far where the session is not finished."""
    rows = store.run(queries.interview_rows, user_id)
    attempts: dict[str, list[Plain]] = {}
    if unscored := [row["id"] for row in rows if row["overall_score"] is None and row["attempts"]]:
        few = unscored if len(unscored) <= LOOKED_UP_MOST else None
        for attempt in store.run(queries.attempt_rows, None, user_id, sessions_only=few):
            attempts.setdefault(attempt["interview_id"], []).append(attempt)
    return [_listed(row, attempts.get(row["id"], [])) for row in rows]


def running(store: SqlStore, most: int) -> list[str]:
    """Ids of the sessions in progress, the one that moved last first."""
    return store.run(queries.running_ids, most)


class AskedQuestion(Record):
    """A question that was asked before, to be practised again, and the job it was asked for."""

    id: str
    question: PlannedQuestion
    job_description_id: str | None = None


def asked_question(store: SqlStore, wanted: str, user_id: str = "") -> AskedQuestion | None:
    """The question with this id, or the one answered by the attempt with this id; None once it is gone."""
    row = store.run(queries.question_row, wanted, user_id or own_id()) if wanted else None
    if row is None:
        return None
    question = PlannedQuestion(text=row["question_text"], type=row["question_type"], competency=row["competency"])
    return AskedQuestion(id=row["id"], question=question, job_description_id=row["job_description_id"])


def any_session(store: SqlStore, user_id: str = "") -> bool:
    """Whether the person ever gave an answer; sample content does not count."""
    return store.run(queries.ever_answered, user_id or own_id())


def begun_sessions(store: SqlStore, user_id: str = "") -> list[Plain]:
    """The person's sessions that were begun and not finished, newest first: what can be resumed; no sample content."""
    unfinished = (InterviewStatus.PLANNED, InterviewStatus.IN_PROGRESS, InterviewStatus.ABANDONED)
    rows = store.run(queries.interview_rows, user_id or own_id())
    return [row for row in rows if row["status"] in unfinished and row["attempts"] and not row["is_sample"]]


def _listed(row: Plain, attempts: list[Plain]) -> Plain:
    job = row["job"] or {}
    return {
        "interview_id": row["id"],
        "status": row["status"],
        "created_at": row["created_at"],
        "ended_at": row["ended_at"],
        "job_title": row["job_title"] or job.get("job_title", ""),
        "company": row["company"] or job.get("company", ""),
        "user_id": row["user_id"],
        "person": row["person"] or row["user_id"],
        "persona_id": row["persona_id"],
        "q_count": row["q_count"],
        "questions_answered": row["questions_answered"],
        "attempts": row["attempts"],
        "overall_score": row["overall_score"] if row["overall_score"] is not None else score_so_far(attempts),
        "readiness_score": row["readiness_score"],
        "is_sample": row["is_sample"],
    }


def score_so_far(rows: Sequence[Plain]) -> float | None:
    """The roll-up of a session from its attempt rows; None before the first score."""
    names = ("exchange_id", "interview_id", "attempt_number", "status", "overall_score")
    attempts = [Attempt.model_construct(id=r["attempt_id"], **{n: r[n] for n in names}) for r in rows]
    questions = {r["exchange_id"]: _question(r) for r in rows}
    return rollup.session_score(list(questions.values()), attempts)


def _question(row: Plain) -> Exchange:
    return Exchange(
        id=row["exchange_id"],
        interview_id=row["interview_id"],
        order=row["question_order"],
        question_text=row["question_text"],
        follow_up_of=row["follow_up_of"],
    )


def find_session(store: SqlStore, interview_id: str) -> InterviewSnapshot:
    """One session whole.

    Raises:
        NotFoundError: there is none of this id.
    """
    snapshot = store.run(interviews.load_interview, interview_id)
    if snapshot is None:
        raise NotFoundError(f"There is no session {interview_id}.", mend="`python -m coach interview list` shows them.")
    return snapshot


def require_own(store: SqlStore, interview_id: str) -> None:
    """A session is changed and deleted by the person it belongs to, whoever else may see it.

    Raises:
        NotFoundError: it is not theirs, or there is none.
    """
    if find_session(store, interview_id).interview.user_id != own_id() and asker() is not None:
        raise NotFoundError(f"There is no session {interview_id}.")


def show_session(store: SqlStore, interview_id: str) -> Plain:
    """One session with its questions, each with its attempts, the best one marked.

    Raises:
        NotFoundError: there is none of this id.
    """
    snapshot = find_session(store, interview_id)
    session = snapshot.interview.model_dump(mode="json")
    score = rollup.session_score(snapshot.exchanges, snapshot.attempts)
    return {
        "interview_id": session.pop("id"),
        **session,
        "overall_score": session["overall_score"] if session["overall_score"] is not None else score,
        "exchanges": [_exchange(exchange, snapshot) for exchange in snapshot.exchanges],
    }


def _exchange(exchange: Exchange, snapshot: InterviewSnapshot) -> Plain:
    attempts = rollup.standing(a for a in snapshot.attempts if a.exchange_id == exchange.id)
    ranks = rollup.ranks(attempts)
    best = rollup.best_attempt(attempts)
    plain = exchange.model_dump(mode="json")
    return {
        "exchange_id": plain.pop("id"),
        **plain,
        "best_attempt_id": best.id if best else None,
        "best_score": best.overall_score if best else None,
        "attempts": [_attempt(attempt, ranks[attempt.id].value, best) for attempt in attempts],
    }


def _attempt(attempt: Attempt, rank: str, best: Attempt | None) -> Plain:
    plain = attempt.model_dump(mode="json")
    return {
        "attempt_id": plain.pop("id"),
        "best": best is not None and best.id == attempt.id,
        "rank": rank,
        **plain,
        "transcript": attempt.transcript.text if attempt.transcript else None,
        "words": (plain["transcript"] or {}).get("words", []),
    }
