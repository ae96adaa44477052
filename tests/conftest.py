"""What all tests share: a single thread of arithmetic, a silent voice, DuckDB tables made once, slow files first."""

import functools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coach.store.engine.engine import Database

pytest_plugins = ["tests.processor"]
os.environ.setdefault("COACH_VOICE", "browser")
"""The voice on this computer speaks only where a test asks for it, for it takes the processor."""
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "data" / "nobodys_authority.pem")
"""Loopback speaks without TLS; the authorities of the world would be read for every client: 30 ms of the processor."""
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_library, "1")  # threads of several processes wait for each other's turn, spinning


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test come first: what is begun last should be short, so that processes end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def tables_from_a_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every new DuckDB file of this process begins as a copy of one that the migrations made, not with migrating."""
    engine = sys.modules.get("coach.store.engine.engine")
    if engine is None:
        yield
        return
    from coach.store import SqlStore

    migrated = tmp_path_factory.mktemp("migrated") / "coach.duckdb"
    with SqlStore(f"duckdb:///{migrated}") as store:
        store.upgrade()

    @functools.wraps(engine.Database._require_content)
    def begin(database: "Database") -> None:
        begin.__wrapped__(database)
        if database.path and not database.path.exists():
            shutil.copyfile(migrated, database.path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.Database, "_require_content", begin)
        yield


@pytest.fixture
def begins_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the migrations themselves, and of what is there before them: a new DuckDB file begins empty."""
    from coach.store.engine.engine import Database

    original = getattr(Database._require_content, "__wrapped__", Database._require_content)
    monkeypatch.setattr(Database, "_require_content", original)
