"""What is acknowledged stays: kill -9, a full disk, a file held elsewhere, a newer database, a bad path."""

import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from coach.errors import StoreBusyError, StoreError, StoreVersionError
from coach.store import SqlStore
from coach.store.engine import schema
from coach.store.repositories import interviews
from tests import forks
from tests.fakes import records as make

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys, resource
from coach.errors import StoreError
from coach.store import SqlStore
from coach.store.repositories import interviews
from tests.fakes import records as make
url, limit = sys.argv[1], int(sys.argv[2])
store = SqlStore(url)
interview = make.interview()
exchange = make.exchange(interview)
store.run(interviews.create_interview, interview, [exchange])
if limit:
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for number in range(1, 100_000):
        attempt = make.evaluated(exchange, number, transcript=make.transcript("I kept the promise. " * 40))
        store.run(interviews.add_attempt, attempt)
        print(attempt.id, flush=True)
except StoreError as error:
    print("ERROR", str(error).replace(chr(10), "NEWLINE"), flush=True)
"""


def start(url: str, limit: int = 0) -> subprocess.Popen:
    command = ["-c", WRITER, url, str(limit)]
    return forks.Python(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(sql_url):
    chance = random.Random(20261122)
    acknowledged: list[str] = []
    for _ in range(2):
        process = start(sql_url)
        wanted = chance.randint(5, 20)
        seen = [process.stdout.readline().strip() for _ in range(wanted)]
        process.kill()
        rest, _ = process.communicate()
        acknowledged += [name for name in seen + rest.split("\n")[:-1] if name]
    with SqlStore(sql_url) as store:
        assert all(store.run(interviews.find_attempt, name) is not None for name in acknowledged)
    assert len(acknowledged) >= 9


def test_a_full_disk_is_told_in_one_line_and_loses_nothing(tmp_path):
    url = f"duckdb:///{tmp_path / 'coach.duckdb'}"
    with SqlStore(url) as store:
        store.upgrade()
    *acknowledged, error = start(url, limit=1_300_000).communicate(timeout=60)[0].strip().split("\n")
    assert error.startswith("ERROR")
    assert "full" in error
    assert "NEWLINE" not in error
    with SqlStore(url) as store:
        assert all(store.run(interviews.find_attempt, name) is not None for name in acknowledged)
        count = store.run(lambda c: c.execute(sa.text("SELECT count(*) FROM mock_interview_attempts")).scalar())
    assert count == len(acknowledged) > 0


HOLDER = """
import sys, time, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


def hold(path: Path) -> subprocess.Popen:
    command = ["-c", HOLDER, str(path)]
    process = forks.Python(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "held"
    return process


def test_a_held_file_is_waited_for_and_then_told(tmp_path):
    path = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{path}") as store:
        store.upgrade()
    holder = hold(path)
    try:
        with SqlStore(f"duckdb:///{path}", lock_wait_s=0.3) as store:
            before = time.monotonic()
            with pytest.raises(StoreBusyError, match="held by another process"):
                store.upgrade()
            assert time.monotonic() - before >= 0.3
        with SqlStore(f"duckdb:///{path}", lock_wait_s=20) as store, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.upgrade)
            holder.communicate("release\n", timeout=10)
            assert waiting.result(timeout=20) == (schema.head(), schema.head())
    finally:
        holder.kill()
    assert not path.with_name("coach.duckdb.waiting").exists()


def test_a_busy_store_hands_the_file_over_to_another_process(tmp_path):
    """A second process gets the file although the first never rests for its idle time."""
    path = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{path}", idle_s=60) as store:
        store.upgrade()
        script = (
            "import sys; from coach.store import SqlStore\n"
            "with SqlStore(sys.argv[1], lock_wait_s=20) as s: print(s.version(), flush=True)"
        )
        command = ["-c", script, f"duckdb:///{path}"]
        other = forks.Python(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        while other.poll() is None:
            store.run(interviews.find_attempt, "any")
        assert other.communicate()[0].strip() == schema.head()
        assert store.version() == schema.head()


def test_an_idle_store_lets_go_of_the_file(tmp_path):
    path = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{path}", idle_s=0.01) as store:
        store.upgrade()
        holder = hold(path) if _released(store) else None
        assert holder is not None
        holder.communicate("release\n", timeout=10)
        assert store.version() == schema.head()


def _released(store: SqlStore) -> bool:
    deadline = time.monotonic() + 10
    while store.database.is_open and time.monotonic() < deadline:
        time.sleep(0.005)
    return not store.database.is_open


def test_a_newer_database_is_refused_and_left_alone(sql_url):
    with SqlStore(sql_url) as store:
        store.upgrade()
        store.run(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    with SqlStore(sql_url) as store:
        with pytest.raises(StoreVersionError, match="9999"):
            store.run(interviews.find_attempt, "any")
        assert store.version() == "9999"


def test_a_failed_transaction_leaves_nothing_behind(sql_store):
    interview = make.interview()
    exchange = make.exchange(interview)
    sql_store.run(interviews.create_interview, interview, [exchange])

    def half(connection: sa.Connection) -> None:
        interviews.add_attempt(connection, make.attempt(exchange))
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError):
        sql_store.run(half)
    assert sql_store.run(interviews.load_interview, interview.id).attempts == []


@pytest.mark.parametrize(
    ("make_path", "word"),
    [
        (lambda tmp: "/proc/coach/coach.duckdb", "cannot be written"),
        (lambda tmp: _text_file(tmp), "not a Job Foxy database"),
        (lambda tmp: _text_file(tmp) / "coach.duckdb", "cannot be written"),
        (lambda tmp: tmp, "cannot be written"),
    ],
)
def test_an_unusable_place_is_told_in_one_line(tmp_path, make_path, word):
    with SqlStore(f"duckdb:///{make_path(tmp_path)}") as store, pytest.raises(StoreError, match=word) as caught:
        store.upgrade()
    assert "\n" not in str(caught.value)


def _text_file(folder: Path) -> Path:
    path = folder / "coach.duckdb"
    path.write_text("this is a letter, not a database " * 200)
    return path


def test_an_unreachable_server_is_told_in_one_line():
    store = SqlStore("postgresql+psycopg://coach:secret@127.0.0.1:1/none")
    with store, pytest.raises(StoreError) as caught:
        store.upgrade()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
