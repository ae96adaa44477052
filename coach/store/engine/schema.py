"""Which migration a database is at, and bringing it to the newest."""

import re
import threading
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from coach.errors import StoreError, StoreVersionError

MIGRATIONS = Path(__file__).parents[1] / "migrations"
TURN = 0x4A464D
"""The lock processes on one server wait for before they migrate; `JFM` in ASCII."""
_NUMBERED = re.compile(r"^(\d{4})_\w+\.py$")


def known_versions() -> list[str]:
    """All migration numbers of this code, oldest first."""
    names = (path.name for path in (MIGRATIONS / "versions").glob("*.py"))
    return sorted(match[1] for name in names if (match := _NUMBERED.match(name)))


def head() -> str:
    """The newest migration of this code."""
    return known_versions()[-1]


def current(connection: sa.Connection) -> str | None:
    """The migration the database is at; None when it is empty.

    Raises:
        StoreError: it holds tables of something else.
    """
    tables = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema IN ('main', 'public')")
    names = {row[0] for row in connection.execute(tables)}
    if "alembic_version" not in names:
        if "mock_interviews" in names:
            raise StoreError("The database has tables but no migration number.", mend="Restore it from a backup.")
        return None
    found = [row[0] for row in connection.execute(sa.text("SELECT version_num FROM alembic_version"))]
    return max(found) if found else None


def require_known(version: str | None, where: str) -> None:
    """Refuses a database that newer code has migrated.

    Raises:
        StoreVersionError: saying both versions.
    """
    if version is not None and version not in known_versions():
        raise StoreVersionError(
            f"The database {where} is at version {version}, newer than this program (version {head()}).",
            mend="Update Job Foxy, or set COACH_HOME to another folder; nothing was changed.",
        )


_one_at_a_time = threading.Lock()
"""Alembic keeps the migration in hand in variables of its module, for the whole process."""


def upgrade(connection: sa.Connection, target: str = "head") -> None:
    """Runs the missing migrations up to `target` inside the caller's transaction: all of them or none."""
    from alembic import command
    from alembic.config import Config
    from alembic.ddl.postgresql import PostgresqlImpl

    # Registered by its `__dialect__`: Alembic has no word for DuckDB, whose statements are PostgreSQL's.
    type("DuckDBImpl", (PostgresqlImpl,), {"__dialect__": "duckdb", "transactional_ddl": True})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with _one_at_a_time:
            command.upgrade(config, target)
    except DBAPIError as error:
        raise StoreError(f"Migrating the database failed: {str(error.orig).splitlines()[0]}.") from error


def upgrade_once(connection: sa.Connection) -> None:
    """Upgrades to the newest version where another process, which was waited for, has not done so."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:number)"), {"number": TURN})
    if current(connection) != head():
        upgrade(connection)
