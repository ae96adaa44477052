"""Copies are made on time, told from damaged ones, and taken back; a damaged database says which one and how."""

import functools
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from coach.errors import NotFoundError, StoreBusyError, StoreError, StoreVersionError
from coach.store import SqlStore
from coach.store import sqlstore as sqlstore_module
from coach.store.engine import copies
from coach.store.engine.troubles import DamagedDatabaseError
from coach.store.maintenance.health import check_database
from coach.store.repositories import interviews
from tests import forks
from tests.fakes import records as make
from tests.fakes.holder import ROOT, holder

NOW = datetime(2026, 11, 27, 4, tzinfo=UTC)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "home" / "coach.duckdb"


@pytest.fixture
def url(path) -> str:
    return f"duckdb:///{path}"


def add(store: SqlStore) -> str:
    interview = make.interview()
    store.run(interviews.create_interview, interview, [make.exchange(interview)])
    return interview.id


def known(store: SqlStore) -> set[str]:
    return set(store.run(lambda c: c.execute(sa.text("SELECT id FROM mock_interviews")).scalars().all()))


@pytest.fixture
def backed_up(path, url) -> tuple[str, str]:
    """A database with two copies: of one interview, and of two; ids in the order they were begun."""
    with SqlStore(url, backup_hours=0) as store:
        first = add(store)
        store.back_up()
        second = add(store)
        store.back_up()
    return first, second


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x55" * 8192)


@pytest.mark.parametrize(
    "spoil",
    [lambda p: os.truncate(p, 0), lambda p: os.truncate(p, 100), cut_short, overwritten, Path.unlink],
    ids=["empty", "100 bytes", "a third", "headers overwritten", "missing"],
)
def test_a_damaged_database_names_its_newest_copy_and_takes_it_back(path, url, backed_up, spoil):
    spoil(path)
    before = path.read_bytes() if path.exists() else None
    newest = copies.backups(path)[-1].path.name
    with SqlStore(url, backup_hours=0) as store:
        for work in (store.upgrade, functools.partial(check_database, store), functools.partial(add, store)):
            with pytest.raises(DamagedDatabaseError) as caught:
                work()
            assert newest in caught.value.mend
            assert "python -m coach db restore" in caught.value.mend
            assert "doctor" not in str(caught.value)
            assert "\n" not in str(caught.value)
        assert (path.read_bytes() if path.exists() else None) == before, "left as it was found"
        restored = store.restore()
        assert Path(restored.copy).name == newest
        assert known(store) == set(backed_up)
        assert check_database(store).ok
    if before is not None:
        assert Path(restored.set_aside).read_bytes() == before


