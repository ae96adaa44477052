"""What expires expires, what is deleted is gone to the last byte, and usage stays billable without a name."""

import functools
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus, InterviewStatus
from coach.errors import NotFoundError, StoreError
from coach.store import SqlStore
from coach.store.engine import copies as safekeeping
from coach.store.maintenance import removal, retention
from coach.store.repositories import coaching, interviews, lab, queries
from coach.store.repositories.coaching import Comment
from coach.store.tables.core import mock_interview_attempts, mock_interviews, usage_tracking
from tests.fakes import records as make

SECRET = "zanzibar quarterly lighthouse"


class Recordings:
    """Recordings in memory; counts what is asked of it."""

    def __init__(self, *uris: str) -> None:
        self.kept = set(uris)

    def delete(self, uri: str) -> None:
        self.kept.discard(uri)

    def drop_parts(self, attempt_id: str) -> None:
        """Nothing is in progress."""


def a_session(store: SqlStore, *, text: str = SECRET, uri: str | None = "mem://one"):
    interview = make.interview()
    exchange = make.exchange(interview)
    store.run(interviews.create_interview, interview, [exchange])
    attempt = make.evaluated(
        exchange,
        transcript=make.transcript(text),
        evaluation=make.evaluation(polished=text),
        audio_uri=uri,
        audio_expires_at=make.START + timedelta(days=30),
    )
    store.run(interviews.add_attempt, attempt)
    store.run(interviews.add_usage, [make.usage(attempt), make.usage(attempt, call="batch", billable=False)])
    return interview, exchange, attempt


def swept(store: SqlStore, recordings: Recordings, **later: float) -> retention.Swept:
    now = make.START + timedelta(**later)
    return retention.sweep(store, recordings, now=now, policy=retention.RetentionPolicy())


def test_nothing_expires_before_its_time(sql_store):
    _, _, attempt = a_session(sql_store)
    recordings = Recordings("mem://one")
    assert swept(sql_store, recordings, hours=23.9) == retention.Swept(0, 0, 0)
    assert swept(sql_store, recordings, days=29.9).audio_deleted == 0
    assert sql_store.run(interviews.find_attempt, attempt.id) == attempt
    assert recordings.kept == {"mem://one"}


def test_a_quiet_session_is_abandoned_after_24_hours_and_only_once(sql_store):
    interview, _, _ = a_session(sql_store)
    assert swept(sql_store, Recordings(), hours=24).abandoned == 1
    assert swept(sql_store, Recordings(), hours=25).abandoned == 0
    snapshot = sql_store.run(interviews.load_interview, interview.id)
    assert snapshot.interview.status == InterviewStatus.ABANDONED


def test_audio_goes_after_30_days_text_stays(sql_store):
    _, _, attempt = a_session(sql_store)
    recordings = Recordings("mem://one")
    assert swept(sql_store, recordings, days=30).audio_deleted == 1
    assert recordings.kept == set()
    after = sql_store.run(interviews.find_attempt, attempt.id)
    assert after.audio_uri is None
    assert after.audio_deleted_at == make.START + timedelta(days=30)
    assert after.transcript == attempt.transcript
    assert swept(sql_store, recordings, days=31).audio_deleted == 0


def test_text_goes_after_12_months_numbers_stay(sql_store):
    _, _, attempt = a_session(sql_store)
    assert swept(sql_store, Recordings(), days=366).text_deleted == 1
    after = sql_store.run(interviews.find_attempt, attempt.id)
    assert after.transcript is None
    assert after.evaluation is None
    assert after.overall_score == attempt.overall_score
    assert after.delivery.wpm == attempt.delivery.wpm
    assert after.delivery.filler_hits == []
    assert SECRET not in str(sql_store.run(_whole_rows))
    assert swept(sql_store, Recordings(), days=367).text_deleted == 0


def test_what_coaches_wrote_goes_with_the_text_and_what_they_gave_stays(sql_store):
    _, _, attempt = a_session(sql_store)
    said = Comment(attempt_id=attempt.id, author="Ada", text=SECRET, at_s=0.0, created_at=make.START)
    sql_store.run(coaching.add_comment, said)
    given = {"attempt_id": attempt.id, "reviewer": "Ada", "overall": 7.0, "created_at": make.START}
    sql_store.run(lab.add_review, {**given, "comment": SECRET})
    swept(sql_store, Recordings(), days=364)
    assert sql_store.run(coaching.comments, [attempt.id]) == [said]
    swept(sql_store, Recordings(), days=366)
    assert sql_store.run(coaching.comments, [attempt.id]) == []
    (review,) = sql_store.run(queries.review_rows)
    assert (review["overall"], review["comment"]) == (7.0, "")


def test_the_terms_can_be_set(sql_store):
    a_session(sql_store)
    policy = retention.RetentionPolicy(text_months=1)
    now = make.START + timedelta(days=32)
    assert retention.sweep(sql_store, Recordings(), now=now, policy=policy).text_deleted == 1


def _whole_rows(connection: sa.Connection) -> list:
    return [tuple(row) for row in connection.execute(sa.select(mock_interview_attempts))]


