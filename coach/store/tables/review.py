"""What coaches judge answers by, and what they say at a moment of them."""

import sqlalchemy as sa

from coach.store.tables.columns import identity, instant, json, metadata, number, reference, text
from coach.store.tables.core import INDEXED
from coach.store.tables.private import private

review_rubrics = sa.Table(
    "review_rubrics",
    metadata,
    identity(),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    json("criteria"),
    text("author"),
    reference("author_id"),
    instant("created_at", required=True),
)

review_comments = sa.Table(
    "review_comments",
    metadata,
    identity(),
    reference("attempt_id", "mock_interview_attempts.id", required=True),
    text("author"),
    reference("author_id"),
    private("text"),
    number("at_s"),
    sa.Column("sentence", sa.Integer()),
    instant("created_at", required=True),
    instant("edited_at"),
)

INDEXED.update({"review_comments": (("attempt_id",),), "review_rubrics": (("owner", "version"),)})
