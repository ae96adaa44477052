"""What coaches judge by and say: rubrics in versions, comments at a moment, marks of doubt; how sure a transcript is."""

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import foreign_key, index, on_postgresql

revision = "0010"
down_revision = "0009"

_OF_WORDS = {
    True: "SELECT a.id, w.value AS word FROM mock_interview_attempts a, json_array_elements(a.words) AS w "
    "WHERE json_typeof(a.words) = 'array'",
    False: "SELECT id, unnest(from_json(words, '[\"JSON\"]')) AS word FROM mock_interview_attempts "
    "WHERE words IS NOT NULL AND json_type(words) = 'ARRAY'",
}
"""Every word with its attempt, on PostgreSQL and on DuckDB."""


def upgrade() -> None:
    op.create_table(
        "review_rubrics",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_review_rubrics"),
    )
    index("review_rubrics", "owner", "version", unique=True)
    op.create_table(
        "review_comments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("attempt_id", sa.String(length=64), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at_s", sa.Double(), nullable=True),
        sa.Column("sentence", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_review_comments"),
    )
    foreign_key("review_comments", "attempt_id", "mock_interview_attempts.id")
    index("review_comments", "attempt_id")
    op.add_column("human_reviews", sa.Column("rubric_id", sa.String(length=64), nullable=True))
    op.add_column("human_reviews", sa.Column("criteria", sa.JSON(), nullable=True))
    op.add_column("human_reviews", sa.Column("unsure", sa.Boolean(), nullable=True))
    foreign_key("human_reviews", "rubric_id", "review_rubrics.id", ondelete="SET NULL")
    op.add_column("mock_interview_attempts", sa.Column("recognition_confidence", sa.Double(), nullable=True))
    op.execute(filling(postgresql=on_postgresql()))


def filling(*, postgresql: bool) -> str:
    """Mean confidence of five words or more, hesitations left out, as `coach.speech.pieces.confidence` counts."""
    return (
        "UPDATE mock_interview_attempts SET recognition_confidence = known.mean FROM ("
        "SELECT id, avg(CAST(word ->> 'confidence' AS DOUBLE PRECISION)) AS mean "
        f"FROM ({_OF_WORDS[postgresql]}) AS spoken "
        "WHERE (word ->> 'confidence') IS NOT NULL AND coalesce(word ->> 'is_filler', 'false') <> 'true' "
        "GROUP BY id HAVING count(*) >= 5) AS known WHERE known.id = mock_interview_attempts.id"
    )
