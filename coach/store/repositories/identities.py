"""Whom an account at a sign-in provider belongs to, and until when its sessions count.

An identity is kept as SHA-256 of issuer and subject: only both together name a person for good (OpenID Connect Core
1.0, section 2), and neither is needed for anything else.
"""

from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from coach.contracts.people import Role
from coach.errors import ConflictError
from coach.store.repositories.membership import note, roles_of
from coach.store.tables.core import auth_tokens, mock_interviews
from coach.store.tables.people import identities


def identity_id(issuer: str, subject: str) -> str:
    """The id under which an identity of a provider is known."""
    return sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def person_of(connection: sa.Connection, known_as: str, issued_at: datetime) -> tuple[str, frozenset[Role]] | None:
    """Whose identity it is, with their roles; None when unknown, or when they signed out everywhere since.

    Args:
        connection: the transaction.
        known_as: of `identity_id`.
        issued_at: when the session in question began.
    """
    c = identities.c
    row = connection.execute(sa.select(c.person_id, c.signed_out_at).where(c.id == known_as)).first()
    if row is None:
        return None
    if row.signed_out_at is not None and issued_at <= row.signed_out_at:
        raise ConflictError("This session was ended.", mend="Sign in again.")
    return row.person_id, roles_of(connection, row.person_id)


def sign_out_everywhere(connection: sa.Connection, person_id: str, at: datetime) -> None:
    """Every session of the person that began up to now is over, and every way in that was given in one is dead."""
    connection.execute(sa.update(identities).where(identities.c.person_id == person_id).values(signed_out_at=at))
    theirs = sa.select(mock_interviews.c.id).where(mock_interviews.c.user_id == person_id)
    connection.execute(sa.update(auth_tokens).where(auth_tokens.c.interview_id.in_(theirs)).values(revoked=True))
    note(connection, "signed_out", at, by=person_id, person_id=person_id)
