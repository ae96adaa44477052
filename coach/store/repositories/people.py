"""A person's rows, whichever table they are in: to list people, to hand everything over, to forget everything."""

import sqlalchemy as sa

from coach.contracts.interview import new_id
from coach.errors import ConflictError, NotFoundError
from coach.store.repositories import samples, use_by_day
from coach.store.tables.billing import (
    billing_accounts,
    billing_credits,
    billing_outbox,
    billing_payments,
    billing_uses,
    budget_alerts,
)
from coach.store.tables.core import (
    human_reviews,
    job_descriptions,
    lab_consents,
    mock_interview_attempts,
    mock_interviews,
    results,
    resumes,
    role_profiles,
    star_stories,
    usage_tracking,
    users,
)
from coach.store.tables.people import access_facts, consents, identities, invitations, memberships
from coach.store.tables.review import review_comments, review_rubrics

Rows = list[dict[str, object]]
MATERIAL = (star_stories, resumes, job_descriptions, role_profiles)
"""In the order in which they may be deleted."""
GONE = "gone"
"""Who did it, once that person is deleted."""
_PLACES = (memberships, identities, consents)
_SIGNED = (
    (human_reviews, "reviewer", "reviewer_id"),
    (review_comments, "author", "author_id"),
    (review_rubrics, "author", "author_id"),
)
"""What a coach judged, said and judges by: the name, and the account behind it."""
_OPEN_USAGE = ("pending", "queued")
_RUNNING = ("active", "trialing", "past_due")


def listed(connection: sa.Connection) -> Rows:
    """People with their number of sessions and attempts, by name; samples marked: `id, name, created_at, …`."""
    i, a = mock_interviews.c, mock_interview_attempts.c
    sessions = sa.select(sa.func.count()).where(i.user_id == users.c.id).scalar_subquery()
    attempts = (
        sa.select(sa.func.count())
        .select_from(mock_interview_attempts.join(mock_interviews, i.id == a.interview_id))
        .where(i.user_id == users.c.id)
        .scalar_subquery()
    )
    query = sa.select(users, sessions.label("sessions"), attempts.label("attempts")).order_by(users.c.name, users.c.id)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    return [{**row, "is_sample": row["id"].startswith(samples.PREFIX)} for row in rows]


def sessions_of(connection: sa.Connection, user_id: str) -> list[str]:
    """Ids of the person's own sessions, oldest first; sample content is nobody's.

    Raises:
        NotFoundError: nobody of this id is known.
    """
    if connection.execute(sa.select(users.c.id).where(users.c.id == user_id)).first() is None:
        raise NotFoundError(f"There is nobody called {user_id}.", mend="`python -m coach user list` shows everybody.")
    i = mock_interviews.c
    query = sa.select(i.id).where(i.user_id == user_id, i.is_sample.is_(False)).order_by(i.created_at, i.id)
    return list(connection.execute(query).scalars())


def attempts_of(connection: sa.Connection, interview_ids: list[str]) -> list[str]:
    """Ids of all their attempts."""
    c = mock_interview_attempts.c
    return list(connection.execute(sa.select(c.id).where(c.interview_id.in_(interview_ids))).scalars())


def rows_of(connection: sa.Connection, user_id: str) -> dict[str, Rows]:
    """Everything of a person beside the sessions themselves, by table; no sample content."""
    attempts = attempts_of(connection, sessions_of(connection, user_id))
    found = {
        "users": sa.select(users).where(users.c.id == user_id),
        "lab_consents": sa.select(lab_consents).where(lab_consents.c.user_id == user_id),
        "usage_tracking": sa.select(usage_tracking).where(usage_tracking.c.user_id == user_id),
        "human_reviews": sa.select(human_reviews).where(human_reviews.c.attempt_id.in_(attempts)),
        "review_comments": sa.select(review_comments).where(review_comments.c.attempt_id.in_(attempts)),
        "results": sa.select(results).where(results.c.item_id.in_(attempts)),
    }
    for table in (billing_accounts, billing_credits, billing_uses, budget_alerts):
        found[table.name] = sa.select(table).where(table.c.user_id == user_id)
    for table in _PLACES:
        found[table.name] = sa.select(table).where(table.c.person_id == user_id)
    for table in MATERIAL:
        found[table.name] = sa.select(table).where(*_own(table, user_id))
    found |= _deeds(user_id) | _paid(user_id)
    return {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in found.items()}


def _deeds(user_id: str) -> dict[str, sa.Select[tuple[object, ...]]]:
    """What the person did beside practising: changes of access, invitations without their secrets, work as a coach."""
    facts, invited = access_facts.c, invitations.c
    shown = [column for column in invited if column.name != "token_hash"]
    found = {
        "access_facts": sa.select(access_facts).where(sa.or_(facts.person_id == user_id, facts.by_id == user_id)),
        "invitations": sa.select(*shown).where(sa.or_(invited.used_by == user_id, invited.created_by == user_id)),
        "consents_to_me": sa.select(consents).where(consents.c.coach_id == user_id),
    }
    return found | {
        f"{table.name}_by_me": sa.select(table).where(table.c[account] == user_id) for table, _, account in _SIGNED
    }


