"""Use added up by person and UTC day, its cost by person and month: what is asked of all time is read from thousands of
rows instead of millions.

Triggers of PostgreSQL keep both: every change of `usage_tracking` adds a row of what it changed, in its own transaction
and in nobody's way. Rows of one key are put together once a day. On DuckDB, which adds a million rows up by itself in
a tenth of a second and has no triggers, they stay empty.
"""

import sqlalchemy as sa

from coach.store.tables.columns import MONEY, QUANTITY, identity, metadata, reference, text
from coach.store.tables.core import INDEXED

use_by_day = sa.Table(
    "use_by_day",
    metadata,
    identity(),
    sa.Column("day", sa.Date(), nullable=False),
    reference("user_id"),
    sa.Column("vendor", sa.String(40), nullable=False),
    sa.Column("meter", sa.String(80), nullable=False),
    sa.Column("unit", sa.String(20), nullable=False),
    text("price_entry", None),
    text("bundle", None),
    sa.Column("billable", sa.Boolean(), nullable=False),
    sa.Column("events", sa.BigInteger(), nullable=False),
    sa.Column("quantity", QUANTITY, nullable=False),
    sa.Column("cost_usd", MONEY, nullable=False),
    sa.Column("unpriced", sa.BigInteger(), nullable=False),
    info={"of_the_moment": True},
)

cost_by_month = sa.Table(
    "cost_by_month",
    metadata,
    identity(),
    sa.Column("month", sa.Date(), nullable=False),
    reference("user_id"),
    sa.Column("events", sa.BigInteger(), nullable=False),
    sa.Column("cost_usd", MONEY, nullable=False),
    info={"of_the_moment": True},
)

INDEXED.update({"use_by_day": (("user_id",),), "cost_by_month": (("user_id",),)})
