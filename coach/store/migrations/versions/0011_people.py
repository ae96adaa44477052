"""Organisations, roles, invitations, identities, consent, and what was done about them."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import foreign_key, index

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table("organisations", _id(), sa.Column("name", sa.Text(), nullable=False), _at("created_at"))
    op.create_table("memberships", _id(), _ref("organisation_id"), _ref("person_id"), _role(), _at("created_at"))
    op.create_table("identities", _id(), _ref("person_id"), _at("created_at"), _at("signed_out_at", nullable=True))
    op.create_table(
        "invitations",
        _id(),
        _ref("organisation_id"),
        _role(),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        _at("created_at"),
        _at("expires_at"),
        _ref("created_by"),
        _at("used_at", nullable=True),
        _ref("used_by", nullable=True),
        _at("revoked_at", nullable=True),
    )
    op.create_table(
        "consents",
        _id(),
        _ref("person_id"),
        _ref("organisation_id"),
        _ref("coach_id", nullable=True),
        _at("given_at"),
        _at("revoked_at", nullable=True),
    )
    op.create_table(
        "access_facts",
        _id(),
        _at("occurred_at"),
        sa.Column("kind", sa.String(length=30), nullable=False),
        _ref("by_id"),
        _ref("person_id", nullable=True),
        _ref("organisation_id", nullable=True),
        _role(nullable=True),
    )
    _references()


def _references() -> None:
    for table in ("memberships", "consents"):
        foreign_key(table, "organisation_id", "organisations.id")
        foreign_key(table, "person_id", "users.id")
        index(table, "person_id")
        index(table, "organisation_id")
    foreign_key("identities", "person_id", "users.id")
    foreign_key("invitations", "organisation_id", "organisations.id")
    index("identities", "person_id")
    index("invitations", "token_hash")
    index("invitations", "organisation_id")
    index("access_facts", "occurred_at")


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(length=64), primary_key=True)


def _ref(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _role(*, nullable: bool = False) -> sa.Column[str]:
    return sa.Column("role", sa.String(length=20), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
