"""Several processes on one DuckDB file: nobody writes beside the holder, everybody gets an outcome or a word."""

import os
import pickle
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus
from coach.errors import NotFoundError, StoreBusyError, StoreError
from coach.store import SqlStore
from coach.store.engine import copies, neighbour, schema
from coach.store.engine.orders import ForeignMessageError, Order, pack, unpack
from coach.store.maintenance import removal
from coach.store.repositories import interviews
from coach.store.tables.core import evaluation_claims
from tests import forks
from tests.fakes import records as make
from tests.fakes.holder import ROOT, holder

RAW_OPEN = """
import sys, duckdb
try:
    duckdb.connect(sys.argv[1])
except duckdb.IOException as error:
    print("refused" if "lock" in str(error) else error)
else:
    print("opened")
"""


def opened_raw(path: Path) -> str:
    """What happens to a program that opens the file with plain DuckDB."""
    out = forks.run(["-c", RAW_OPEN, str(path)], timeout=60)
    return out.stdout.strip()


class Recordings:
    def delete(self, uri: str) -> None:
        raise AssertionError(uri)

    def drop_parts(self, attempt_id: str) -> None:
        """Nothing is in progress."""


def checkpoint(store: SqlStore) -> None:
    store.run(lambda c: c.exec_driver_sql("SELECT 1"))
    store.database.engine().raw_connection().driver_connection.execute("CHECKPOINT")


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "coach.duckdb"


@pytest.fixture
def url(path) -> str:
    return f"duckdb:///{path}"


def test_nothing_done_with_the_file_ends_its_lock(path, url, tmp_path):
    """Opening, sealing a commit, sealing after a checkpoint, a copy, a deletion, a copy taken back."""
    with SqlStore(url, idle_s=600) as store:
        interview = make.interview()
        steps = {
            "opened": store.upgrade,
            "committed": lambda: store.run(interviews.create_interview, interview, [make.exchange(interview)]),
            "checkpoint": lambda: checkpoint(store),
            "sealed anew": lambda: store.run(interviews.ensure_user, "somebody"),
            "copied": store.back_up,
            "deleted": lambda: removal.delete_interview(store, Recordings(), interview.id, journal_dir=tmp_path),
            "used again": lambda: store.run(interviews.ensure_user, "somebody else"),
            "taken back": store.restore,
        }
        for name, step in steps.items():
            step()
            assert opened_raw(path) == "refused", f"the lock was gone: {name}"
    assert opened_raw(path) == "opened"


def test_a_notebooks_log_is_left_alone_by_who_waits(path, url):
    """A log another program is writing is none of ours: it is neither judged nor cut."""
    with SqlStore(url) as store:
        store.upgrade()
    with holder(str(path), "raw"):
        wal, seals = path.with_name("coach.duckdb.wal"), path.with_name("coach.duckdb.wal.seals")
        wal.write_bytes(b"somebody else's log")
        seals.write_bytes(b"")
        with SqlStore(url, lock_wait_s=0.3) as store, pytest.raises(StoreBusyError):
            store.version()
        assert wal.read_bytes() == b"somebody else's log"
        wal.unlink()
        seals.unlink()
    assert not (path.parent / "quarantine").exists()


def test_work_is_done_by_the_holder_through_its_door(path, url):
    interview = make.interview()
    exchange = make.exchange(interview)
    with holder(url) as server, SqlStore(url) as store:
        door = neighbour.door_of(path, server.pid)
        assert stat.S_IMODE(door.stat().st_mode) == 0o600
        store.run(interviews.create_interview, interview, [exchange])
        attempt = make.evaluated(exchange)
        store.run(interviews.add_attempt, attempt)
        assert store.run(interviews.load_interview, interview.id).attempts == [attempt]
        assert store.upgrade() == (schema.head(), schema.head())
        assert not store.database.in_hand
        with pytest.raises(NotFoundError):
            removal.delete_interview(store, Recordings(), "nope", journal_dir=path.parent)
        removal.delete_interview(store, Recordings(), interview.id, journal_dir=path.parent)
        assert copies.describe(store.back_up()).intact
        assert not store.database.in_hand
    assert not door.exists()
    with SqlStore(url) as store:
        assert store.run(interviews.load_interview, interview.id) is None


def test_what_cannot_travel_waits_for_the_file_and_gets_it(url):
    with holder(url), SqlStore(url) as store:
        assert store.run(lambda c: c.execute(sa.text("SELECT 42")).scalar()) == 42
        assert store.database.in_hand


def test_a_claim_belongs_to_who_asked_for_it(url):
    """Else a command that dies would leave its claim to the living server."""
    interview = make.interview()
    exchange = make.exchange(interview)
    attempt = make.attempt(exchange, status=AttemptStatus.CAPTURED)
    with holder(url) as server, SqlStore(url) as store:
        store.run(interviews.create_interview, interview, [exchange])
        store.run(interviews.add_attempt, attempt)
        assert store.run(interviews.claim_evaluation, attempt.id, "me")
        server.communicate("go\n", timeout=30)
        claims = store.run(lambda c: c.execute(sa.select(evaluation_claims.c.pid)).scalars().all())
    assert claims == [os.getpid()]


