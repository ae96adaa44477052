"""Column types and kinds of columns that the tables are made of, the same on DuckDB and PostgreSQL."""

import re
from datetime import UTC, datetime
from json import dumps as json_text
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.operators import OperatorType

from coach.text.decoding import storable


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A timezone-aware instant; naive values are refused, what comes back is in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a timestamp without a time zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None


class CleanText(sa.types.TypeDecorator[str]):
    """Text without what PostgreSQL cannot keep: NUL characters and lone surrogates."""

    impl = sa.Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return storable(value) if value is not None else None


class CleanJson(sa.types.TypeDecorator[object]):
    """JSON whose strings and keys are as clean as `CleanText`; what comes back can be shown anywhere."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> object:
        return cleaned(value)

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        """Paths and comparisons go by the rules of plain JSON."""
        return sa.JSON(none_as_null=True).coerce_compared_value(op, value)


_MAYBE_NOT_KEPT = re.compile("\\\\u0000|[\ud800-\udfff]")
"""In the text of a JSON value: an escaped NUL, or a lone surrogate."""


def cleaned(value: object) -> object:
    """JSON without what PostgreSQL cannot keep, in strings and keys alike; mostly its text tells that all is well."""
    if value is None or not _MAYBE_NOT_KEPT.search(json_text(value, ensure_ascii=False)):
        return value
    return _each_cleaned(value)


def _each_cleaned(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_each_cleaned(key): _each_cleaned(inner) for key, inner in value.items()}
    return [_each_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

JSON = CleanJson()
MONEY = sa.Numeric(28, 12)
QUANTITY = sa.Numeric(28, 9)


def identity(name: str = "id") -> sa.Column[str]:
    """A primary key column."""
    return sa.Column(name, sa.String(64), primary_key=True)


def reference(name: str, target: str | None = None, *, ondelete: str = "CASCADE", required: bool = False) -> Any:
    """A column that points at another row; `target` (`table.column`) becomes a foreign key on PostgreSQL."""
    info = {"target": target, "ondelete": ondelete} if target else {}
    return sa.Column(name, sa.String(64), nullable=not required, info=info)


def instant(name: str, *, required: bool = False) -> sa.Column[datetime]:
    """A UTC timestamp column."""
    return sa.Column(name, UtcDateTime(), nullable=not required)


def text(name: str, default: str | None = "") -> sa.Column[str]:
    """A text column; `default=None` makes it nullable."""
    return sa.Column(name, CleanText(), nullable=default is None, default=default)


def json(name: str) -> sa.Column[object]:
    """A nullable JSON column."""
    return sa.Column(name, JSON)


def number(name: str) -> sa.Column[float]:
    """A nullable double column."""
    return sa.Column(name, sa.Double())


def flag(name: str) -> sa.Column[bool]:
    """A boolean column, false by default."""
    return sa.Column(name, sa.Boolean(), nullable=False, default=False)