def _paid(user_id: str) -> dict[str, sa.Select[tuple[object, ...]]]:
    """What was told to Stripe and came back, under the number Stripe gave the person."""
    account = billing_accounts.c
    customer = sa.select(account.stripe_customer_id).where(account.user_id == user_id)
    return {
        table.name: sa.select(table).where(table.c.customer_id.in_(customer))
        for table in (billing_payments, billing_outbox)
    }


def _own(table: sa.Table, user_id: str) -> list[sa.ColumnElement[bool]]:
    own = [table.c.user_id == user_id]
    return [*own, table.c.is_sample.is_(False)] if "is_sample" in table.c else own


def require_no_subscription(connection: sa.Connection, user_id: str) -> None:
    """A subscription that runs would go on being paid for.

    Raises:
        ConflictError: there is one.
    """
    c = billing_accounts.c
    running = sa.select(c.user_id).where(c.user_id == user_id, c.subscription_id.is_not(None), c.status.in_(_RUNNING))
    if connection.execute(running).first():
        raise ConflictError(
            "Your subscription is still running.", mend="Cancel it first (Practice, *Your plan*), then delete."
        )


def forget(connection: sa.Connection, user_id: str) -> dict[str, int]:
    """Deletes what a person has beside sessions; returns how many rows of each kind went.

    The account stays, by its id alone, as long as use of it waits to be billed; payments stay for the books, under the
    number Stripe gave them.
    """
    gone = {}
    for table in MATERIAL:
        gone[table.name] = connection.execute(sa.delete(table).where(*_own(table, user_id))).rowcount
    for table in (lab_consents, billing_credits, billing_uses, budget_alerts):
        gone[table.name] = connection.execute(sa.delete(table).where(table.c.user_id == user_id)).rowcount
    for table in _PLACES:
        gone[table.name] = connection.execute(sa.delete(table).where(table.c.person_id == user_id)).rowcount
    _forget_deeds(connection, user_id)
    _forget_signature(connection, user_id)
    u = usage_tracking.c
    settled = sa.update(usage_tracking).where(u.user_id == user_id, u.billed_state.not_in(_OPEN_USAGE))
    connection.execute(settled.values(user_id=None, call_id=""))
    # In use_by_day and cost_by_month triggers took it off: rows that come to nothing go now, with the name in them.
    use_by_day.put_together(connection, user_id)
    if not _waits_to_be_billed(connection, user_id):
        of_person = billing_accounts.c.user_id == user_id
        gone[billing_accounts.name] = connection.execute(sa.delete(billing_accounts).where(of_person)).rowcount
    if not _has_samples(connection, user_id):
        connection.execute(sa.delete(users).where(users.c.id == user_id))
    return {name: count for name, count in gone.items() if count > 0}


def _forget_deeds(connection: sa.Connection, user_id: str) -> None:
    """What was done about access stays as a fact without the person."""
    named = (
        (invitations, invitations.c.used_by, None),
        (invitations, invitations.c.created_by, GONE),
        (consents, consents.c.coach_id, GONE),
        (access_facts, access_facts.c.person_id, None),
        (access_facts, access_facts.c.by_id, GONE),
    )
    for table, column, instead in named:
        connection.execute(sa.update(table).where(column == user_id).values({column.name: instead}))


def _forget_signature(connection: sa.Connection, user_id: str) -> None:
    """What a coach judged and said of others stays theirs, under a name that tells two who left apart."""
    instead = f"Former coach {new_id()[:6]}"
    for table, name, account in _SIGNED:
        signed = sa.update(table).where(table.c[account] == user_id)
        connection.execute(signed.values({name: instead, account: None}))


def _waits_to_be_billed(connection: sa.Connection, user_id: str) -> bool:
    u, account = usage_tracking.c, billing_accounts.c
    used = sa.select(u.event_id).where(u.user_id == user_id, u.billed_state.in_(_OPEN_USAGE), u.billable.is_(True))
    customer = sa.select(account.stripe_customer_id).where(account.user_id == user_id)
    open_rows = sa.select(billing_outbox.c.event_id).where(
        billing_outbox.c.customer_id.in_(customer), billing_outbox.c.settled_at.is_(None)
    )
    return any(connection.execute(query.limit(1)).first() for query in (used, open_rows))


def _has_samples(connection: sa.Connection, user_id: str) -> bool:
    return any(
        connection.execute(sa.select(table.c.id).where(table.c.user_id == user_id).limit(1)).first()
        for table in (mock_interviews, *MATERIAL)
    )