def test_a_frozen_holder_is_told_within_five_seconds(url):
    interview = make.interview()
    with holder(url) as server, SqlStore(url) as store:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            before = time.monotonic()
            with pytest.raises(StoreBusyError, match=str(server.pid)) as caught:
                store.run(interviews.create_interview, interview, [])
            assert time.monotonic() - before < 5
            assert "\n" not in str(caught.value)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert store.run(interviews.load_interview, interview.id) is None, "called back, and not done later"


def test_a_holder_that_dies_over_an_order_is_told(path, url, tmp_path):
    """The door of a process that begins an order and goes."""
    server = socket.socket(socket.AF_UNIX)
    with server:
        server.bind(str(neighbour.door_of(path, 1)))
        server.listen()
        path.with_name("coach.duckdb.lock").write_text("1")
        client = neighbour.dial(neighbour.door_of(path, 1))
        theirs, _ = server.accept()
        client.close()
        theirs.close()
        script = (
            "import sys; from multiprocessing.connection import Connection; import socket\n"
            "s = socket.socket(fileno=int(sys.argv[1])); c, _ = s.accept(); c = Connection(c.detach())\n"
            "c.recv_bytes(); c.send_bytes(b'taken'); c.close()"
        )
        command = [sys.executable, "-c", script, str(server.fileno())]
        with subprocess.Popen(command, pass_fds=[server.fileno()]):
            order = neighbour.packed_order(Order(interviews.load_interview, ("any",)))
            with pytest.raises(StoreError, match="ended before it said"):
                neighbour.ask(path, order, until=time.monotonic() + 20)


def test_a_door_left_by_a_dead_process_is_no_hindrance(path, url):
    with holder(url) as server:
        door = neighbour.door_of(path, server.pid)
        server.kill()
        server.wait()
        assert door.exists()
    with SqlStore(url) as store:
        assert store.version() == schema.head()
        store.open_door()
        assert not door.exists()


@pytest.mark.parametrize(
    "message",
    [pickle.dumps(os.getcwd), pickle.dumps(subprocess.Popen), b"", b"\x80\x05garbage", pickle.dumps(eval)],
    ids=["os", "subprocess", "nothing", "torn", "eval"],
)
def test_a_foreign_message_runs_nothing(message):
    with pytest.raises(ForeignMessageError):
        unpack(message)


def test_the_door_survives_foreign_messages(path, url):
    with holder(url) as server, SqlStore(url) as store:
        for message in (b"", b"hello", pickle.dumps(os.getcwd), pickle.dumps(("9999", 1, Order("upgrade")))):
            connection = neighbour.dial(neighbour.door_of(path, server.pid))
            connection.send_bytes(message)
            connection.close()
        assert store.version() == schema.head()
        assert pack(lambda: None) is None


def test_a_long_path_has_a_door_too(tmp_path):
    folder = tmp_path / ("long" * 20) / ("longer" * 15)
    with (
        holder(f"duckdb:///{folder / 'coach.duckdb'}") as server,
        SqlStore(f"duckdb:///{folder / 'coach.duckdb'}") as s,
    ):
        assert len(str(neighbour.door_of(folder / "coach.duckdb", server.pid))) > 108
        assert s.version() == schema.head()
        assert not s.database.in_hand


def test_two_stores_of_one_process_share_the_file(path, url):
    interview = make.interview()
    with SqlStore(url, idle_s=600) as one, SqlStore(url, idle_s=600) as two:
        one.run(interviews.create_interview, interview, [])
        assert two.run(interviews.load_interview, interview.id).interview == interview
        one.close()
        assert opened_raw(path) == "refused"
        two.run(interviews.ensure_user, "somebody")
    with duckdb.connect(str(path)) as plain:
        assert plain.execute("SELECT count(*) FROM users").fetchone() == (2,)


WRITER = """
import sys, time
from coach.store import SqlStore
from coach.store.repositories import interviews
from tests.fakes import records as make
url, seconds, door = sys.argv[1], float(sys.argv[2]), sys.argv[3]
store, until = SqlStore(url, idle_s=0.2), time.monotonic() + float(seconds)
if door == "door":
    store.open_door()
while time.monotonic() < until:
    interview = make.interview()
    store.run(interviews.create_interview, interview, [make.exchange(interview)])
    print(interview.id, flush=True)
store.close()
"""


def test_three_writers_lose_nothing(path, url):
    """Two servers with doors and a command without, all at once, checkpoints and hand-overs among them."""
    with SqlStore(url) as store:
        store.upgrade()
    command = ["-c", WRITER, url, "4"]
    writers = [
        forks.Python([*command, kind], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for kind in ("door", "door", "closed")
    ]
    written = [process.communicate(timeout=60)[0].split() for process in writers]
    assert [process.returncode for process in writers] == [0, 0, 0]
    assert all(written), "everybody got something done"
    with SqlStore(url) as store:
        kept = set(store.run(lambda c: c.execute(sa.text("SELECT id FROM mock_interviews")).scalars().all()))
    assert {name for names in written for name in names} <= kept
