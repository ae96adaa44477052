"""What was paid, refunded and disputed, budgets, interviews given back, and since when a payment is due."""

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import index

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("billing_accounts", sa.Column("past_due_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("billing_uses", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "billing_payments",
        sa.Column("id", sa.String(length=96), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_billing_payments"),
    )
    index("billing_payments", "customer_id")
    op.create_table(
        "economics_budgets",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("limit_usd", sa.Numeric(18, 9), nullable=False),
        sa.Column("alert_to", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_for", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_economics_budgets"),
    )
