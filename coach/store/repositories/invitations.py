"""Invitations into an organisation: made, listed, revoked, accepted once."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.people import OWNER, Invitation, Role
from coach.errors import ConflictError, InputError, NotFoundError
from coach.store.repositories.membership import give_role, note, require_organisation, rows
from coach.store.tables.core import users
from coach.store.tables.people import identities, invitations, organisations

INVITATION_DAYS = 7


LONGEST_INVITATION_DAYS = 90


def invite(
    connection: sa.Connection,
    organisation_id: str,
    role: Role,
    at: datetime,
    *,
    days: int = INVITATION_DAYS,
    by: str = OWNER,
) -> tuple[Invitation, str]:
    """A new invitation and its secret, which is told here and never again.

    Raises:
        NotFoundError: there is no such organisation.
        InputError: it would live for less than a day, or too long.
    """
    if not 1 <= days <= LONGEST_INVITATION_DAYS:
        raise InputError(f"An invitation lives for 1 to {LONGEST_INVITATION_DAYS} days.")
    require_organisation(connection, organisation_id)
    secret = secrets.token_urlsafe(32)
    made = Invitation(
        organisation_id=organisation_id,
        role=role,
        created_at=at,
        expires_at=at + timedelta(days=days),
        created_by=by,
    )
    connection.execute(sa.insert(invitations).values(**made.model_dump(mode="python"), token_hash=_hash(secret)))
    note(connection, "invited", at, by=by, organisation_id=organisation_id, role=role.value)
    return made, secret


def invitations_of(connection: sa.Connection, organisation_id: str) -> list[Invitation]:
    """All of an organisation, newest first."""
    c = invitations.c
    query = sa.select(invitations).where(c.organisation_id == organisation_id).order_by(c.created_at.desc(), c.id)
    return [_invitation(row) for row in rows(connection, query)]


def revoke_invitation(connection: sa.Connection, invitation_id: str, at: datetime, *, by: str = OWNER) -> None:
    """The link is dead from now on.

    Raises:
        NotFoundError: there is none that could still be used.
    """
    c = invitations.c
    open_one = (c.id == invitation_id) & c.used_at.is_(None) & c.revoked_at.is_(None)
    change = sa.update(invitations).where(open_one).values(revoked_at=at)
    row = connection.execute(change.returning(c.organisation_id, c.role)).first()
    if row is None:
        raise NotFoundError("There is no such invitation that could still be used.")
    note(connection, "invitation_revoked", at, by=by, organisation_id=row.organisation_id, role=row.role)


def invitation_of(connection: sa.Connection, secret: str, at: datetime) -> tuple[Invitation, str]:
    """What a secret invites to, and the organisation's name.

    Raises:
        NotFoundError: there is no such invitation.
        ConflictError: it was used, taken back, or has expired.
    """
    row = connection.execute(sa.select(invitations).where(invitations.c.token_hash == _hash(secret))).mappings().first()
    if row is None:
        raise NotFoundError("This invitation is unknown.", mend="Ask for a new link.")
    found = _invitation(dict(row))
    trouble = (
        "was used already" if found.used_at else "was taken back" if found.revoked_at else "has expired"
        if found.expires_at <= at else ""
    )  # fmt: skip
    if trouble:
        raise ConflictError(f"This invitation {trouble}.", mend="Ask for a new link.")
    name = connection.execute(sa.select(organisations.c.name).where(organisations.c.id == found.organisation_id))
    return found, str(name.scalar_one())


def accept(
    connection: sa.Connection, secret: str, person_id: str, at: datetime, *, name: str = "", identity_id: str = ""
) -> Invitation:
    """Makes a person a member, once; somebody new gets a row and the identity they signed in with.

    Raises:
        NotFoundError, ConflictError: see `invitation_of`; nothing was changed.
    """
    found, _ = invitation_of(connection, secret, at)
    c = invitations.c
    still = (c.id == found.id, c.used_at.is_(None), c.revoked_at.is_(None))
    change = sa.update(invitations).where(*still).values(used_at=at, used_by=person_id)
    if connection.execute(change.returning(c.id)).first() is None:
        raise ConflictError("This invitation was used or taken back a moment ago.", mend="Ask for a new link.")
    row = {"id": person_id, "name": name or person_id, "created_at": at}
    connection.execute(insert(users).values(row).on_conflict_do_nothing())
    if identity_id:
        known = {"id": identity_id, "person_id": person_id, "created_at": at}
        connection.execute(insert(identities).values(known).on_conflict_do_nothing())
    note(
        connection,
        "joined",
        at,
        by=person_id,
        person_id=person_id,
        organisation_id=found.organisation_id,
        role=found.role.value,
    )
    give_role(connection, person_id, found.organisation_id, found.role, at, by=found.created_by)
    return found


def _invitation(row: dict[str, object]) -> Invitation:
    return Invitation.model_validate({name: row[name] for name in Invitation.model_fields})


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
