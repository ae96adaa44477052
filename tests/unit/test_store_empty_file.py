"""A database file that was begun on a full disk and never written does not stand in the way."""

from pathlib import Path

import pytest

from coach.store import open_store


@pytest.mark.usefixtures("begins_empty")
def test_an_empty_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "coach.duckdb"
    path.touch()
    with open_store(f"duckdb:///{path}") as store:
        before, after = store.upgrade()
    assert before is None and after is not None
