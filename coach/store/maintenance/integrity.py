"""References that lead nowhere: DuckDB has no foreign keys, so this is how one sees that the repositories kept them."""

import sqlalchemy as sa

from coach.store.tables.core import metadata


def dangling_references(connection: sa.Connection) -> dict[str, int]:
    """`table.column` -> number of rows whose reference has no target; empty when all is well."""
    found: dict[str, int] = {}
    for table in metadata.tables.values():
        for column in table.columns:
            target = column.info.get("target")
            if target:
                count = _dangling(connection, table, column, target)
                found |= {f"{table.name}.{column.name}": count} if count else {}
    return found


def _dangling(connection: sa.Connection, table: sa.Table, column: sa.Column[str], target: str) -> int:
    other, key = target.split(".")
    parent = metadata.tables[other].alias("parent")
    missing = sa.and_(column.is_not(None), ~sa.exists().where(parent.c[key] == column))
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(missing)).scalar() or 0)
