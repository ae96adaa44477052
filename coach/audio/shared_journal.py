"""The recording in progress where several machines serve: on this disk, and a second later in the bucket.

The file grows as ever (`journal.RecordingJournal`); once a second what changed is put beside the finished recordings
in blocks, then a manifest that names them. Blocks are never overwritten, so a manifest always names one moment of the
recording, whoever dies while writing. A client keeps what is not in the bucket yet (`resting`), so another machine that
goes on with the answer misses nothing.
"""

import logging
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from coach.audio.journal import RecordingJournal, unwritable
from coach.audio.manifest import Bucket, Manifest
from coach.audio.pcm import BYTES_PER_SAMPLE, BYTES_PER_SECOND
from coach.errors import CoachError, StoreError
from coach.vault import ambient

log = logging.getLogger(__name__)

SHIP_EVERY_S = 1.0
BLOCK_BYTES = 4 * BYTES_PER_SECOND
AT_ONCE = 8
REST_WITHIN_S = 10.0
"""How long the end of an answer is waited for; then it is judged with its last second on this disk alone."""
WRITER = ".writer"
FETCHES = 5
"""How often the bucket's state is asked for anew where somebody who is not heard of yet is still changing it."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What the bucket does not have yet, as it was at one moment."""

    start: int
    size: int
    data: bytes
    takes: list[tuple[int, int]]
    used: str


