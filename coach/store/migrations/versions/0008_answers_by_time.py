"""Answers by time: the operator's page asks for the last days, among a million."""

from coach.store.migrations.helpers import index

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    index("mock_interview_attempts", "created_at")
