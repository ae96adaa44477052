"""This process's right to a DuckDB file, kept in a way that no stray `close` can end.

DuckDB guards its file with a POSIX lock, and POSIX gives up all of a process's locks on a file as soon as the process
closes *any* descriptor of it (fcntl(2), "Advisory record locking"). So nothing here opens and closes the file while
DuckDB has it: the one descriptor read from (`eye`) is opened before DuckDB and closed after it. Between our own
processes a `flock` on a file beside it decides, which only this module opens; it also guards the moments in which
DuckDB does not have the file (looking at its log, rewriting it, taking a copy back).
"""

import fcntl
import gc
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from coach.errors import StoreBusyError

log = logging.getLogger(__name__)

HEADER_BYTES = 12_288
"""DuckDB's file header and its two database headers: they change with every checkpoint."""
_CHUNK = 1 << 20
_holds: dict[str, "FileHold"] = {}
_mutex = threading.Lock()


def busy(path: Path, by: str = "") -> StoreBusyError:
    """The error that says another process has the file."""
    return StoreBusyError(
        f"The database {path} is held by another process{f' ({by})' if by else ''}.",
        mend="Close the program that holds it (a notebook, another server) and try again.",
    )


def holder_pid(path: Path) -> int | None:
    """The process that holds `path` by its own word; None when none ever did."""
    with suppress(OSError, ValueError):
        return int(_lock_file(path).read_text())
    return None


def _lock_file(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


class FileHold:
    """One hold per file and process, shared by the stores of the process. Use `acquire`."""

    def __init__(self, path: Path, lock: int) -> None:
        """`lock` is the descriptor whose `flock` this process has."""
        self.path = path
        self.users = 1
        self._lock = lock
        self._eye: int | None = None

    @classmethod
    def acquire(cls, path: Path) -> "FileHold | None":
        """The hold, at once; None while another process has it.

        Raises:
            OSError: the folder cannot be written.
        """
        key = os.path.realpath(path)
        with _mutex:
            hold = _holds.get(key)
            if hold is not None:
                hold.users += 1
                return hold
            lock = os.open(_lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return None
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            _holds[key] = hold = cls(path, lock)
            return hold

    def look(self) -> None:
        """Opens the eye, with the file's own lock where no other program has it; nothing when there is no file yet.

        Raises:
            StoreBusyError: a program that knows nothing of our lock has the file.
            OSError: it cannot be opened for writing.
        """
        if self._eye is not None or not self.path.exists():
            return
        eye = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            # Whole file, exclusive: what DuckDB itself will take, so that nobody slips in before it does.
            fcntl.lockf(eye, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(eye)
            raise busy(self.path) from error
        self._eye = eye

    @property
    def looking(self) -> bool:
        """Whether the eye is open."""
        return self._eye is not None

    def read(self, size: int, at: int) -> bytes:
        """Bytes of the file through the eye; at most `size` from offset `at`, none at its end."""
        assert self._eye is not None
        return os.pread(self._eye, size, at)

    def copy_to(self, target: Path) -> None:
        """Writes the file's bytes as they are now to `target` (readable by this user alone) and forces them to disk."""
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as copy:
            at = 0
            while part := self.read(_CHUNK, at):
                copy.write(part)
                at += len(part)
            copy.flush()
            os.fsync(copy.fileno())

    def shut(self) -> bool:
        """Closes the eye once DuckDB has let go of the file; False (and nothing is closed) while it has not."""
        if self._eye is None:
            return True
        if _strangers(self._eye) and (gc.collect(), _strangers(self._eye))[1]:
            log.error("a connection to %s was not closed; the file stays held", self.path)
            return False
        os.close(self._eye)
        self._eye = None
        return True

    def release(self) -> None:
        """Gives the file up when no store of this process uses it any more."""
        with _mutex:
            self.users -= 1
            if self.users > 0 or not self.shut():
                return
            _holds.pop(os.path.realpath(self.path), None)
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            os.close(self._lock)


def _strangers(eye: int) -> int:
    """How many descriptors of this process, besides `eye`, point at its file."""
    mine, found = os.fstat(eye), 0
    for entry in Path("/dev/fd").iterdir():
        with suppress(OSError, ValueError):
            other = os.fstat(int(entry.name))
            found += (other.st_dev, other.st_ino) == (mine.st_dev, mine.st_ino) and int(entry.name) != eye
    return found


def _forget_in_child() -> None:
    """A forked child has no hold: it closes its copies of the descriptors, the parent's locks stay."""
    global _mutex
    _mutex = threading.Lock()
    for hold in _holds.values():
        with suppress(OSError):
            os.close(hold._lock)
    _holds.clear()


os.register_at_fork(after_in_child=_forget_in_child)
