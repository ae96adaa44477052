"""Column types of what a person said, wrote or was told: sealed at rest while keys are in force, else as it is."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.operators import OperatorType

from coach.store.tables.columns import cleaned
from coach.text.decoding import storable
from coach.vault import ambient
from coach.vault.keyring import is_sealed


class PrivateText(sa.types.TypeDecorator[str]):
    """`CleanText`, sealed for `ambient.owner()`; reads as empty once its key was destroyed. Empty stays empty."""

    impl = sa.Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        keys = ambient.ring()
        if not value or keys is None:
            return storable(value) if value is not None else None
        return keys.seal(storable(value).encode(), ambient.owner())

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        plain = _unsealed(value)
        return plain.decode() if isinstance(plain, bytes) else plain


class PrivateJson(sa.types.TypeDecorator[object]):
    """`CleanJson`, sealed as one JSON string; reads as None once its key was destroyed. Empty stays empty."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> object:
        keys = ambient.ring()
        clean = cleaned(value)
        if not clean or keys is None:
            return clean
        return keys.seal(json.dumps(clean, ensure_ascii=False).encode(), ambient.owner())

    def process_result_value(self, value: object, dialect: Dialect) -> object:
        plain = _unsealed(value)
        if isinstance(plain, bytes):
            return json.loads(plain)
        return None if plain == "" else plain

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        """Paths and comparisons go by the rules of plain JSON."""
        return sa.JSON(none_as_null=True).coerce_compared_value(op, value)


def private(name: str, default: str | None = "") -> sa.Column[str]:
    """A text column of a person's own words, or of what was told them; `default=None` makes it nullable."""
    return sa.Column(name, PrivateText(), nullable=default is None, default=default)


def private_json(name: str) -> sa.Column[object]:
    """A nullable JSON column of the same kind."""
    return sa.Column(name, PrivateJson())


def private_columns(table: sa.Table) -> list[sa.Column[object]]:
    """Those of a table that are sealed."""
    return [column for column in table.columns if isinstance(column.type, PrivateText | PrivateJson)]


def _unsealed(value: Any) -> Any:
    """Bytes of what a sealed value holds, empty text where its key was destroyed; any other value as it is."""
    keys = ambient.ring()
    if keys is None or not isinstance(value, str) or not is_sealed(value):
        return value
    return keys.unseal(value) or ""
