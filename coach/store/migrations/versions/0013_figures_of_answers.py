"""What the operator reads of an answer as plain figures, and indexes for counting recordings among a million answers."""

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import index, on_postgresql
from coach.store.tables.private import PrivateJson

revision = "0013"
down_revision = "0012"
BATCH = 5_000
_attempts = sa.table(
    "mock_interview_attempts",
    sa.column("id", sa.String()),
    sa.column("extra", PrivateJson()),
    sa.column("guards", PrivateJson()),
    sa.column("evaluation_status", sa.Text()),
    sa.column("guard_count", sa.Integer()),
)


def upgrade() -> None:
    op.add_column("mock_interview_attempts", sa.Column("evaluation_status", sa.Text()))
    op.add_column("mock_interview_attempts", sa.Column("guard_count", sa.Integer()))
    _fill()
    if on_postgresql():
        here = "audio_uri IS NOT NULL AND audio_deleted_at IS NULL"
        op.create_index(
            "ix_mock_interview_attempts_recordings", "mock_interview_attempts", ["audio_expires_at", "interview_id"],
            postgresql_where=sa.text(here),
        )  # fmt: skip
        index("mock_interviews", "is_sample", where="is_sample")


def _fill() -> None:
    """Reads through the keys in force: what is sealed is no JSON to the database."""
    connection, after = op.get_bind(), ""
    while rows := _batch(connection, after):
        changes = [_figures(row) for row in rows if row.extra or row.guards]
        if changes:
            a = _attempts.c
            change = sa.update(_attempts).where(a.id == sa.bindparam("row")).values(
                evaluation_status=sa.bindparam("status"), guard_count=sa.bindparam("count")
            )  # fmt: skip
            connection.execute(change, changes)
        after = rows[-1].id


def _batch(connection: sa.Connection, after: str) -> list[sa.Row[tuple[str, object, object]]]:
    a = _attempts.c
    query = sa.select(a.id, a.extra, a.guards).where(a.id > after).order_by(a.id).limit(BATCH)
    return [*connection.execute(query)]


def _figures(row: sa.Row[tuple[str, object, object]]) -> dict[str, object]:
    extra = row.extra if isinstance(row.extra, dict) else {}
    guards = row.guards if isinstance(row.guards, list) else []
    return {"row": row.id, "status": extra.get("evaluation_status") or None, "count": len(guards)}
