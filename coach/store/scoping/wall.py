"""The wall: every statement of a question that a person asks is narrowed here, whoever wrote it.

A SELECT reads, in the place of each table, only the rows the rules give, and words as empty where only figures are
reached; UPDATE and DELETE get the same condition; an INSERT is refused where its row would be somebody else's or would
overwrite one. What the program itself asks passes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import Insert

from coach.contracts.asking import asker, asking
from coach.contracts.people import Asker
from coach.errors import NotFoundError, StoreError
from coach.store.engine.troubles import UNSEEN
from coach.store.scoping.row_security import PEOPLE, PLACES, looked_up
from coach.store.scoping.rules import (
    RULES,
    Condition,
    Who,
    hidden,
    people_reached,
    places_reached,
    readable,
    writable,
)


def build(engine: sa.Engine) -> None:
    """From now on every statement of this engine passes the wall."""
    sa.event.listen(engine, "before_execute", _narrowed, retval=True)


def _narrowed(connection: sa.Connection, statement: Any, many: Any, one: Any, options: Any) -> tuple[Any, Any, Any]:
    who = asker()
    if who is not None:
        many_rows = many or ([one] if one else [])
        statement = _for(connection, statement, _as_sql(who, connection.dialect.name), many_rows)
    return statement, many, one


def _as_sql(who: Asker, dialect: str) -> Who:
    """On PostgreSQL consent and membership are looked up by the second wall's functions: it hides the tables."""
    me = sa.literal(who.person_id or "-", sa.String(64))
    if dialect == "postgresql":
        return Who(me, who.reach, looked_up(PEOPLE), looked_up(PLACES))
    return Who(me, who.reach, people_reached(who.reach, me), places_reached(who.reach, me))


def _for(connection: sa.Connection, statement: object, who: Who, rows: Iterable[Mapping[str, object]]) -> object:
    if isinstance(statement, Insert):
        _check_new(connection, statement, who, [*rows])
        return statement
    if isinstance(statement, sa.Update | sa.Delete):
        condition = writable(_named(statement.table), who)
        if isinstance(statement, sa.Update) and condition is not None:
            _check_owner(connection, statement, condition, [*rows])
        return statement if condition is None else statement.where(condition)
    if isinstance(statement, sa.SelectBase):
        return read_by(statement, who)
    raise StoreError("Only statements that can be narrowed are asked on behalf of a person.")


def read_by(statement: sa.SelectBase, who: Who) -> sa.SelectBase:
    """The same question with every table narrowed to what `who` may read, names and joins unchanged."""
    seen: dict[sa.Table, sa.Subquery] = {}

    def narrowed(table: sa.Table) -> sa.Subquery | None:
        if table not in seen:
            condition = readable(table, who)
            if condition is None:
                return None
            seen[table] = sa.select(*_shown(table, who)).where(condition).subquery(table.name)
        return seen[table]

    def replace(element: object, **_: object) -> object:
        if isinstance(element, sa.Table):
            return narrowed(element)
        if isinstance(element, sa.Column) and isinstance(element.table, sa.Table):
            inner = narrowed(element.table)
            return None if inner is None else inner.c[element.key]
        return None

    return cast(sa.SelectBase, visitors.replacement_traverse(statement, {}, replace))


def _shown(table: sa.Table, who: Who) -> list[sa.ColumnElement[Any]]:
    closed = {column.name for column in hidden(table, who.reach)}
    return [_empty(column) if column.name in closed else column for column in table.columns]


def _empty(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    nothing = sa.null() if column.nullable else sa.literal_column("''")
    return sa.cast(nothing, column.type).label(column.name)


def _check_new(connection: sa.Connection, statement: Insert, who: Who, given: list[Mapping[str, object]]) -> None:
    """Raises:
    NotFoundError: a row would belong to somebody else, or would overwrite one that does.
    """
    table = _named(statement.table)
    condition = writable(table, who)
    if condition is None or RULES[table.name].kind == "office":
        return
    if statement.select is not None:
        raise StoreError("Only rows that are named one by one are written on behalf of a person.")
    (key,) = table.primary_key.columns
    for row in _rows(statement, given):
        taken = sa.select(sa.literal(1)).select_from(table).where(key == row.get(key.name), sa.not_(condition))
        if not _holds(connection, condition, table.c[RULES[table.name].column], row) or _any(connection, taken):
            raise NotFoundError(UNSEEN)


def _check_owner(
    connection: sa.Connection, statement: sa.Update, condition: Condition, given: list[Mapping[str, object]]
) -> None:
    """Raises:
    NotFoundError: the row would become somebody else's.
    """
    table = _named(statement.table)
    column = table.c.get(RULES[table.name].column)
    if column is None:
        return
    told = {_name(each): _plain(value) for each, value in dict(statement._values or {}).items()}
    for row in given or [{}]:
        new = {**told, **row}
        if column.name in new and not _holds(connection, condition, column, new):
            raise NotFoundError(UNSEEN)


def _holds(connection: sa.Connection, condition: Condition, column: sa.Column[str], row: Mapping[str, object]) -> bool:
    """Whether the rule holds for a new row: asked of the database with the row's value in the column's place."""
    value = sa.literal(row.get(column.name), sa.String(64))

    def fill(element: object, **_: object) -> object:
        return value if element is column else None

    return _any(connection, sa.select(sa.literal(1)).where(visitors.replacement_traverse(condition, {}, fill)))


def _any(connection: sa.Connection, query: sa.Select[object]) -> bool:
    with asking(None):
        return connection.execute(query).first() is not None


def _rows(statement: Insert, given: list[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """The rows of an INSERT as plain values, however they were handed over."""
    if statement._multi_values:
        found = [row for rows in statement._multi_values for row in rows]
    elif statement._values:
        found = [statement._values]
    else:
        found = []
    plain = [{_name(column): _plain(value) for column, value in dict(row).items()} for row in found]
    if not plain:
        return given
    return [{**row, **more} for row in plain for more in (given or [{}])]


def _name(column: Any) -> str:
    return column if isinstance(column, str) else str(column.key)


def _plain(value: object) -> object:
    return value.effective_value if isinstance(value, sa.BindParameter) else value


def _named(table: object) -> sa.Table:
    if not isinstance(table, sa.Table):
        raise StoreError("Only tables are written on behalf of a person.")
    return table