class SharedJournal(RecordingJournal):
    """One attempt's recording, here and in the bucket."""

    shared = True

    def __init__(self, path: Path, bucket: Bucket, shipper: "Shipper", known: Manifest | None, *, same: bool) -> None:
        """Goes on with the file at `path`.

        Args:
            path: the file.
            bucket: where it goes, too.
            shipper: takes it there.
            known: what the bucket has of it; None = nothing.
            same: whether the file is exactly that.
        """
        super().__init__(path)
        self._bucket = bucket
        self._shipper = shipper
        self._owner = ambient.owner()
        self._writer = uuid4().hex
        self._known = known or Manifest()
        self._resting = self._known.size
        self._changed: int | None = 0 if self._size and not same else None
        self._in_flight: int | None = None
        self._takes: list[tuple[int, int]] = super().noted_takes()
        self._used = self.noted_use(path.parent, self.attempt_id)
        self._shipping = threading.Lock()
        self._last: Future[None] | None = None
        self._over = False
        self._stray: list[str] = []
        try:
            path.with_suffix(WRITER).write_text(self._known.writer)
        except OSError as error:
            self.close()
            raise unwritable(error) from error
        shipper.add(self)

    @property
    def resting(self) -> int:
        """Samples from the beginning that another machine would find."""
        return self._resting // BYTES_PER_SAMPLE

    def _write(self, at: int, pcm16: bytes) -> None:
        self._touch(min(at, self._size))
        super()._write(at, pcm16)

    def cut(self, sample: int) -> None:
        """See `RecordingJournal`."""
        with self._lock:
            self._touch(min(sample * BYTES_PER_SAMPLE, self._size))
        super().cut(sample)

    def _touch(self, at: int) -> None:
        self._changed = at if self._changed is None else min(at, self._changed)
        self._resting = min(self._resting, at)

    def _keep_takes(self, begins: list[tuple[int, int]]) -> None:
        """Under the lock, so that the bucket never gets sound that moved without its takes."""
        super()._keep_takes(begins)
        self._takes = [*begins]
        self._touch(self._size)

    def note_use(self, used: str) -> None:
        """See `RecordingJournal`."""
        super().note_use(used)
        with self._lock:
            self._used = used
            self._touch(self._size)

    def ship(self) -> None:
        """Puts what changed into the bucket. Blocking; one at a time.

        Raises:
            StoreError: the bucket does not take it; the next turn tries again.
        """
        with self._shipping:
            with self._lock:
                change = self._change()
                self._in_flight = change.start if change else None
            if change is not None:
                self._put(change)

    def _change(self) -> _Change | None:
        """Taken under the lock: whole blocks from the first that changed, or is still on its way."""
        marks = [mark for mark in (self._changed, self._in_flight) if mark is not None]
        if not marks or self._file is None or self._over:
            return None
        start = min(marks) // BLOCK_BYTES * BLOCK_BYTES
        data = self._disk.read(max(0, self._size - start), start)
        self._changed = None
        return _Change(start, start + len(data), data, [*self._takes], self._used)

    def _put(self, change: _Change) -> None:
        kept = self._known.blocks[: change.start // BLOCK_BYTES]
        fresh: list[str] = []
        try:
            with ambient.belonging_to(self._owner):
                for at in range(0, len(change.data), BLOCK_BYTES):
                    fresh.append(f"{len(kept) + len(fresh):06d}-{uuid4().hex[:12]}.pcm")
                    self._bucket.put_part(self.attempt_id, fresh[-1], change.data[at : at + BLOCK_BYTES])
                manifest = Manifest(self._writer, change.size, change.takes, [*kept, *fresh], change.used)
                manifest.write(self._bucket, self.attempt_id)
        except (CoachError, OSError):
            self._stray += fresh
            with self._lock:
                self._in_flight = None
                self._touch(change.start)
            raise
        old, self._known = self._known, manifest
        self._sign()
        with self._lock:
            self._in_flight = None
            self._resting = change.size if self._changed is None else min(change.size, self._changed)
        self._stray += old.blocks[len(kept) :]
        if self._stray:
            with suppress(CoachError, OSError):
                self._bucket.drop_parts(self.attempt_id, self._stray)
                self._stray = []

    def _sign(self) -> None:
        """Notes that the bucket holds an earlier state of this very file, and not what another machine wrote since."""
        if self._file is not None:
            self.path.with_suffix(WRITER).write_text(self._writer)

    def seal(self) -> Path:
        """See `RecordingJournal`; the rest of the sound goes to the bucket beside it."""
        with self._lock:
            change = self._change()
        if change is not None:
            self._last = self._shipper.submit(lambda: self._put_in_turn(change))
        return super().seal()

    def _put_in_turn(self, change: _Change) -> None:
        with self._shipping:
            if not self._over:
                self._put(change)

    def rest(self) -> None:
        """Waits until the bucket has what was sealed; tells the log when it does not take it. Blocking."""
        try:
            if self._last is not None:
                self._last.result(REST_WITHIN_S)
        except (CoachError, OSError, TimeoutError) as error:
            log.warning("the end of an answer is on this machine alone (%s)", type(error).__name__)

    def put_down(self) -> None:
        """Another machine may go on: everything is in the bucket, nothing stays here that could be taken for newer.

        Not where one goes on already (`close`): what it wrote would be replaced by an earlier moment.
        """
        try:
            self.ship()
        except (CoachError, OSError) as error:
            log.warning("a recording stays on this machine (%s)", type(error).__name__)
            super().put_down()
            return
        self._shipper.drop(self)
        self.close()
        self._remove()

    def discard(self) -> None:
        """See `RecordingJournal`; the bucket's parts go, too."""
        self._over = True
        self._shipper.drop(self)
        super().discard()
        with self._shipping:
            self._bucket.drop_parts(self.attempt_id)


class Shipper:
    """Ships all open journals of the process once a second."""

    def __init__(self) -> None:
        self._journals: weakref.WeakSet[SharedJournal] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, "journal-ship")
        self._thread: threading.Thread | None = None
        self._told = False

    def add(self, journal: SharedJournal) -> None:
        """From now on it is shipped."""
        with self._lock:
            self._journals.add(journal)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal-shipper", daemon=True)
                self._thread.start()

    def drop(self, journal: SharedJournal) -> None:
        """Not any more."""
        with self._lock:
            self._journals.discard(journal)

    def submit(self, work: Callable[[], None]) -> "Future[None]":
        """One piece of work for the same threads."""
        return self._pool.submit(work)

    def _run(self) -> None:
        while True:
            time.sleep(SHIP_EVERY_S)
            with self._lock:
                journals = [*self._journals]
            for _ in self._pool.map(self._ship, journals):
                pass

    def _ship(self, journal: SharedJournal) -> None:
        try:
            journal.ship()
            self._told = False
        except Exception as error:  # whatever one recording meets, the others are shipped
            if not self._told:
                self._told = True
                log.warning("recordings in progress do not reach the bucket (%s)", type(error).__name__)