def test_deleting_a_session_leaves_no_row_no_audio_no_journal(sql_store, tmp_path):
    interview, _, attempt = a_session(sql_store)
    other, _, kept = a_session(sql_store, text="another story", uri="mem://two")
    journal = tmp_path / "journal"
    journal.mkdir()
    (journal / f"{attempt.id}.pcm").write_bytes(b"123")
    recordings = Recordings("mem://one", "mem://two")
    sql_store.run(interviews.store_token, interview.id, "hash", 9e9)
    removed = removal.delete_interview(sql_store, recordings, interview.id, journal_dir=journal)
    assert (removed.attempts, removed.exchanges, removed.audio_deleted, removed.usage_anonymised) == (1, 1, 1, 2)
    assert sql_store.run(interviews.load_interview, interview.id) is None
    assert sql_store.run(interviews.find_attempt, attempt.id) is None
    assert sql_store.run(interviews.check_token, "hash", 0) is None
    assert recordings.kept == {"mem://two"}
    assert list(journal.iterdir()) == []
    assert sql_store.run(interviews.load_interview, other.id).attempts == [kept]
    with pytest.raises(NotFoundError):
        removal.delete_interview(sql_store, recordings, interview.id, journal_dir=journal)


class SealedMeanwhile(Recordings):
    """Whoever was sealing the recording has read it, and writes it again behind the first deletion: its row stands."""

    def delete(self, uri: str) -> None:
        deleted = uri in self.kept
        super().delete(uri)
        if deleted and uri not in getattr(self, "written", ()):
            self.written = {uri}
            self.kept.add(uri)


@pytest.mark.parametrize("how", ["session", "sweep"])
def test_a_recording_that_is_sealed_in_a_bucket_meanwhile_goes_all_the_same(sql_store, tmp_path, how):
    interview, _, _ = a_session(sql_store)
    recordings = SealedMeanwhile("mem://one")
    if how == "session":
        removal.delete_interview(sql_store, recordings, interview.id, journal_dir=tmp_path)
    else:
        assert swept(sql_store, recordings, days=30.1).audio_deleted == 1
    assert recordings.written == {"mem://one"} and recordings.kept == set()


def test_usage_of_a_deleted_session_stays_without_its_identity(sql_store, tmp_path):
    interview, _, _ = a_session(sql_store)
    removal.delete_interview(sql_store, Recordings(), interview.id, journal_dir=tmp_path)
    rows = sql_store.run(lambda c: [dict(r._mapping) for r in c.execute(sa.select(usage_tracking))])
    assert [row["quantity"] for row in rows] == [Decimal("7.25")] * 2
    assert {row["attempt_id"] for row in rows} == {row["interview_id"] for row in rows} == {None}
    assert {row["billed_state"]: row["user_id"] for row in rows} == {"pending": "local", "skipped": None}


def test_no_byte_of_a_deleted_session_stays_on_disk(tmp_path):
    database = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{database}") as store:
        gone, _, _ = a_session(store)
        kept, _, attempt = a_session(store, text="another story")
        store.back_up()
        store.release()
        assert _holds(tmp_path, SECRET)
        removal.delete_interview(store, Recordings(), gone.id, journal_dir=tmp_path)
        store.release()
        assert not _holds(tmp_path, SECRET)
        assert store.run(interviews.load_interview, kept.id).attempts == [attempt]
        with pytest.raises(StoreError, match="already has"):
            store.run(interviews.add_attempt, make.attempt(make.exchange(kept, id=attempt.exchange_id)))
        assert [copy.intact for copy in safekeeping.backups(database)] == [True]


def _holds(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_copies_are_checked_and_only_the_newest_are_kept(tmp_path):
    database = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{database}") as store:
        store.upgrade()
        store.release()
    for minute in range(7):
        source = functools.partial(shutil.copyfile, database)
        safekeeping.keep_copy(database, source, now=make.START + timedelta(minutes=minute))
    copies = safekeeping.backups(database)
    assert len(copies) == safekeeping.BACKUPS_KEPT
    assert all(copy.intact for copy in copies)
    damaged = bytearray(copies[0].path.read_bytes())
    damaged[5000] ^= 1
    copies[0].path.write_bytes(damaged)
    assert [copy.intact for copy in safekeeping.backups(database)] == [False, True, True, True, True]
    with SqlStore(f"duckdb:///{copies[-1].path}") as store:
        assert store.version() is not None


def test_a_copy_that_cannot_be_made_spoils_nothing(tmp_path, caplog):
    database = tmp_path / "coach.duckdb"
    safekeeping.folder(database).write_text("a file where the folder should be")
    with SqlStore(f"duckdb:///{database}") as store:
        interview, _, _ = a_session(store)
    assert "no copy of the database" in caplog.text
    with SqlStore(f"duckdb:///{database}") as store:
        assert store.run(interviews.load_interview, interview.id) is not None


def test_the_first_idle_moment_of_a_day_makes_a_copy(tmp_path):
    database = tmp_path / "coach.duckdb"
    with SqlStore(f"duckdb:///{database}") as store:
        a_session(store)
        store.release()
        a_session(store)
        store.release()
    assert len(safekeeping.backups(database)) == 1


def test_rows_of_sessions_can_be_counted_after_all_of_it(sql_store):
    a_session(sql_store)
    assert sql_store.run(lambda c: c.execute(sa.select(sa.func.count()).select_from(mock_interviews)).scalar()) == 1
    assert AttemptStatus.EVALUATED in str(sql_store.run(_whole_rows))
