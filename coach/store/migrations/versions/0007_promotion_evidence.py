"""What a promotion rested on: the run, its verdict, or that it was put in force against it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("prompt_versions", sa.Column("evidence", sa.JSON(), nullable=True))