class SharedJournals:
    """Makes them; one for the process."""

    def __init__(self, bucket: Bucket) -> None:
        """`bucket` is where finished recordings go, too."""
        self._bucket = bucket
        self._shipper = Shipper()

    def create(self, directory: Path, attempt_id: str) -> SharedJournal:
        """Begins the recording of `attempt_id`, or goes on with what this machine or the bucket has of it.

        Raises:
            StoreError: the directory cannot be written, the disk is full, or the bucket does not answer.
        """
        path = RecordingJournal.place(directory, attempt_id)
        known = Manifest.read(self._bucket, attempt_id)
        behind = known is not None and not _ours(path, known)
        if known is not None and behind:
            known = self._fetched(path, attempt_id, known)
        return SharedJournal(path, self._bucket, self._shipper, known, same=behind)

    def _fetched(self, path: Path, attempt_id: str, known: Manifest) -> Manifest:
        """The bucket's state instead of an older one, or none, on this machine; gives what that is."""
        for _ in range(FETCHES):
            try:
                if self._fetch(path, attempt_id, known):
                    return known
            except OSError as error:
                raise unwritable(error) from error
            known = Manifest.read(self._bucket, attempt_id) or known
        raise StoreError("The recording of this answer is not whole in the bucket.", mend="Try again in a moment.")

    def _fetch(self, path: Path, attempt_id: str, known: Manifest) -> bool:
        """Whether all of it was there; what is here stays until it is."""
        fresh = path.with_suffix(".part")
        fresh.unlink(missing_ok=True)
        journal = RecordingJournal(fresh)
        try:
            for name in known.blocks:
                block = self._bucket.get_part(attempt_id, name)
                if block is None:
                    return False
                journal.append(block)
            journal.cut(known.size // BYTES_PER_SAMPLE)
            journal.close()
            RecordingJournal.forget(path.parent, attempt_id)
            journal.note_takes(known.takes)
            if known.used:
                journal.note_use(known.used)
            fresh.replace(path)
        finally:
            journal.close()
            fresh.unlink(missing_ok=True)
        return True

    def noted_use(self, directory: Path, attempt_id: str) -> str:
        """What an answer had used of vendors, as far as it was kept here or in the bucket; empty when nothing was."""
        here = RecordingJournal.noted_use(directory, attempt_id)
        if here:
            return here
        try:
            known = Manifest.read(self._bucket, attempt_id)
        except CoachError as error:
            log.warning("the bucket cannot be asked what an answer had used (%s)", error.code)
            known = None
        return known.used if known else ""

    def forget(self, directory: Path, attempt_id: str) -> None:
        """Removes everything of an attempt here and in the bucket."""
        RecordingJournal.forget(directory, attempt_id)
        self._bucket.drop_parts(attempt_id)


def _ours(path: Path, known: Manifest) -> bool:
    """Whether the file here goes on where the bucket stands, and nobody else has written since.

    One that is shorter does not: a machine that lost its power has lost what was not forced to its disk.
    """
    with suppress(OSError):
        if path.exists() and path.with_suffix(WRITER).read_text() == known.writer:
            here = RecordingJournal(path)
            here.close()
            return here.resting * BYTES_PER_SAMPLE >= known.size
    return False
