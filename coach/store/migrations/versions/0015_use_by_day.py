"""Use added up by person and day on PostgreSQL, kept by triggers; the newest interviews are found by an index."""

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import index, on_postgresql

revision = "0015"
down_revision = "0014"
_KEY = "day, user_id, vendor, meter, unit, price_entry, bundle, billable"
_USE = """
SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, user_id, vendor, meter, unit, price_entry, bundle, billable,
       {way} AS way, {way} * quantity AS quantity, {way} * coalesce(cost_usd, 0) AS cost_usd,
       CASE WHEN cost_usd IS NULL THEN {way} ELSE 0 END AS unpriced
FROM {source}
"""
_COME, _GONE = _USE.format(way=1, source="come"), _USE.format(way=-1, source="gone")
_CHANGES = {
    "insert": ("NEW TABLE AS come", _COME),
    "delete": ("OLD TABLE AS gone", _GONE),
    "update": ("OLD TABLE AS gone NEW TABLE AS come", f"{_COME} UNION ALL {_GONE}"),
}


def upgrade() -> None:
    op.create_table(
        "use_by_day",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("vendor", sa.String(40), nullable=False),
        sa.Column("meter", sa.String(80), nullable=False),
        sa.Column("unit", sa.String(20), nullable=False),
        sa.Column("price_entry", sa.Text()),
        sa.Column("bundle", sa.Text()),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Numeric(28, 9), nullable=False),
        sa.Column("cost_usd", sa.Numeric(28, 12), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_use_by_day"),
    )
    index("use_by_day", "user_id")
    index("mock_interviews", "created_at")
    if on_postgresql():
        for change, (tables, use) in _CHANGES.items():
            _trigger(change, tables, use)
        op.execute(_added(_USE.format(way=1, source="usage_tracking")))


def _trigger(change: str, tables: str, use: str) -> None:
    """Making it keeps writers out until the migration is done, so that what is there is counted once."""
    name = f"jobfoxy_use_{change}"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp "
        f"AS $use$ BEGIN {_added(use)}; RETURN NULL; END $use$"
    )
    op.execute(
        f"CREATE TRIGGER {name} AFTER {change} ON usage_tracking REFERENCING {tables} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def _added(use: str) -> str:
    """A change of what is not added up, as of its way to billing, adds nothing."""
    return (
        f"INSERT INTO use_by_day (id, {_KEY}, events, quantity, cost_usd, unpriced) "
        f"SELECT gen_random_uuid()::text, {_KEY}, sum(way), sum(quantity), sum(cost_usd), sum(unpriced) "
        f"FROM ({use}) AS changed GROUP BY {_KEY} "
        "HAVING sum(way) <> 0 OR sum(quantity) <> 0 OR sum(cost_usd) <> 0 OR sum(unpriced) <> 0"
    )
