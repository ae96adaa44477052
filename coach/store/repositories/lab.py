"""What the prompt lab keeps: promoted bundles, live splits, human scores, measured noise, results of runs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.interview import new_id
from coach.errors import NotFoundError
from coach.store.repositories import samples
from coach.store.repositories.owners import owner_of, sealed_for
from coach.store.tables.core import (
    experiments,
    human_reviews,
    lab_consents,
    mock_interview_attempts,
    mock_interview_exchanges,
    mock_interviews,
    prompt_versions,
    results,
    runs,
    scoring_noise,
    star_stories,
    usage_tracking,
)
from coach.vault import ambient
from coach.vault.keyring import HOUSE

LIVE = "live"
SAMPLE = "sample"
"""Kind of a split between invented people: shown, never obeyed."""


def promotions(connection: sa.Connection) -> list[dict[str, Any]]:
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


def previous_bundle(connection: sa.Connection) -> dict[str, Any]:
    """The bundle that was in force before the present one.

    Raises:
        NotFoundError: there was none.
    """
    current = active_bundle(connection)
    query = sa.select(prompt_versions).order_by(prompt_versions.c.created_at.desc())
    for row in connection.execute(query).mappings():
        if current is None or row["content_hash"] != current["content_hash"]:
            return dict(row)
    raise NotFoundError("There is no earlier bundle to roll back to.")


def set_live_split(connection: sa.Connection, definition: dict[str, object] | None, at: datetime) -> None:
    """Starts a live experiment with `definition` (`name, shares, salt`), ending the one before; None only ends it."""
    ended = sa.update(experiments).where(experiments.c.kind == LIVE, experiments.c.status == "running")
    connection.execute(ended.values(status="ended"))
    if definition:
        row = {
            "id": new_id(),
            "name": definition["name"],
            "kind": LIVE,
            "status": "running",
            "definition": definition,
            "created_at": at,
        }
        connection.execute(sa.insert(experiments).values(row))


def live_split(connection: sa.Connection) -> dict[str, Any] | None:
    """The running live experiment with its `id` and `created_at`; None when there is none."""
    query = sa.select(experiments).where(experiments.c.kind == LIVE, experiments.c.status == "running")
    row = connection.execute(query.order_by(experiments.c.created_at.desc())).mappings().first()
    return {**row["definition"], "id": row["id"], "created_at": row["created_at"]} if row else None


def keep_live_look(connection: sa.Connection, experiment_id: str, look: dict[str, Any]) -> None:
    """Adds a look to a live experiment; one of the same size is there once."""
    c = experiments.c
    query = sa.select(c.definition).where(c.id == experiment_id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    definition = connection.execute(query).scalar_one()
    looks = definition.get("looks", [])
    if all(known["judged"] != look["judged"] for known in looks):
        changed = {**definition, "looks": [*looks, look]}
        connection.execute(sa.update(experiments).where(c.id == experiment_id).values(definition=changed))


def sample_split(connection: sa.Connection) -> dict[str, Any] | None:
    """The split between the invented people, as `live_split`; no real interview is divided by it."""
    row = connection.execute(sa.select(experiments).where(experiments.c.kind == SAMPLE)).mappings().first()
    return {**row["definition"], "id": row["id"], "name": row["name"], "created_at": row["created_at"]} if row else None


def live_outcomes(
    connection: sa.Connection, since: datetime, *, until: datetime | None = None, of_samples: bool = False
) -> list[dict[str, Any]]:
    """One row per evaluated attempt of interviews begun since `since`, and before `until`, with what live experiments
    look at; of real people or invented.
    """
    a, e, i = mock_interview_attempts.c, mock_interview_exchanges.c, mock_interviews.c
    cost = _paid_by_attempt()
    saved = sa.select(star_stories.c.source_attempt_id).where(star_stories.c.source_attempt_id.is_not(None))
    query = (
        sa.select(
            i.id.label("interview_id"),
            i.user_id,
            i.bundle,
            i.status.label("interview_status"),
            e.id.label("exchange_id"),
            e.question_type,
            a.id.label("attempt_id"),
            a.attempt_number,
            a.status,
            a.overall_score,
            a.timeline,
            a.created_at,
            cost.c.cost_usd,
            a.id.in_(saved).label("saved"),
        )
        .join(mock_interview_exchanges, a.exchange_id == e.id)
        .join(mock_interviews, a.interview_id == i.id)
        .outerjoin(cost, cost.c.attempt_id == a.id)
        .where(
            i.created_at >= since,
            i.is_sample.is_(of_samples),
            samples.belongs(i.user_id, to_samples=of_samples),
            a.status != "discarded",
        )
        .order_by(a.created_at, a.id)
    )
    query = query.where(i.created_at < until) if until else query
    return [dict(row) for row in connection.execute(query).mappings()]


def _paid_by_attempt() -> sa.Subquery:
    return (
        sa.select(usage_tracking.c.attempt_id, sa.func.sum(usage_tracking.c.cost_usd).label("cost_usd"))
        .group_by(usage_tracking.c.attempt_id)
        .subquery()
    )


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
    connection.execute(sa.delete(lab_consents).where(lab_consents.c.user_id == user_id))
    if agreed:
        connection.execute(sa.insert(lab_consents).values(user_id=user_id, given_at=at))


def has_consent(connection: sa.Connection, user_id: str) -> bool:
    """Whether the person agreed."""
    return connection.execute(sa.select(lab_consents).where(lab_consents.c.user_id == user_id)).first() is not None


def add_review(connection: sa.Connection, review: dict[str, Any]) -> str:
    """Keeps one human score of an attempt: `attempt_id, reviewer, overall, content, …, created_at`; returns its id.

    Raises:
        NotFoundError: the attempt does not exist.
    """
    known = sa.select(mock_interview_attempts.c.id).where(mock_interview_attempts.c.id == review["attempt_id"])
    if connection.execute(known).first() is None:
        raise NotFoundError(f"There is no attempt {review['attempt_id']}.")
    row = {"id": new_id(), **review}
    with sealed_for(connection, row):
        connection.execute(sa.insert(human_reviews).values(row))
    return str(row["id"])


def keep_noise(connection: sa.Connection, *, bundle: str, sd_overall: float, repeats: int, at: datetime) -> None:
    """Remembers the measured scoring noise of a bundle, replacing an older measurement."""
    values = {"bundle": bundle, "sd_overall": sd_overall, "repeats": repeats, "measured_at": at}
    connection.execute(sa.delete(scoring_noise).where(scoring_noise.c.bundle == bundle))
    connection.execute(sa.insert(scoring_noise).values(values))


def keep_run(connection: sa.Connection, run: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Stores a finished run and its results; the same run again replaces the older state."""
    definition = {"id": run["experiment_id"], "name": run["name"], "kind": "replay", "status": "done"}
    experiment = {**definition, "definition": run["definition"], "created_at": run["started_at"]}
    connection.execute(insert(experiments).values(experiment).on_conflict_do_nothing())
    connection.execute(sa.delete(results).where(results.c.run_id == run["id"]))
    row = {
        key: run[key] for key in ("id", "experiment_id", "status", "definition", "dataset_hash", "totals", "started_at")
    }
    values = {**row, "ended_at": run["ended_at"]}
    if connection.execute(sa.select(runs.c.id).where(runs.c.id == run["id"])).first():
        connection.execute(
            sa.update(runs).where(runs.c.id == run["id"]).values(status=values["status"], totals=values["totals"])
        )
    else:
        connection.execute(sa.insert(runs).values(values))
    for person, theirs in _by_owner(connection, rows).items():
        with ambient.belonging_to(person):
            connection.execute(sa.insert(results), [{"id": new_id(), "run_id": run["id"], **r} for r in theirs])


def _by_owner(connection: sa.Connection, rows: Sequence[dict[str, object]]) -> dict[str, list[dict[str, object]]]:
    """Rows by the person whose answer they judge; all together while nothing is sealed."""
    owners = {row["item_id"]: owner_of(connection, {"item_id": row["item_id"]}) for row in rows if ambient.ring()}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(owners.get(row["item_id"], HOUSE), []).append(row)
    return found
