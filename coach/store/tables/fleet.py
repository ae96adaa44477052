"""Which processes serve this database at the moment, and which interview is with which of them."""

import sqlalchemy as sa

from coach.store.tables.columns import identity, instant, metadata, text

service_processes = sa.Table(
    "service_processes",
    metadata,
    identity("owner"),
    sa.Column("number", sa.BigInteger(), nullable=False),
    text("host"),
    sa.Column("pid", sa.BigInteger(), nullable=False),
    instant("started_at", required=True),
    instant("seen_at", required=True),
    info={"of_the_moment": True},
)

interview_leases = sa.Table(
    "interview_leases",
    metadata,
    identity("interview_id"),
    text("owner"),
    instant("taken_at", required=True),
    info={"of_the_moment": True},
)
