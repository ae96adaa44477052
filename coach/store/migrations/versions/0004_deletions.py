"""How much was deleted when and why; what was deleted before counts as one sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletions"),
    )
    op.execute(
        "INSERT INTO deletions SELECT 'before', "
        "max(greatest(coalesce(audio_deleted_at, text_deleted_at), coalesce(text_deleted_at, audio_deleted_at))), "
        "'sweep', count(audio_deleted_at), count(text_deleted_at), 0, 0 FROM mock_interview_attempts "
        "WHERE audio_deleted_at IS NOT NULL OR text_deleted_at IS NOT NULL HAVING count(*) > 0"
    )
