"""The tables of people: organisations, roles, invitations, consent, and what was done about them."""

import sqlalchemy as sa

from coach.store.tables.columns import identity, instant, metadata, reference, text
from coach.store.tables.core import INDEXED

organisations = sa.Table("organisations", metadata, identity(), text("name"), instant("created_at", required=True))

memberships = sa.Table(
    "memberships",
    metadata,
    identity(),
    reference("organisation_id", "organisations.id", required=True),
    reference("person_id", "users.id", required=True),
    sa.Column("role", sa.String(20), nullable=False),
    instant("created_at", required=True),
)

identities = sa.Table(
    "identities",
    metadata,
    identity(),
    reference("person_id", "users.id", required=True),
    instant("created_at", required=True),
    instant("signed_out_at"),
)

invitations = sa.Table(
    "invitations",
    metadata,
    identity(),
    reference("organisation_id", "organisations.id", required=True),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False),
    instant("created_at", required=True),
    instant("expires_at", required=True),
    reference("created_by", required=True),
    instant("used_at"),
    reference("used_by"),
    instant("revoked_at"),
)

consents = sa.Table(
    "consents",
    metadata,
    identity(),
    reference("person_id", "users.id", required=True),
    reference("organisation_id", "organisations.id", required=True),
    reference("coach_id"),
    instant("given_at", required=True),
    instant("revoked_at"),
)

access_facts = sa.Table(
    "access_facts",
    metadata,
    identity(),
    instant("occurred_at", required=True),
    sa.Column("kind", sa.String(30), nullable=False),
    reference("by_id", required=True),
    reference("person_id"),
    reference("organisation_id"),
    sa.Column("role", sa.String(20)),
)

INDEXED.update(
    {
        "memberships": (("person_id",), ("organisation_id",)),
        "identities": (("person_id",),),
        "invitations": (("token_hash",), ("organisation_id",)),
        "consents": (("person_id",), ("organisation_id",)),
        "access_facts": (("occurred_at",),),
    }
)
