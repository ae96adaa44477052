"""The stores the shared suite runs over: DuckDB, PostgreSQL, the fake other tests use, each alone and as the chain."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from coach.economics.metering import MeteredStore
from coach.interview.ports import InterviewStore
from coach.interview.store_and_forward import SPOOL, SpooledStore
from coach.store import SqlStore
from tests.fakes.postgres import postgres_server
from tests.fakes.store import FakeStore

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A running server with one migrated database, `template`, that tests copy."""
    with postgres_server() as url:
        _create(url, "template", "template1")
        with SqlStore(url.replace("/postgres", "/template")) as store:
            store.upgrade()
            store.database.release()
        yield url


def _create(url: str, name: str, template: str) -> None:
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """A fresh, migrated database."""
    name = f"t{next(_numbers)}"
    _create(postgres, name, "template")
    return postgres.replace("/postgres", f"/{name}")


@pytest.fixture
def empty_postgres_url(postgres: str) -> str:
    """A fresh database without tables."""
    name = f"e{next(_numbers)}"
    _create(postgres, name, "template1")
    return postgres.replace("/postgres", f"/{name}")


@pytest.fixture(params=["duckdb", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty or freshly migrated database of either kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"duckdb:///{tmp_path / 'coach.duckdb'}"


@pytest.fixture
def sql_store(sql_url: str) -> Iterator[SqlStore]:
    """A store on either database."""
    with SqlStore(sql_url, idle_s=30) as store:
        yield store


@pytest_asyncio.fixture(params=["fake", "spooled fake", "duckdb", "duckdb chain", "postgresql", "postgresql chain"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[InterviewStore]:
    """Every implementation of the conductor's port; a chain is what production uses, `Spooled(Metered(Sql))`."""
    kind, _, chain = str(request.param).partition(" ")
    if "fake" in request.param:
        yield SpooledStore(FakeStore(), tmp_path / SPOOL) if kind == "spooled" else FakeStore()
        return
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else f"duckdb:///{tmp_path / 'coach.duckdb'}"
    opened = MeteredStore(url, idle_s=30) if chain else SqlStore(url, idle_s=30)
    spooled = SpooledStore(opened, tmp_path / SPOOL)
    yield spooled if chain else opened
    await spooled.close()
    assert not (tmp_path / SPOOL).exists(), "nothing was refused, so nothing waits"
    await opened.aclose()
