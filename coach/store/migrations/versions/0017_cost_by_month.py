"""What each person cost in each month, kept on PostgreSQL by the triggers that add use up by day."""

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import index, on_postgresql

revision = "0017"
down_revision = "0016"
_DAY = "day, user_id, vendor, meter, unit, price_entry, bundle, billable"
_USE = """
SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, user_id, vendor, meter, unit, price_entry, bundle, billable,
       {way} AS way, {way} * quantity AS quantity, {way} * coalesce(cost_usd, 0) AS cost_usd,
       CASE WHEN cost_usd IS NULL THEN {way} ELSE 0 END AS unpriced
FROM {source}
"""
_COME, _GONE = _USE.format(way=1, source="come"), _USE.format(way=-1, source="gone")
_CHANGES = {"insert": _COME, "delete": _GONE, "update": f"{_COME} UNION ALL {_GONE}"}
_MONTH = "(date_trunc('month', day::timestamp))::date"


def upgrade() -> None:
    """Nobody writes use until the functions are new and what is there is counted, so nothing is counted twice."""
    if on_postgresql():
        op.execute("LOCK TABLE usage_tracking IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "cost_by_month",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(28, 12), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cost_by_month"),
    )
    index("cost_by_month", "user_id")
    if on_postgresql():
        op.execute(_by_month("SELECT day, user_id, events AS way, cost_usd FROM use_by_day"))
        for change, use in _CHANGES.items():
            op.execute(
                f"CREATE OR REPLACE FUNCTION jobfoxy_use_{change}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
                f"SET search_path = public, pg_temp AS $use$ BEGIN {_by_day(use)}; {_by_month(use)}; RETURN NULL; "
                "END $use$"
            )


def _by_day(use: str) -> str:
    """A change of what is not added up, as of its way to billing, adds nothing."""
    return (
        f"INSERT INTO use_by_day (id, {_DAY}, events, quantity, cost_usd, unpriced) "
        f"SELECT gen_random_uuid()::text, {_DAY}, sum(way), sum(quantity), sum(cost_usd), sum(unpriced) "
        f"FROM ({use}) AS changed GROUP BY {_DAY} "
        "HAVING sum(way) <> 0 OR sum(quantity) <> 0 OR sum(cost_usd) <> 0 OR sum(unpriced) <> 0"
    )


def _by_month(use: str) -> str:
    return (
        "INSERT INTO cost_by_month (id, month, user_id, events, cost_usd) "
        f"SELECT gen_random_uuid()::text, {_MONTH}, user_id, sum(way), sum(cost_usd) FROM ({use}) AS changed "
        f"GROUP BY {_MONTH}, user_id HAVING sum(way) <> 0 OR sum(cost_usd) <> 0"
    )
