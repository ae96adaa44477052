"""Files no row knows go, the spool forgets what was deleted, and how much was deleted is written down."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from coach.audio.archive import AudioArchive
from coach.contracts.interview import AttemptStatus
from coach.errors import StoreBusyError
from coach.interview.spool_file import forget
from coach.interview.store_and_forward import SPOOL, SpooledStore
from coach.store import SqlStore
from coach.store.engine import schema
from coach.store.maintenance import removal, retention
from coach.store.maintenance.leftovers import clear_leftovers
from coach.store.maintenance.upkeep import JumpWatch, keep_up
from coach.store.repositories import deletions, interviews, records
from coach.store.tables.core import mock_interview_attempts as attempts
from coach.views import operations as ops
from tests.fakes import records as make
from tests.fakes.store import FakeStore

NOW = datetime.now(UTC)
POLICY = retention.RetentionPolicy()


def file(path: Path, *, days_old: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")
    then = (NOW - timedelta(days=days_old)).timestamp()
    os.utime(path, (then, then))
    return path


@pytest.fixture
def archive(tmp_path) -> AudioArchive:
    return AudioArchive(str(tmp_path / "audio"))


def an_attempt(store: SqlStore, **changes):
    interview = make.interview(created_at=NOW, last_activity_at=NOW)
    exchange = make.exchange(interview)
    store.run(interviews.create_interview, interview, [exchange])
    attempt = make.attempt(exchange, created_at=NOW, **changes)
    store.run(interviews.add_attempt, attempt)
    return interview, attempt


def test_recordings_and_journals_without_a_row_go_and_others_stay(sql_store, archive, tmp_path):
    _, known = an_attempt(sql_store)
    audio, journal = tmp_path / "audio", tmp_path / "journal"
    kept = file(audio / f"{known.id}.flac", days_old=3)
    uri = next(uri for uri, _ in archive.listed() if known.id in uri)
    sql_store.run(interviews.update_attempt, known.model_copy(update={"audio_uri": uri}))
    stays = [
        kept,
        file(audio / "fresh.flac", days_old=0.5),
        file(journal / "fresh.pcm", days_old=0.5),
        file(journal / f"{known.id}.pcm", days_old=3),
        file(journal / SPOOL, days_old=90),
    ]
    goes = [
        file(audio / "stray.flac", days_old=2),
        file(audio / ".half.flac.part", days_old=2),
        file(journal / "unknown.pcm", days_old=2),
        file(journal / ".unknown.flac.1234.part", days_old=2),
        file(journal / f"{known.id}.flac", days_old=31),
    ]
    assert clear_leftovers(sql_store, archive, journal, now=NOW, policy=POLICY) == len(goes)
    assert [path.name for path in goes if path.exists()] == []
    assert [path.name for path in stays if not path.exists()] == []
    assert clear_leftovers(sql_store, archive, journal, now=NOW, policy=POLICY) == 0
    assert sql_store.run(deletions.totals)["files"] == len(goes)


def test_what_was_deleted_is_counted_once_and_shown(sql_store, tmp_path):
    """The page said 0 after deletions: it counted rows, and those had gone as well."""

    class Recordings:
        def delete(self, uri: str) -> None:
            assert uri

        def drop_parts(self, attempt_id: str) -> None:
            assert attempt_id

    interview, attempt = an_attempt(sql_store, audio_uri="mem://one", status=AttemptStatus.EVALUATED)
    _, swept = an_attempt(sql_store, audio_uri="mem://two", audio_expires_at=NOW + timedelta(days=30))
    removal.delete_interview(sql_store, Recordings(), interview.id, journal_dir=tmp_path)
    for _ in range(2):
        retention.sweep(sql_store, Recordings(), now=NOW + timedelta(days=400), policy=POLICY)
    assert sql_store.run(deletions.totals) == {"recordings": 2, "texts": 2, "sessions": 1, "files": 0}
    shown = ops.deletions_frame(sql_store)
    assert list(shown["why"]) == ["it was due", "its owner deleted the session"]
    assert attempt.id not in shown.to_string()
    assert swept.id not in shown.to_string()
    assert ops.retention_counts(sql_store)["recordings deleted"] == 2


def an_old_attempt(store: SqlStore, **values: datetime) -> None:
    """An attempt by the columns of the third version; later ones are not there yet."""
    interview = make.interview(created_at=NOW, last_activity_at=NOW)
    exchange = make.exchange(interview)
    store.run(interviews.create_interview, interview, [exchange])
    row = records.attempt_row(make.attempt(exchange, created_at=NOW)) | values
    named = sa.text("SELECT column_name FROM information_schema.columns WHERE table_name = :t").bindparams(
        t=attempts.name
    )
    there = {*store.run(lambda c: [*c.execute(named).scalars()])}
    old = {attempts.c[name]: value for name, value in row.items() if name in there}
    store.run(lambda c: c.execute(sa.insert(attempts).values(old)) and None)


@pytest.mark.usefixtures("begins_empty")
def test_what_was_deleted_before_counts_as_one_sweep(sql_url, request):
    url = request.getfixturevalue("empty_postgres_url") if "postgresql" in sql_url else sql_url
    with SqlStore(url) as store:
        with store.database.engine().begin() as connection:
            schema.upgrade(connection, "0003")
        store._ready = True
        an_old_attempt(store, audio_deleted_at=NOW - timedelta(days=3))
        an_old_attempt(store, audio_deleted_at=NOW - timedelta(days=2), text_deleted_at=NOW - timedelta(days=1))
        store._ready = False
        store.upgrade()
        (row,) = store.run(deletions.latest)
    assert (row["recordings"], row["texts"], row["cause"]) == (2, 1, "sweep")
    assert row["occurred_at"] == NOW - timedelta(days=1)


class BusyStore(FakeStore):
    """Takes nothing until told to."""

    busy = True

    async def add_attempt(self, attempt):
        if self.busy:
            raise StoreBusyError("held")
        await super().add_attempt(attempt)

    async def complete_attempt(self, attempt, exchange, usage):
        if self.busy:
            raise StoreBusyError("held")


async def test_the_spool_forgets_a_deleted_interview_and_keeps_its_use(tmp_path):
    path = tmp_path / SPOOL
    spool = SpooledStore(BusyStore(), path)
    gone, kept = (make.exchange(make.interview()) for _ in range(2))
    attempt = make.evaluated(gone, transcript=make.transcript("a secret"))
    await spool.add_attempt(attempt)
    await spool.add_attempt(make.attempt(kept))
    await spool.complete_attempt(attempt, gone, [make.usage(attempt)])
    assert "a secret" in path.read_text()
    assert forget(path, gone.interview_id) == 2
    left = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["write"] for line in left] == ["add_attempt", "add_usage"]
    assert "a secret" not in path.read_text()
    assert gone.interview_id not in path.read_text()
    assert left[1]["facts"][0][0]["quantity"] == "7.25"
    assert forget(path, "another") == 0
    assert forget(tmp_path / "none" / SPOOL, "another") == 0


async def test_two_processes_do_not_rewrite_one_spool_at_once(tmp_path):
    """While one writes what waits, what the other keeps is not lost with the lines that are done."""
    path = tmp_path / SPOOL
    first_store, second_store = BusyStore(), BusyStore()
    first, second = SpooledStore(first_store, path), SpooledStore(second_store, path)
    exchange = make.exchange(make.interview())
    one, two = make.attempt(exchange, 1), make.attempt(exchange, 2)
    await first.add_attempt(one)

    class Slow(FakeStore):
        def __init__(self, spool):
            super().__init__()
            self.spool = spool

        async def add_attempt(self, attempt):
            waits = SpooledStore(second_store, path)
            await waits.close()  # takes its turn: somebody else is at it
            assert waits.waiting
            self.taken = attempt

    taking = Slow(second)
    replaying = SpooledStore(taking, path)
    await replaying.recover()
    assert taking.taken.id == one.id
    await second.add_attempt(two)
    assert two.id in path.read_text()
    assert one.id not in path.read_text()


def test_nothing_is_deleted_on_the_day_the_clock_was_set(sql_store, archive, tmp_path, monkeypatch, caplog):
    _, attempt = an_attempt(sql_store, status=AttemptStatus.EVALUATED)
    uri = archive.save(file(tmp_path / "a.flac", days_old=0), attempt.id)
    sql_store.run(interviews.update_attempt, attempt.model_copy(update={"audio_uri": uri}))
    from coach.store.maintenance import upkeep

    class Clock:
        ahead, steady = timedelta(0), 100.0

        @classmethod
        def now(cls, tz):
            return NOW + cls.ahead + timedelta(seconds=cls.steady)

    monkeypatch.setattr(upkeep, "datetime", Clock)
    monkeypatch.setattr(upkeep, "steady_s", lambda: Clock.steady)
    watch = JumpWatch()

    def turn():
        return keep_up(sql_store, archive, tmp_path / "journal", POLICY, watch=watch)[1].audio_deleted

    assert turn() == 0
    Clock.ahead = timedelta(days=4000)
    assert turn() == 0, "the clock jumped eleven years: nothing goes"
    assert "clock was set" in caplog.text
    assert archive.exists(uri)
    Clock.steady += 86_400
    assert turn() == 1, "it went on evenly for a day: what is due goes"
    assert sql_store.run(lambda c: c.execute(sa.text("SELECT count(*) FROM deletions")).scalar()) >= 1