def test_damage_met_in_the_middle_of_the_work_is_told_too(path, url, backed_up):
    with SqlStore(url, backup_hours=0) as store:
        interview = make.interview()
        exchange = make.exchange(interview)
        store.run(interviews.create_interview, interview, [exchange])
        for number in range(1, 60):
            text = make.transcript(os.urandom(20_000).hex())
            store.run(interviews.add_attempt, make.evaluated(exchange, number, transcript=text))
    blocks = (path.stat().st_size - 12_288) // 262_144
    with path.open("r+b") as file:
        file.seek(12_288 + 262_144 * (blocks // 4))
        file.write(bytes(262_144 * (blocks // 2)))
    with SqlStore(url, backup_hours=0) as store, pytest.raises(DamagedDatabaseError, match="damaged"):
        check_database(store)


def test_a_damaged_copy_is_passed_over_and_refused(path, url, backed_up):
    oldest, newest = copies.backups(path)
    with newest.path.open("r+b") as file:
        file.seek(5000)
        file.write(b"\x55")
    os.truncate(path, 0)
    with SqlStore(url, backup_hours=0) as store:
        with pytest.raises(DamagedDatabaseError, match=oldest.path.name):
            store.upgrade()
        with pytest.raises(StoreError, match="damaged"):
            store.restore(Path(newest.path.name))
        assert path.stat().st_size == 0
        assert store.restore().copy == str(oldest.path)
        assert known(store) == {backed_up[0]}


def test_taking_a_copy_back_can_be_undone(path, url, backed_up):
    with SqlStore(url, backup_hours=0) as store:
        third = add(store)
        oldest = copies.backups(path)[0].path
        restored = store.restore(Path(oldest.name))
        assert restored.checked
        assert known(store) == {backed_up[0]}
        undone = store.restore(Path(restored.set_aside))
        assert not undone.checked
        assert known(store) == {*backed_up, third}


def test_what_cannot_be_taken_back_changes_nothing(path, url, backed_up, tmp_path):
    letter = tmp_path / "letter.duckdb"
    letter.write_text("no database " * 2000)
    with SqlStore(url, backup_hours=0) as store:
        newer = store.back_up()
    with SqlStore(f"duckdb:///{newer}", backup_hours=0) as store:
        store.upgrade()
        store.run(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")) and None)
    newer.with_suffix(".sha256").unlink()
    with SqlStore(url, backup_hours=0) as store:
        for source, error in ((letter, StoreError), (newer, StoreVersionError), (Path("none.duckdb"), NotFoundError)):
            with pytest.raises(error):
                store.restore(source)
            assert known(store) == set(backed_up)
    assert not (path.parent / "quarantine").exists()


def test_a_copy_comes_back_beside_a_running_server(path, url, backed_up):
    with holder(url) as server, SqlStore(url) as store:
        added = add(store)
        restored = store.restore()
        assert restored.set_aside
        assert not store.database.in_hand
        assert added not in known(store)
        assert server.poll() is None


def test_a_notebook_that_holds_the_file_is_waited_for_and_told(path, url, backed_up):
    with holder(str(path), "raw"), SqlStore(url, lock_wait_s=0.3) as store:
        before = path.stat().st_ino
        with pytest.raises(StoreBusyError):
            store.restore()
        assert path.stat().st_ino == before


def test_copies_are_made_on_time(path, url):
    with SqlStore(url) as store:
        add(store)
        store.release()
        (first,) = copies.backups(path)
        add(store)
        store.release()
    moment = first.made_at
    assert not copies.is_due(path, now=moment + timedelta(hours=23))
    assert copies.is_due(path, now=moment + timedelta(hours=25))
    assert copies.is_due(path, now=moment + timedelta(hours=2), every=timedelta(hours=1))
    assert not copies.is_due(path, now=moment + timedelta(days=9), every=timedelta(0)), "0 makes none by itself"
    assert copies.is_due(path, now=moment - timedelta(days=1)), "a clock that went back must not put them off for ever"


def test_a_clock_that_went_back_does_not_throw_the_newest_copy_away(path, url):
    with SqlStore(url, backup_hours=0) as store:
        store.upgrade()
    write = functools.partial(shutil.copyfile, path)
    for hours in (0, 1, 2, 3, 4):
        copies.keep_copy(path, write, now=NOW + timedelta(hours=hours))
    made = copies.keep_copy(path, write, now=NOW - timedelta(days=30))
    assert copies.backups(path)[-1].path == made
    assert len(copies.backups(path)) == copies.BACKUPS_KEPT
    assert copies.describe(made).intact


def test_a_store_that_never_rests_is_copied_as_well(path, url, monkeypatch):
    monkeypatch.setattr(sqlstore_module, "LOOK_FOR_BACKUP_S", 0.0)
    with SqlStore(url, idle_s=600, backups_kept=2) as store:
        add(store)
        deadline = time.monotonic() + 20
        while not copies.backups(path) and time.monotonic() < deadline:
            add(store)
        assert store.database.is_open
        (copy,) = copies.backups(path)
        assert copy.intact
    with SqlStore(f"duckdb:///{copy.path}", backup_hours=0) as store:
        assert known(store)


def test_a_waiter_from_the_future_is_no_waiter(path, url):
    """A `.waiting` file of a clock that went back since must not make the holder let go after every job."""
    with SqlStore(url, idle_s=600) as store:
        store.upgrade()
        waiting = path.with_name("coach.duckdb.waiting")
        waiting.touch()
        ahead = time.time() + 86_400
        os.utime(waiting, (ahead, ahead))
        add(store)
        add(store)
        assert store.database.is_open


READ_ONLY = """
import os, sys
from coach.errors import StoreError
from coach.store import SqlStore
from coach.store.maintenance import health
from coach.store.repositories import interviews
from coach.store.engine import neighbour
import coach.store.migrations, alembic.command, alembic.config, duckdb_engine
if os.geteuid() == 0:
    os.seteuid(65534)
for work in (SqlStore.upgrade, SqlStore.back_up, health.check_database, SqlStore.open_door):
    with SqlStore(sys.argv[1]) as store:
        try:
            print(work.__name__, "done", work(store))
        except StoreError as error:
            print(work.__name__, str(error).replace("\\n", "NEWLINE"))
"""


def test_a_read_only_home_is_told_in_one_line_and_left_alone(path, url, backed_up):
    before = {p: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()}
    for parent in path.parents:
        if parent.stat().st_mode & 0o077 == 0:
            parent.chmod(0o755)  # another user looks from there
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        out = forks.run(["-c", READ_ONLY, url], cwd=ROOT)
    finally:
        path.parent.chmod(0o755)
        path.chmod(0o600)
    lines = out.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["upgrade", "back_up", "check_database", "open_door"], out.stderr
    assert all("cannot be written" in line for line in lines[:3]), lines
    assert lines[3] == "open_door done None", "no door, but the server starts and can say so"
    assert {p: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()} == before
