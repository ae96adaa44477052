"""The recording in progress: on disk before anything else happens, complete up to the last frame after a crash.

Every frame is written straight to a raw PCM file (`write(2)` survives the death of the process) and forced to the disk
once a second by one background thread (survives the death of the machine up to that second). `seal` turns it into FLAC.
Where keys are in force for its folder, what reaches the disk is sealed for whom it is created (`ambient.belonging_to`).
Which capture of the client begins where is kept beside it (`.takes`), so that one goes on after a restart.
"""

import errno
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from coach.audio.disk import Disk, begun, disk_of
from coach.audio.flac import write_flac
from coach.audio.moved import SUFFIX as MOVED
from coach.audio.moved import Moved
from coach.audio.pcm import BYTES_PER_SAMPLE, BYTES_PER_SECOND, Pcm
from coach.audio.syncing import syncer
from coach.errors import AudioError, StoreError

SYNC_EVERY_S = 1.0
_SUFFIX = ".pcm"
_TAKES = ".takes"
_WRITER = ".writer"
_USED = ".used"
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class RecordingJournal:
    """One attempt's recording while it is being made. 16 kHz mono Int16.

    `append` may be called from any one thread at a time; it costs a few microseconds.
    """

    shared = False

    def __init__(self, path: Path) -> None:
        """Opens `path` to append; use `create`."""
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            with _kept_only_whole(self._file):
                self._disk = begun(path, self._file)
                self._finish_moving()
                self._size = self._disk.size
        except OSError as error:
            raise unwritable(error) from error
        self._whose = self._disk.key
        self._unsynced = 0
        self._syncer_idle = threading.Event()
        self._syncer_idle.set()

    @classmethod
    def create(cls, directory: Path, attempt_id: str) -> "RecordingJournal":
        """Begins (or, after a restart, goes on with) the recording of `attempt_id`.

        Raises:
            StoreError: the directory cannot be written or the disk is full.
        """
        return cls(cls.place(directory, attempt_id))

    @staticmethod
    def place(directory: Path, attempt_id: str) -> Path:
        """Where the recording of `attempt_id` lies while it is made.

        Raises:
            StoreError: that is no id of an attempt.
        """
        if not _SAFE_ID.fullmatch(attempt_id):
            raise StoreError("A recording needs a plain attempt id.")
        return directory / f"{attempt_id}{_SUFFIX}"

    @classmethod
    def forget(cls, directory: Path, attempt_id: str) -> None:
        """Removes whatever there is of the recording of `attempt_id`."""
        path = cls.place(directory, attempt_id)
        for suffix in (_SUFFIX, _TAKES, _WRITER, _USED, MOVED, ".flac"):
            path.with_suffix(suffix).unlink(missing_ok=True)

    @property
    def attempt_id(self) -> str:
        """Whose recording it is."""
        return self.path.stem

    @property
    def seconds(self) -> float:
        """How much has been recorded."""
        return self._size / BYTES_PER_SECOND

    @property
    def resting(self) -> int:
        """Samples from the beginning that need not be sent again whatever dies: here, all that is written."""
        return self._size // BYTES_PER_SAMPLE

    def append(self, pcm16: bytes) -> None:
        """Writes a frame.

        Raises:
            StoreError: sealed, discarded, or the disk is full; what was written before stays.
        """
        with self._lock:
            self._write(self._size, pcm16)

    def write_at(self, sample: int, pcm16: bytes) -> None:
        """Writes at a place; what lies between the end and there becomes silence.

        Raises:
            StoreError: as `append`.
        """
        with self._lock:
            self._write(sample * BYTES_PER_SAMPLE, pcm16)

    def insert(self, sample: int, pcm16: bytes, begins: list[tuple[int, int]]) -> None:
        """Moves everything from `sample` on, writes between, and notes where takes begin then: all or nothing.

        Raises:
            StoreError: the disk is full; everything is as it was.
        """
        with self._lock:
            at = sample * BYTES_PER_SAMPLE
            behind = self._opened().read(max(0, self._size - at), at)
            moved = Moved(at, pcm16 + behind, begins)
            try:
                moved.write(self.path, self._whose)
            except OSError as error:
                raise unwritable(error) from error
            try:
                self._write(at, moved.rest)
                self._keep_takes(begins)
            except StoreError:
                self._undo(at, behind)
                raise
            finally:
                Moved.forget(self.path)

    def _undo(self, at: int, behind: bytes) -> None:
        """What was overwritten stands again; that needs no room it had not before."""
        with suppress(OSError):
            self._disk.write(behind, at)
            self._disk.cut(at + len(behind))
            self._size = at + len(behind)

    def _finish_moving(self) -> None:
        """What a process that died was moving is moved."""
        if moved := Moved.beside(self.path):
            self._disk.cut(moved.at + self._disk.write(moved.rest, moved.at))
            RecordingJournal._keep_takes(self, moved.takes)
        Moved.forget(self.path)

    def cut(self, sample: int) -> None:
        """Makes the recording exactly this long: what is over goes, what is missing is silence.

        Raises:
            StoreError: as `append`.
        """
        with self._lock:
            try:
                self._opened().cut(sample * BYTES_PER_SAMPLE)
            except OSError as error:
                raise unwritable(error) from error
            self._size = sample * BYTES_PER_SAMPLE

    def note_takes(self, begins: list[tuple[int, int]]) -> None:
        """Keeps (take, its first sample) beside the recording.

        Raises:
            StoreError: the disk is full.
        """
        with self._lock:
            self._keep_takes(begins)

    def _keep_takes(self, begins: list[tuple[int, int]]) -> None:
        kept = self.path.with_suffix(_TAKES)
        try:
            fresh = kept.with_suffix(".takes-new")
            fresh.write_text(json.dumps(begins))
            fresh.replace(kept)
        except OSError as error:
            raise unwritable(error) from error

    def noted_takes(self) -> list[tuple[int, int]]:
        """What was kept; empty when there is none."""
        try:
            return [(int(take), int(at)) for take, at in json.loads(self.path.with_suffix(_TAKES).read_text())]
        except (OSError, ValueError, TypeError):
            return []

    def note_use(self, used: str) -> None:
        """Keeps what the answer has used of vendors so far (any text) beside the recording, after it is sealed, too.

        Raises:
            StoreError: the disk is full.
        """
        try:
            fresh = self.path.with_suffix(".used-new")
            fresh.write_text(used)
            fresh.replace(self.path.with_suffix(_USED))
        except OSError as error:
            raise unwritable(error) from error

    @staticmethod
    def noted_use(directory: Path, attempt_id: str) -> str:
        """What was kept; empty when there is none."""
        with suppress(OSError):
            return RecordingJournal.place(directory, attempt_id).with_suffix(_USED).read_text()
        return ""

    def read_samples(self, start: int, end: int) -> bytes:
        """Raw PCM of the samples `[start, end)` as far as they are there."""
        with self._lock:
            return self._opened().read(max(0, end - start) * BYTES_PER_SAMPLE, start * BYTES_PER_SAMPLE)

    def _opened(self) -> Disk:
        if self._file is None:
            raise StoreError("The recording is closed.")
        return self._disk

    def _write(self, at: int, pcm16: bytes) -> None:
        disk = self._opened()
        try:
            written = disk.write(pcm16, at)
            self._size = max(self._size, at + written)
            if written < len(pcm16):
                self._drop_half_sample(disk)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise unwritable(error) from error
        self._unsynced += written
        if self._unsynced >= SYNC_EVERY_S * BYTES_PER_SECOND and self._syncer_idle.is_set():
            self._unsynced = 0
            self._syncer_idle.clear()
            assert self._file is not None
            syncer.request(os.dup(self._file), self._syncer_idle)

    def _drop_half_sample(self, disk: Disk) -> None:
        self._size -= self._size % BYTES_PER_SAMPLE
        disk.cut(self._size)

    def read(self, start_s: float = 0.0, end_s: float | None = None) -> bytes:
        """Raw PCM of the part `[start_s, end_s)` recorded so far."""
        first = int(start_s * BYTES_PER_SECOND) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
        last = self._size if end_s is None else int(end_s * BYTES_PER_SECOND) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
        with self.path.open("rb") as file:
            return disk_of(self.path, file.fileno()).read(max(0, last - first), first)

    def pcm(self) -> Pcm:
        """Everything recorded so far."""
        return Pcm.from_bytes(self.read())

    def seal(self) -> Path:
        """Ends the recording and returns it as FLAC beside the journal. Blocking; run it off the event loop.

        Sealing twice returns the same file, also when somebody else (a process that was taken for dead) seals it at
        the same moment. The raw file goes only after the FLAC is on disk.

        Raises:
            AudioError: nothing was recorded.
            StoreError: the disk is full; the raw recording stays.
        """
        sealed = self.path.with_suffix(".flac")
        self.close()
        pcm = self._raw()
        if not len(pcm.samples) and sealed.exists():
            self._remove()
            return sealed
        if not len(pcm.samples):
            raise AudioError("Nothing was recorded.", mend="Check the microphone and record again.")
        try:
            write_flac(pcm, sealed, self._whose)
        except OSError as error:
            raise unwritable(error) from error
        self._remove()
        return sealed

    def _raw(self) -> Pcm:
        try:
            return self.pcm()
        except FileNotFoundError:
            return Pcm.from_bytes(b"")

    def discard(self) -> None:
        """Throws the recording away (Start over, Delete)."""
        self.close()
        self._remove()
        for suffix in (_USED, ".flac"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)
        for suffix in (_TAKES, _WRITER, MOVED):
            self.path.with_suffix(suffix).unlink(missing_ok=True)

    def rest(self) -> None:
        """Waits until what was sealed would outlive this machine; here it is not meant to."""

    def put_down(self) -> None:
        """Lets go of a recording that is not finished, for whoever goes on with it. Blocking."""
        self.close()

    def close(self) -> None:
        """Lets go of the file and keeps it; `create` goes on with it."""
        with self._lock:
            if self._file is not None:
                with suppress(OSError):
                    os.fsync(self._file)
                os.close(self._file)
                self._file = None


@contextmanager
def _kept_only_whole(descriptor: int) -> Iterator[None]:
    """A file that could not be begun is not left open: whoever waits for room tries again and again."""
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def unwritable(error: OSError) -> StoreError:
    """What a person is told of a disk that takes nothing."""
    return StoreError(
        f"The recording cannot be written ({error.strerror or 'unknown reason'}).",
        mend="Free some disk space or choose another COACH_HOME.",
    )
