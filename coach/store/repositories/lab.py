"""What the prompt lab keeps: promoted bundles, live splits, human scores, measured noise, results of runs."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from coach.contracts.asking import signed_by
from coach.contracts.interview import new_id
from coach.errors import NotFoundError
from coach.store.repositories.in_turn import in_turn
from coach.store.repositories.owners import sealed_for
from coach.store.tables.core import (
    human_reviews,
    lab_consents,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    prompt_versions,
)


def promotions(connection: sa.Connection) -> list[dict[str, object]]:
    """Every promotion, newest first: `id, name, version, content_hash, is_active, reason, created_at`."""
    columns = [c for c in prompt_versions.c if c.name != "content"]
    rows = connection.execute(sa.select(*columns).order_by(prompt_versions.c.created_at.desc(), prompt_versions.c.id))
    return [dict(row) for row in rows.mappings()]


def promote(
    connection: sa.Connection,
    *,
    name: str,
    version: str,
    content_hash: str,
    files: dict[str, str],
    reason: str,
    at: datetime,
    evidence: dict[str, object] | None = None,
    before: dict[str, object] | None = None,
) -> str:
    """Makes a bundle the one in force and remembers its very text; returns the promotion's id.

    `before` (`name, version, content_hash, content, reason`) is what was in force although never promoted: kept as the
    first line of the record, so that the first promotion can be taken back too.
    """
    in_turn(connection, "promotion")
    if before and connection.execute(sa.select(prompt_versions.c.id).limit(1)).first() is None:
        first = {"id": new_id(), **before, "is_active": False, "created_at": at - timedelta(milliseconds=1)}
        connection.execute(sa.insert(prompt_versions).values(first))
    connection.execute(sa.update(prompt_versions).values(is_active=False))
    row = {
        "id": new_id(),
        "name": name,
        "version": version,
        "content_hash": content_hash,
        "content": files,
        "is_active": True,
        "reason": reason,
        "evidence": evidence,
        "created_at": at,
    }
    connection.execute(sa.insert(prompt_versions).values(row))
    return str(row["id"])


def active_bundle(connection: sa.Connection) -> dict[str, Any] | None:
    """The promoted bundle in force with its text; None when none was ever promoted."""
    query = sa.select(prompt_versions).where(prompt_versions.c.is_active)
    row = connection.execute(query.order_by(prompt_versions.c.created_at.desc())).mappings().first()
    return dict(row) if row else None


def promoted(connection: sa.Connection, promotion_id: str) -> dict[str, Any]:
    """One line of the record of promotions, with its text.

    Raises:
        NotFoundError: there is none.
    """
    query = sa.select(prompt_versions).where(prompt_versions.c.id == promotion_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError("There is no such promotion.")
    return dict(row)


def stored_answers(
    connection: sa.Connection,
    *,
    include_sample: bool = False,
    of_samples: bool = False,
    since: datetime | None = None,
    bundle: str = "",
    worst: int | None = None,
) -> list[dict[str, object]]:
    """Evaluated attempts with all a dataset needs: transcript, question, job, delivery, machine and latest human score.

    Only answers of people who consented; answers whose text was deleted are gone; sample content, which is nobody's,
    on demand beside them (`include_sample`) or alone (`of_samples`). `since` and `bundle` (a label) narrow; `worst`
    asks for so many of the lowest overall, worst first.
    """
    a, e, i, h = mock_interview_attempts.c, mock_interview_exchanges.c, mock_interviews.c, human_reviews.c
    query = (
        sa.select(
            a.id, i.user_id, a.transcript, a.duration_seconds, a.delivery_metrics, a.overall_score, a.content_score,
            a.created_at, a.prompt_version, a.evaluation, e.question_text, e.question_type, e.competency,
            e.follow_up_of, i.job, i.job_description_id, i.id.label("interview_id"), a.extra,
        )
        .join(mock_interview_exchanges, a.exchange_id == e.id)
        .join(mock_interviews, a.interview_id == i.id)
        .where(a.status == "evaluated", a.transcript.is_not(None), a.transcript != "")
    )  # fmt: skip
    query = query.where(a.created_at >= since) if since else query
    query = query.where(a.prompt_version == bundle) if bundle else query
    scored = query.where(a.overall_score.is_not(None)).order_by(a.overall_score, a.id).limit(worst)
    query = query.order_by(a.created_at, a.id) if worst is None else scored
    agreed = i.user_id.in_(sa.select(lab_consents.c.user_id)) & sa.not_(i.is_sample)
    alone = i.is_sample if of_samples else agreed
    query = query.where(sa.or_(agreed, i.is_sample) if include_sample else alone)
    judged = sa.or_(h.overall.is_not(None), h.content.is_not(None), h.relevance.is_not(None))
    reviews = sa.select(human_reviews).where(judged).order_by(h.created_at, h.id)
    latest = {row["attempt_id"]: dict(row) for row in connection.execute(reviews).mappings()}
    return [{**row, "review": latest.get(row["id"])} for row in connection.execute(query).mappings()]


def set_consent(connection: sa.Connection, user_id: str, agreed: bool, at: datetime) -> None:
    """Remembers whether a person's answers may be replayed in the lab; no word on it means no."""
    in_turn(connection, f"lab consent of {user_id}")
    connection.execute(sa.delete(lab_consents).where(lab_consents.c.user_id == user_id))
    if agreed:
        connection.execute(sa.insert(lab_consents).values(user_id=user_id, given_at=at))


def has_consent(connection: sa.Connection, user_id: str) -> bool:
    """Whether the person agreed."""
    return connection.execute(sa.select(lab_consents).where(lab_consents.c.user_id == user_id)).first() is not None


def add_review(connection: sa.Connection, review: dict[str, object]) -> str:
    """Keeps one human score of an attempt: `attempt_id, reviewer, overall, content, …, created_at`; returns its id.

    Raises:
        NotFoundError: the attempt does not exist.
    """
    known = sa.select(mock_interview_attempts.c.id).where(mock_interview_attempts.c.id == review["attempt_id"])
    if connection.execute(known).first() is None:
        raise NotFoundError(f"There is no attempt {review['attempt_id']}.")
    row = {"id": new_id(), "reviewer_id": signed_by(), **review}
    with sealed_for(connection, row):
        connection.execute(sa.insert(human_reviews).values(row))
    return str(row["id"])
