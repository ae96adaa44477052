"""Whether the database can be read to its last block, and references that lead nowhere.

DuckDB verifies a block's checksum when it reads it, so a file that was cut or overwritten shows itself only where one
looks; and it has no foreign keys, so counting is how one sees that the repositories kept them.
"""

import sqlalchemy as sa

from coach.store.tables.columns import metadata


def read_through(connection: sa.Connection) -> None:
    """Reads every value of every table of a DuckDB file; nothing to do on a server, which looks after its own blocks.

    Raises:
        duckdb.Error, sqlalchemy.exc.DBAPIError: a block cannot be read.
    """
    if connection.dialect.name != "duckdb":
        return
    quote = connection.dialect.identifier_preparer.quote
    for name in sa.inspect(connection).get_table_names():
        connection.exec_driver_sql(f"SELECT sum(hash(t)) FROM {quote(name)} AS t").fetchall()


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
