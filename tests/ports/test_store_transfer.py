"""An installation moves between engines: every row, read back and compared; or nothing at all."""

import pytest
import sqlalchemy as sa

from coach.errors import StoreError
from coach.store import SqlStore
from coach.store.engine import copies
from coach.store.maintenance import transfer as moving
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import interviews, library, library_records
from tests.fakes import records as make
from tests.fakes.holder import holder


class Archive:
    def save(self, path, attempt_id):
        return f"file:///recordings/{attempt_id}"

    def delete(self, uri):
        raise AssertionError(uri)


def fill(url: str) -> str:
    with SqlStore(url) as store:
        load_sample(store, Archive)
        master = library_records.Resume(id="z", title="Master", content="a", is_base_version=True)
        store.run(library.save_resume, master)
        job = library_records.JobDescription(title="A job", description="d")
        store.run(library.save_job, job)
        copy = library_records.Resume(
            id="a", title="Copy", content="b", source_resume_id="z", job_description_id=job.id
        )
        store.run(library.save_resume, copy)
        interview = make.interview()
        exchange = make.exchange(interview)
        store.run(interviews.create_interview, interview, [exchange])
        attempt = make.evaluated(exchange)
        store.run(interviews.add_attempt, attempt)
        store.run(interviews.add_usage, [make.usage(attempt)])
    return interview.id


def test_there_and_back_again_is_the_same(tmp_path, empty_postgres_url):
    here, back = f"duckdb:///{tmp_path / 'coach.duckdb'}", f"duckdb:///{tmp_path / 'back.duckdb'}"
    interview_id = fill(here)
    there = moving.transfer(here, empty_postgres_url)
    again = moving.transfer(empty_postgres_url, back)
    assert there.tables == again.tables
    counts = {table.table: table.rows for table in there.tables}
    assert counts["mock_interviews"] == 4
    assert counts["resumes"] >= 2
    with SqlStore(here) as one, SqlStore(empty_postgres_url) as two, SqlStore(back) as three:
        whole = [store.run(interviews.load_interview, interview_id) for store in (one, two, three)]
    assert whole[0] == whole[1] == whole[2]


def test_a_running_server_goes_on_while_its_rows_are_copied(tmp_path):
    here = f"duckdb:///{tmp_path / 'coach.duckdb'}"
    fill(here)
    with holder(here) as server:
        moved = moving.transfer(here, f"duckdb:///{tmp_path / 'other' / 'coach.duckdb'}")
        assert server.poll() is None
    assert sum(table.rows for table in moved.tables) > 20


@pytest.mark.usefixtures("begins_empty")
def test_a_filled_target_is_left_as_it_is(tmp_path):
    here, there = f"duckdb:///{tmp_path / 'coach.duckdb'}", f"duckdb:///{tmp_path / 'there' / 'coach.duckdb'}"
    fill(here)
    fill(there)
    with pytest.raises(StoreError, match="not empty"):
        moving.transfer(here, there)
    with pytest.raises(StoreError, match="same database"):
        moving.transfer(here, here)
    with pytest.raises(StoreError, match="nothing to copy"):
        moving.transfer(f"duckdb:///{tmp_path / 'none' / 'coach.duckdb'}", f"duckdb:///{tmp_path / 'new.duckdb'}")


def test_rows_that_read_back_differently_leave_nothing(tmp_path, monkeypatch):
    """A disk or engine that changes one value on its way is noticed; the target stays empty."""
    here, there = f"duckdb:///{tmp_path / 'coach.duckdb'}", f"duckdb:///{tmp_path / 'there' / 'coach.duckdb'}"
    fill(here)
    rows = moving._rows

    def bent(connection, table):
        copied = "there" in str(connection.engine.url)
        for row in rows(connection, table):
            yield (*row[:-1], "changed") if copied and table.name == "star_stories" else row

    monkeypatch.setattr(moving, "_rows", bent)
    with pytest.raises(StoreError, match="star_stories reads back differently"):
        moving.transfer(here, there)
    with SqlStore(there) as store:
        assert store.run(lambda c: c.execute(sa.text("SELECT count(*) FROM mock_interviews")).scalar()) == 0


def test_rows_that_refer_to_nothing_are_told_before(tmp_path):
    here = f"duckdb:///{tmp_path / 'coach.duckdb'}"
    fill(here)
    with SqlStore(here) as store:
        store.run(lambda c: c.execute(sa.text("DELETE FROM mock_interviews")))
    with pytest.raises(StoreError, match="refer to nothing"):
        moving.transfer(here, f"duckdb:///{tmp_path / 'there' / 'coach.duckdb'}")
    assert all(copy.intact for copy in copies.backups(tmp_path / "coach.duckdb"))
