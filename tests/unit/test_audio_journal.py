"""The recording survives: crash, full disk, restart."""

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from coach.audio.archive import AudioArchive
from coach.audio.decode import decode
from coach.audio.flac import write_flac
from coach.audio.journal import RecordingJournal
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.errors import AudioError, NotFoundError, StoreError
from coach.vault import files
from tests import forks

FRAME = (np.arange(320) * 50).astype("<i2").tobytes()
ROOT = Path(__file__).parents[2]


def test_what_was_appended_is_sealed_losslessly(tmp_path):
    journal = RecordingJournal.create(tmp_path, "one")
    sound = np.random.default_rng(3).integers(-9000, 9000, 50 * 320).astype("<i2")
    for start in range(0, len(sound), 320):
        journal.append(sound[start : start + 320].tobytes())
    assert journal.seconds == 1.0
    assert journal.read(0.5, 0.6) == sound[8000:9600].tobytes()
    sealed = journal.seal()
    assert sealed == tmp_path / "one.flac"
    assert (decode(sealed).samples == sound).all()
    assert [p.name for p in tmp_path.iterdir()] == ["one.flac"]
    assert journal.seal() == sealed


def test_two_who_seal_one_recording_both_get_it(tmp_path):
    """A process that was taken for dead goes on sealing while its successor finds the same recording."""
    first = RecordingJournal.create(tmp_path, "one")
    for _ in range(50):
        first.append(FRAME)
    second = RecordingJournal.create(tmp_path, "one")
    sealed = first.seal()
    assert second.seconds == 1.0 and second.seal() == sealed
    late = RecordingJournal.create(tmp_path, "one")
    assert late.seconds == 0 and late.seal() == sealed
    assert len(decode(sealed).samples) == SAMPLE_RATE_HZ and [p.name for p in tmp_path.iterdir()] == ["one.flac"]


def test_a_closed_recording_takes_no_more(tmp_path):
    journal = RecordingJournal.create(tmp_path, "one")
    journal.append(FRAME)
    journal.seal()
    with pytest.raises(StoreError, match="closed"):
        journal.append(FRAME)


def test_nothing_recorded_and_discarded(tmp_path):
    with pytest.raises(AudioError, match="Nothing was recorded"):
        RecordingJournal.create(tmp_path, "one").seal()
    journal = RecordingJournal.create(tmp_path, "two")
    journal.append(FRAME)
    journal.discard()
    assert not (tmp_path / "two.pcm").exists()


def test_ids_cannot_leave_the_folder(tmp_path):
    for name in ("../x", "a/b", "", "x" * 200):
        with pytest.raises(StoreError):
            RecordingJournal.create(tmp_path, name)


