"""By which ways an alert has arrived already; what coaches judged and said under a name that is theirs alone is theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
SIGNED = (("human_reviews", "reviewer"), ("review_comments", "author"), ("review_rubrics", "author"))


def upgrade() -> None:
    for table in ("budget_alerts", "watch_alerts"):
        op.add_column(table, sa.Column("arrived", sa.String(length=40)))
    for person_id, called in _coaches():
        for table, name in SIGNED:
            rows = sa.table(table, sa.column(name), sa.column(f"{name}_id"))
            unsigned = sa.update(rows).where(rows.c[name] == called, rows.c[f"{name}_id"].is_(None))
            op.get_bind().execute(unsigned.values({f"{name}_id": person_id}))


def _coaches() -> list[tuple[str, str]]:
    """Coaches with accounts whose name nobody else has: what stands under it is theirs."""
    users = sa.table("users", sa.column("id"), sa.column("name"))
    members = sa.table("memberships", sa.column("person_id"), sa.column("role"))
    judges = sa.select(members.c.person_id).where(members.c.role.in_(["coach", "prompt_engineer"]))
    query = sa.select(users.c.id, users.c.name).where(users.c.id.in_(judges)).distinct()
    found = op.get_bind().execute(query).all()
    names = [row.name for row in found]
    return [(row.id, row.name) for row in found if names.count(row.name) == 1]
