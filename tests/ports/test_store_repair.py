"""Recordings and rows find each other again after a crash in between."""

from datetime import timedelta

import numpy as np
import pytest

from coach.audio.archive import AudioArchive
from coach.audio.decode import decode
from coach.audio.journal import RecordingJournal
from coach.contracts.interview import AttemptStatus
from coach.store.maintenance.repair import Repaired, repair_recordings
from coach.store.maintenance.retention import RetentionPolicy
from coach.store.maintenance.upkeep import keep_up
from coach.store.repositories import interviews
from tests.fakes import records as make

SECONDS = 1.5
POLICY = RetentionPolicy()


@pytest.fixture
def archive(tmp_path) -> AudioArchive:
    return AudioArchive(str(tmp_path / "audio"))


@pytest.fixture
def journal_dir(tmp_path):
    return tmp_path / "journal"


def an_attempt(store, status: AttemptStatus, **changes):
    interview = make.interview()
    exchange = make.exchange(interview)
    store.run(interviews.create_interview, interview, [exchange])
    attempt = make.attempt(exchange, status=status, **changes)
    store.run(interviews.add_attempt, attempt)
    return attempt


def record(journal_dir, attempt_id: str, *, sealed: bool = False) -> None:
    journal = RecordingJournal.create(journal_dir, attempt_id)
    noise = np.random.default_rng(1).integers(-900, 900, int(16_000 * SECONDS), dtype=np.int16)
    journal.append(noise.tobytes())
    journal.seal() if sealed else journal.close()


def repaired(store, archive, journal_dir, *, hours: float = 0) -> Repaired:
    now = make.START + timedelta(hours=hours)
    return repair_recordings(store, archive, journal_dir, now=now, policy=POLICY)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("status", [AttemptStatus.EVALUATED, AttemptStatus.DELAYED])
def test_a_recording_its_row_does_not_know_is_attached(sql_store, archive, journal_dir, status, sealed):
    attempt = an_attempt(sql_store, status)
    record(journal_dir, attempt.id, sealed=sealed)
    assert repaired(sql_store, archive, journal_dir) == Repaired(attached=1)
    after = sql_store.run(interviews.find_attempt, attempt.id)
    assert decode(archive.local_path(after.audio_uri, journal_dir / "copy.flac")).duration_s == pytest.approx(
        SECONDS, abs=0.05
    )
    assert after.audio_expires_at == attempt.created_at + timedelta(days=30)
    assert after.status == status
    assert list(journal_dir.iterdir()) == []
    assert repaired(sql_store, archive, journal_dir) == Repaired()


def test_an_answer_cut_off_in_the_middle_is_left_for_the_conductor_for_a_day(sql_store, archive, journal_dir):
    attempt = an_attempt(sql_store, AttemptStatus.RECORDING)
    record(journal_dir, attempt.id)
    assert repaired(sql_store, archive, journal_dir) == Repaired(left=1)
    assert sql_store.run(interviews.find_attempt, attempt.id) == attempt
    assert repaired(sql_store, archive, journal_dir, hours=25) == Repaired(attached=1)
    after = sql_store.run(interviews.find_attempt, attempt.id)
    assert after.status == AttemptStatus.CAPTURED
    assert after.duration_seconds == pytest.approx(SECONDS)


def test_what_was_started_over_is_thrown_away(sql_store, archive, journal_dir):
    attempt = an_attempt(sql_store, AttemptStatus.DISCARDED)
    record(journal_dir, attempt.id)
    assert repaired(sql_store, archive, journal_dir) == Repaired(discarded=1)
    assert list(journal_dir.iterdir()) == []
    assert archive.uris() == []


def test_a_recording_without_an_attempt_is_kept_and_counted(sql_store, archive, journal_dir):
    record(journal_dir, "unknown")
    assert repaired(sql_store, archive, journal_dir) == Repaired(orphans=1)
    assert [path.name for path in journal_dir.iterdir()] == ["unknown.pcm"]


def test_an_empty_recording_is_thrown_away(sql_store, archive, journal_dir):
    attempt = an_attempt(sql_store, AttemptStatus.DELAYED)
    RecordingJournal.create(journal_dir, attempt.id).close()
    assert repaired(sql_store, archive, journal_dir) == Repaired(discarded=1)


def test_upkeep_repairs_and_sweeps_in_one_turn(sql_store, archive, journal_dir):
    attempt = an_attempt(sql_store, AttemptStatus.EVALUATED)
    record(journal_dir, attempt.id)
    done, swept = keep_up(sql_store, archive, journal_dir, POLICY)
    assert done.attached == 1
    assert swept.abandoned == 1