def test_kill_9_while_journalling_loses_nothing_acknowledged(tmp_path):
    script = (
        "import sys, pathlib; from coach.audio.journal import RecordingJournal\n"
        "journal = RecordingJournal.create(pathlib.Path(sys.argv[1]), 'crash')\n"
        "frame = bytes(640)\n"
        "while True:\n"
        "    journal.append(frame); sys.stdout.buffer.write(b'.'); sys.stdout.buffer.flush()\n"
    )
    child = forks.Python(["-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout
    acknowledged = len(child.stdout.read(500))
    os.kill(child.pid, signal.SIGKILL)
    acknowledged += len(child.stdout.read())
    child.wait()
    child.stdout.close()
    left = RecordingJournal.create(tmp_path, "crash")
    assert left.seconds >= acknowledged * 0.02 - 1e-6
    left.append(FRAME)
    assert decode(left.seal()).duration_s == pytest.approx(left.seconds)
    assert not left.path.exists()


def test_a_full_disk_is_told_and_keeps_what_is_there(tmp_path):
    script = (
        "import resource, signal, sys, pathlib; from coach.audio.journal import RecordingJournal\n"
        "from coach.errors import StoreError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10001, 10001))\n"
        "journal = RecordingJournal.create(pathlib.Path(sys.argv[1]), 'full')\n"
        "try:\n"
        "    while True: journal.append(bytes(640))\n"
        "except StoreError as error: print(error)\n"
    )
    done = forks.run(["-c", script, str(tmp_path)], cwd=ROOT)
    assert "The recording cannot be written" in done.stdout
    assert "disk space" in done.stdout
    size = (tmp_path / "full.pcm").stat().st_size
    assert size == 10_000


def test_an_unwritable_place_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written"):
        RecordingJournal.create(tmp_path / "file", "one")


def test_thirty_minutes_of_frames(tmp_path):
    journal = RecordingJournal.create(tmp_path, "long")
    started = time.process_time()
    for _ in range(30 * 60):
        journal.append(FRAME * 50)
    assert journal.seconds == 1800
    sealed = decode(journal.seal())
    assert sealed.duration_s == 1800
    assert time.process_time() - started < 30


def test_archive_keeps_reads_and_deletes(tmp_path):
    source = tmp_path / "a.flac"
    write_flac(Pcm(np.zeros(SAMPLE_RATE_HZ, np.int16)), source)
    for url in (str(tmp_path / "archive"), "memory://recordings"):
        archive = AudioArchive(url)
        uri = archive.save(source, "attempt-1")
        assert archive.read(uri) == source.read_bytes()
        assert decode(archive.local_path(uri, tmp_path / "copy.flac")).duration_s == 1.0
        assert archive.uris() == [uri]
        archive.delete(uri)
        archive.delete(uri)
        assert not archive.exists(uri)
        with pytest.raises(NotFoundError):
            archive.read(uri)
        with pytest.raises(NotFoundError):
            archive.local_path(uri, tmp_path / "none.flac")


def test_archive_reads_nothing_outside(tmp_path):
    archive = AudioArchive(str(tmp_path / "archive"))
    (tmp_path / "secret").write_text("secret")
    for uri in (f"file://{tmp_path}/secret", f"{tmp_path}/archive/../secret", "file:///etc/hostname"):
        with pytest.raises(NotFoundError):
            archive.read(uri)


def test_two_who_archive_one_recording_at_once_both_succeed(tmp_path, monkeypatch):
    """Late sound and a successor: each has written its draft when the other begins to put its own in place."""
    copied, real = threading.Barrier(2, timeout=20), shutil.copyfile

    def copyfile(source, target):
        real(source, target)
        copied.wait()

    monkeypatch.setattr("coach.audio.archive.shutil.copyfile", copyfile)
    archive, uris = AudioArchive(str(tmp_path / "audio")), list[str]()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.flac").write_bytes(name.encode() * 9)
    threads = [
        threading.Thread(target=lambda n=name: uris.append(archive.save(tmp_path / n / "x.flac", "one")))
        for name in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(uris) == 2 and archive.read(uris[0]) in (b"a" * 9, b"b" * 9)
    assert [path.name for path in (tmp_path / "audio").iterdir()] == ["one.flac"]


def test_archive_tells_when_it_cannot_store(tmp_path):
    (tmp_path / "file").write_text("in the way")
    source = tmp_path / "a.flac"
    source.write_bytes(b"x")
    with pytest.raises(StoreError, match="cannot be stored"):
        AudioArchive(str(tmp_path / "file")).save(source, "a")


def test_a_death_in_the_middle_of_moving_sound_leaves_none_of_it_twice(tmp_path):
    """What comes late is written between two takes: wherever the process dies, it has happened or it has not."""
    before, late, behind = bytes([1, 0]) * 100, bytes([2, 0]) * 50, bytes([3, 0]) * 300
    for written in (0, 1, 60, 100, 400, 699, 700):
        journal = RecordingJournal.create(tmp_path, f"died-{written}")
        journal.append(before + behind)
        journal.note_takes([(1, 0), (2, 100)])
        child = os.fork()
        if not child:
            _die_after(written)
            journal.insert(100, late, [(1, 0), (2, 150)])
            os._exit(0)
        assert os.waitpid(child, 0)[1] == (9 << 8 if written < 700 else 0)
        found = RecordingJournal.create(tmp_path, f"died-{written}")
        assert found.read() == before + late + behind
        assert found.noted_takes() == [(1, 0), (2, 150)]
        found.append(FRAME)
        assert RecordingJournal.create(tmp_path, f"died-{written}").read() == before + late + behind + FRAME
        assert {path.suffix for path in tmp_path.glob(f"died-{written}*")} == {".pcm", ".takes"}
    assert len(before + late + behind) == 900


def _die_after(count: int) -> None:
    """This process ends once so many bytes were written at a place of a file."""
    real, left = os.pwrite, [count]

    def dying(file: int, data: bytes, at: int) -> int:
        if len(data) > left[0]:
            real(file, data[: left[0]], at)
            os._exit(9)
        left[0] -= len(data)
        return real(file, data, at)

    os.pwrite = dying  # type: ignore[assignment]


def test_a_disk_that_is_full_when_sound_is_moved_changes_nothing(tmp_path, monkeypatch):
    journal, real = RecordingJournal.create(tmp_path, "full"), os.pwrite
    before, behind = bytes([1, 0]) * 100, bytes([3, 0]) * 300
    journal.append(before + behind)
    journal.note_takes([(1, 0), (2, 100)])
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: real(file, data[: max(0, 800 - at)], at))
    with pytest.raises(StoreError, match="space"):
        journal.insert(100, bytes([2, 0]) * 50, [(1, 0), (2, 150)])
    assert journal.read() == before + behind and journal.noted_takes() == [(1, 0), (2, 100)]
    monkeypatch.undo()
    journal.append(FRAME)
    assert journal.read() == before + behind + FRAME


def test_a_recording_deleted_while_it_is_turned_stays_deleted(tmp_path, monkeypatch):
    archive = AudioArchive(str(tmp_path / "audio"))
    (tmp_path / "one.flac").write_bytes(b"sound")
    uri = archive.save(tmp_path / "one.flac", "one")
    reading, gone = threading.Event(), threading.Event()

    def slowly(_path: str, raw: bytes) -> bytes:
        reading.set()
        gone.wait(0.3)
        return raw

    def delete() -> None:
        reading.wait(10)
        archive.delete(uri)
        gone.set()

    monkeypatch.setattr(files, "sealed_bytes", slowly)
    deleting = threading.Thread(target=delete)
    deleting.start()
    assert archive.turn(uri, owner="ada", sealed=True)
    deleting.join(10)
    assert not archive.exists(uri)
    with pytest.raises(NotFoundError):
        archive.turn(uri, owner="ada", sealed=True)
