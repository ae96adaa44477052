"""Whose account judged an answer, commented on it or wrote a rubric: a name alone may be two people's, and changes."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
_SIGNED = {"human_reviews": "reviewer_id", "review_comments": "author_id", "review_rubrics": "author_id"}


def upgrade() -> None:
    for table, column in _SIGNED.items():
        op.add_column(table, sa.Column(column, sa.String(length=64), nullable=True))
