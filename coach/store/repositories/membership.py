"""Organisations, roles, invitations and consent: who belongs where, and who may see whom.

Whatever changes is a dated fact in `access_facts`, by ids alone. Invitations are kept as SHA-256 of their secret.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from coach.contracts.interview import new_id
from coach.contracts.people import OWNER, Consent, OrganisationRecord, Role
from coach.errors import ConflictError, InputError, NotFoundError
from coach.store.repositories.in_turn import in_turn
from coach.store.tables.core import users
from coach.store.tables.people import access_facts, consents, memberships, organisations

Rows = list[dict[str, Any]]
NAME_LENGTH = 120


def organisation_named(connection: sa.Connection, name: str, at: datetime) -> OrganisationRecord:
    """The organisation of this name, made where there is none.

    Raises:
        InputError: the name is empty or too long.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise InputError(f"An organisation's name has 1 to {NAME_LENGTH} characters.")
    in_turn(connection, f"organisation {name}")  # of two who make one name at once the second finds the first's
    row = connection.execute(sa.select(organisations).where(organisations.c.name == name)).mappings().first()
    if row:
        return OrganisationRecord.model_validate(dict(row))
    made = OrganisationRecord(name=name, created_at=at)
    connection.execute(sa.insert(organisations).values(made.model_dump()))
    note(connection, "organisation_made", at, organisation_id=made.id)
    return made


def organisations_of(connection: sa.Connection, person_id: str | None = None, role: Role | None = None) -> Rows:
    """`id, name, created_at` by name; of one person, or of all."""
    query = sa.select(organisations).order_by(organisations.c.name, organisations.c.id)
    if person_id is not None:
        m = memberships.c
        theirs = sa.select(m.organisation_id).where(m.person_id == person_id)
        theirs = theirs.where(m.role == role.value) if role else theirs
        query = query.where(organisations.c.id.in_(theirs))
    return rows(connection, query)


def require_organisation(connection: sa.Connection, organisation_id: str) -> None:
    """Raises:
    NotFoundError: there is none of this id.
    """
    if connection.execute(sa.select(organisations.c.id).where(organisations.c.id == organisation_id)).first() is None:
        raise NotFoundError("There is no such organisation.", mend="`python -m coach user members` shows them.")


# -- roles -----------------------------------------------------------------------------------------------------------


def roles_of(connection: sa.Connection, person_id: str) -> frozenset[Role]:
    """The person's roles over all organisations."""
    query = sa.select(memberships.c.role).where(memberships.c.person_id == person_id)
    return frozenset(Role(role) for role in connection.execute(query).scalars())


def name_of(connection: sa.Connection, person_id: str) -> str:
    """What the person is called; the id where nobody said."""
    return str(connection.execute(sa.select(users.c.name).where(users.c.id == person_id)).scalar() or person_id)


def members(connection: sa.Connection, organisation_id: str | None = None) -> Rows:
    """`organisation_id, organisation, person_id, name, role, created_at`, by organisation, name and role."""
    m, o = memberships.c, organisations.c
    query = (
        sa.select(m.organisation_id, o.name.label("organisation"), m.person_id, users.c.name, m.role, m.created_at)
        .join_from(memberships, organisations, o.id == m.organisation_id)
        .join(users, users.c.id == m.person_id)
        .order_by(o.name, users.c.name, m.person_id, m.role)
    )
    return rows(connection, query if organisation_id is None else query.where(m.organisation_id == organisation_id))


def give_role(
    connection: sa.Connection, person_id: str, organisation_id: str, role: Role, at: datetime, *, by: str = OWNER
) -> bool:
    """Gives a role; False when the person has it already.

    Raises:
        NotFoundError: there is no such person or organisation.
    """
    require_organisation(connection, organisation_id)
    _require_person(connection, person_id)
    place = {"organisation_id": organisation_id, "person_id": person_id, "role": role.value}
    values = {"id": _membership_id(**place), **place, "created_at": at}
    made = insert(memberships).values(values).on_conflict_do_nothing().returning(memberships.c.id)
    if connection.execute(made).first() is None:
        return False
    note(connection, "role_given", at, by=by, **place)
    return True


def take_role(
    connection: sa.Connection, person_id: str, organisation_id: str, role: Role, at: datetime, *, by: str = OWNER
) -> None:
    """Takes a role; with the last one the consent given to the organisation goes.

    Raises:
        NotFoundError: the person has no such role there.
        ConflictError: nobody would be left who can give roles.
    """
    m = memberships.c
    place = {"organisation_id": organisation_id, "person_id": person_id, "role": role.value}
    if role == Role.OPERATOR:
        in_turn(connection, f"operators of {organisation_id}")
        _require_another_operator(connection, organisation_id, person_id)
    gone = sa.delete(memberships).where(m.id == _membership_id(**place)).returning(m.id)
    if connection.execute(gone).first() is None:
        raise NotFoundError(
            "This person has no such role there.", mend="`python -m coach user members` shows the roles."
        )
    note(connection, "role_taken", at, by=by, **place)
    left = sa.select(m.id).where(m.person_id == person_id, m.organisation_id == organisation_id)
    if connection.execute(left).first() is None:
        revoke_consent(connection, person_id, organisation_id, at, by=by)


