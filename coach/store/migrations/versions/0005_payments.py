"""What was paid, refunded and disputed, interviews given back, and since when a payment is due."""

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
