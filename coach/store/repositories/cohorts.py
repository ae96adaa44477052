"""How far practice goes, by group: one row per group and person, counted by the database.

A session has started once an answer was begun. Each step counts sessions that took all steps before: *completed*, then
*retried* (some question answered more than once), then *saved* (some answer kept as a story). By competency a session
counts once for each competency it asks about, and only questions of that competency make it retried or saved. The gain
of a retry is the second scored answer to a question minus the first: a best of many would grow by noise alone.
"""

from collections.abc import Collection, Sequence
from typing import Any, Literal, get_args

import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus, InterviewStatus
from coach.store.repositories import stated_jobs
from coach.store.tables.core import (
    job_descriptions,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    scoring_noise,
    star_stories,
    users,
)
from coach.vault import ambient

Dimension = Literal["person", "job", "competency", "bundle", "week"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
COLUMNS = (
    "key", "label", "user_id", "started", "completed", "retried", "saved", "gains", "gain_sum", "gain_squares",
    "noise_sum",
)  # fmt: skip
_SUMMED = COLUMNS[3:]
Rows = list[dict[str, object]]


def group_rows(
    connection: sa.Connection,
    dimension: Dimension,
    *,
    unmeasured_sd: float,
    of_samples: bool = False,
    hidden: Collection[str] = (),
) -> Rows:
    """One row per group and person: `COLUMNS`.

    Args:
        connection: the transaction.
        dimension: what makes a group; weeks begin on Monday (UTC).
        unmeasured_sd: scoring noise (SD of overall) of bundles that were never measured.
        of_samples: invented people instead of real ones.
        hidden: sessions that are left out, because they are being deleted.

    Returns:
        `gains` questions with two scores, the sum and the sum of squares of their gains in points, and `noise_sum`, the
        variance their sum has from scoring noise alone: `2 sd^2` each.
    """
    session = _per_session(dimension, unmeasured_sd, of_samples=of_samples, hidden=hidden).subquery()
    c = session.c
    kept = c.completed * c.retried
    counted: dict[str, Any] = {
        "started": sa.func.count(), "completed": sa.func.sum(c.completed), "retried": sa.func.sum(kept),
        "saved": sa.func.sum(kept * c.saved), "gains": sa.func.sum(c.gains), "gain_sum": sa.func.sum(c.gain_sum),
        "gain_squares": sa.func.sum(c.gain_squares), "noise_sum": sa.func.sum(c.noise_sum),
    }  # fmt: skip
    query = (
        sa.select(c.key, sa.func.max(c.label).label("label"), c.user_id, *(v.label(n) for n, v in counted.items()))
        .group_by(c.key, c.user_id)
        .order_by(c.key, c.user_id)
    )
    rows = connection.execute(query).mappings().all()
    return _jobs_named(connection, rows) if dimension == "job" and ambient.ring() else [dict(row) for row in rows]


def _jobs_named(connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> Rows:
    """Rows by session as rows by job, where the database cannot read what a job is called."""
    jobs = stated_jobs.keys_and_titles(connection)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key, label = jobs[row["key"]]
        known = found.setdefault(
            (key, row["user_id"]), {**row, "key": key, "label": label, **dict.fromkeys(_SUMMED, 0)}
        )
        known |= {name: known[name] + row[name] for name in _SUMMED}
    return [found[place] for place in sorted(found)]


def _group(dimension: Dimension, question: Any) -> tuple[Any, Any]:
    """Key and label of a session's group."""
    i = mock_interviews.c
    title = stated_jobs.title(job_descriptions.c.title)
    by_title = (sa.func.coalesce(i.job_description_id, title), title)
    week = sa.cast(sa.func.date_trunc("week", sa.func.timezone("UTC", i.created_at)), sa.Date)
    found: dict[Dimension, tuple[object, object]] = {
        "person": (i.user_id, sa.func.coalesce(users.c.name, i.user_id)),
        "job": (i.id, sa.literal("")) if ambient.ring() else by_title,
        "competency": (question.competency, question.competency),
        "bundle": (i.bundle, i.bundle),
        "week": (sa.cast(week, sa.String), sa.cast(week, sa.String)),
    }
    return found[dimension]


def _per_session(
    dimension: Dimension, unmeasured_sd: float, *, of_samples: bool, hidden: Collection[str]
) -> sa.Select[object]:
    """One row per session and group, steps as 0 or 1, not yet one after the other."""
    i, q = mock_interviews.c, _per_question().subquery().c
    key, label = _group(dimension, q)
    gain = q.second - q.first
    sd = sa.func.coalesce(scoring_noise.c.sd_overall, unmeasured_sd)
    query = (
        sa.select(
            key.label("key"),
            sa.func.max(label).label("label"),
            i.user_id.label("user_id"),
            sa.func.max(sa.case((i.status == InterviewStatus.COMPLETED.value, 1), else_=0)).label("completed"),
            sa.func.max(q.retried).label("retried"),
            sa.func.max(q.saved).label("saved"),
            sa.func.count(gain).label("gains"),
            sa.func.coalesce(sa.func.sum(gain), 0.0).label("gain_sum"),
            sa.func.coalesce(sa.func.sum(gain * gain), 0.0).label("gain_squares"),
            sa.func.sum(sa.case((gain.is_not(None), 2 * sd * sd), else_=0.0)).label("noise_sum"),
        )
        .join_from(mock_interviews, q.interview_id.table, q.interview_id == i.id)
        .outerjoin(users, users.c.id == i.user_id)
        .outerjoin(job_descriptions, job_descriptions.c.id == i.job_description_id)
        .outerjoin(scoring_noise, scoring_noise.c.bundle == i.bundle)
        .where(i.is_sample.is_(of_samples))
        .group_by(i.id, i.user_id, key)
    )
    return query.where(i.id.not_in(list(hidden))) if hidden else query


def _per_question() -> sa.Select[object]:
    """One row per question somebody began to answer; a follow-up is no question of its own to retry."""
    a, e, s = mock_interview_attempts.c, mock_interview_exchanges.c, star_stories.c
    standing = a.status != AttemptStatus.DISCARDED.value
    scored = sa.case((a.overall_score.is_not(None), 0), else_=1)
    turn = sa.func.row_number().over(
        partition_by=a.exchange_id, order_by=(scored, a.attempt_number, a.created_at, a.id)
    )
    told = sa.case((sa.exists().where(s.source_attempt_id == a.id), 1), else_=0)
    answers = (
        sa.select(a.exchange_id, a.overall_score, turn.label("turn"), told.label("saved")).where(standing).subquery()
    )
    t = answers.c
    main = e.follow_up_of.is_(None)
    first, second = (sa.func.max(sa.case((sa.and_(main, t.turn == number), t.overall_score))) for number in (1, 2))
    return (
        sa.select(
            e.interview_id,
            e.competency,
            sa.case((sa.and_(main, sa.func.count() > 1), 1), else_=0).label("retried"),
            sa.func.max(t.saved).label("saved"),
            first.label("first"),
            second.label("second"),
        )
        .join_from(answers, mock_interview_exchanges, e.id == t.exchange_id)
        .group_by(e.id, e.interview_id, e.competency, e.follow_up_of)
    )
