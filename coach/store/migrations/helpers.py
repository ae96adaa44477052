"""What several migrations share."""

import sqlalchemy as sa
from alembic import op


def on_postgresql() -> bool:
    """Whether the database keeps foreign keys and secondary indexes (DuckDB does not, see `store.tables.core`)."""
    return op.get_bind().dialect.name == "postgresql"


def foreign_key(table: str, column: str, target: str, ondelete: str = "CASCADE") -> None:
    """Adds a foreign key `table.column -> target` (`table.column`) on PostgreSQL."""
    if on_postgresql():
        other, key = target.split(".")
        op.create_foreign_key(f"fk_{table}_{column}", table, other, [column], [key], ondelete=ondelete)


def index(table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    """Adds an index on PostgreSQL; `where` makes it partial."""
    if on_postgresql():
        clause = sa.text(where) if where else None
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), unique=unique, postgresql_where=clause)