def _require_another_operator(connection: sa.Connection, organisation_id: str, person_id: str) -> None:
    m = memberships.c
    there = sa.select(m.person_id).where(m.organisation_id == organisation_id, m.role == Role.OPERATOR.value)
    if connection.dialect.name == "postgresql":
        there = there.with_for_update()  # two operators who take each other's role at once
    operators = set(connection.execute(there).scalars())
    if operators == {person_id}:
        raise ConflictError("This is the organisation's only operator.", mend="Make somebody else operator first.")


def _membership_id(organisation_id: str, person_id: str, role: str) -> str:
    return sha256(f"{organisation_id}|{person_id}|{role}".encode()).hexdigest()


# -- consent ---------------------------------------------------------------------------------------------------------


def consents_of(connection: sa.Connection, person_id: str) -> list[Consent]:
    """Every word the person gave, newest first, those taken back as well."""
    c = consents.c
    query = sa.select(consents).where(c.person_id == person_id).order_by(c.given_at.desc(), c.id)
    return [Consent.model_validate(row) for row in rows(connection, query)]


def give_consent(
    connection: sa.Connection, person_id: str, organisation_id: str, at: datetime, *, coach_id: str | None = None
) -> Consent:
    """The organisation's coaches (or this one) may see the person's interviews from now on; said twice it is once.

    Raises:
        NotFoundError: the person is no member there, or the coach is none.
    """
    in_turn(connection, f"consents of {person_id}")
    m, c = memberships.c, consents.c
    there = sa.select(m.id).where(m.person_id == person_id, m.organisation_id == organisation_id)
    coaches = sa.select(m.id).where(
        m.person_id == coach_id, m.organisation_id == organisation_id, m.role == Role.COACH.value
    )
    if not connection.execute(there).first() or (coach_id and not connection.execute(coaches).first()):
        raise NotFoundError("There is no such place to consent to.")
    same = (c.person_id == person_id, c.organisation_id == organisation_id, c.revoked_at.is_(None))
    standing = sa.select(consents).where(*same, c.coach_id == coach_id if coach_id else c.coach_id.is_(None))
    if row := connection.execute(standing).mappings().first():
        return Consent.model_validate(dict(row))
    made = Consent(person_id=person_id, organisation_id=organisation_id, coach_id=coach_id, given_at=at)
    connection.execute(sa.insert(consents).values(made.model_dump()))
    note(connection, "consent_given", at, by=person_id, person_id=person_id, organisation_id=organisation_id)
    return made


def revoke_consent(
    connection: sa.Connection, person_id: str, organisation_id: str, at: datetime, *, by: str = ""
) -> int:
    """Takes back every consent given to the organisation; returns how many stood."""
    in_turn(connection, f"consents of {person_id}")
    c = consents.c
    standing = (c.person_id == person_id, c.organisation_id == organisation_id, c.revoked_at.is_(None))
    gone = connection.execute(sa.update(consents).where(*standing).values(revoked_at=at).returning(c.id)).all()
    if gone:
        by = by or person_id
        note(connection, "consent_revoked", at, by=by, person_id=person_id, organisation_id=organisation_id)
    return len(gone)


def reached(connection: sa.Connection) -> frozenset[str]:
    """Ids of everybody whom whoever asks reaches, oneself among them."""
    return frozenset(connection.execute(sa.select(users.c.id)).scalars())


# -- what was done -----------------------------------------------------------------------------------------------------


def note(connection: sa.Connection, kind: str, at: datetime, *, by: str = OWNER, **about: str) -> None:
    """Writes one fact about access: `person_id`, `organisation_id`, `role` as far as they are concerned."""
    connection.execute(sa.insert(access_facts).values(id=new_id(), occurred_at=at, kind=kind, by_id=by, **about))


def facts(connection: sa.Connection, limit: int = 100) -> Rows:
    """The latest facts, newest first."""
    c = access_facts.c
    return rows(connection, sa.select(access_facts).order_by(c.occurred_at.desc(), c.id).limit(limit))


def _require_person(connection: sa.Connection, person_id: str) -> None:
    if connection.execute(sa.select(users.c.id).where(users.c.id == person_id)).first() is None:
        raise NotFoundError("There is no such person.", mend="`python -m coach user list` shows everybody.")


def rows(connection: sa.Connection, query: sa.Select[Any]) -> Rows:
    """The rows of a question as plain dictionaries."""
    return [dict(row) for row in connection.execute(query).mappings()]
