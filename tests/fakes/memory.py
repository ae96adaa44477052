"""Recordings in memory with the manners of the real journal and archive, for tests that run thousands of interviews."""

from pathlib import Path
from typing import ClassVar


class MemoryJournal:
    """Keeps bytes by attempt across "restarts" of the process, like files would."""

    disk: ClassVar[dict[str, bytearray]] = {}

    def __init__(self, attempt_id: str, directory: Path) -> None:
        self.attempt_id = attempt_id
        self.directory = directory
        self.data = self.disk.setdefault(attempt_id, bytearray())

    @classmethod
    def create(cls, directory: Path, attempt_id: str) -> "MemoryJournal":
        return cls(attempt_id, directory)

    @classmethod
    def forget(cls, directory: Path, attempt_id: str) -> None:
        cls.disk.pop(attempt_id, None)

    shared = False

    @property
    def resting(self) -> int:
        return len(self.data) // 2

    def note_use(self, used: str) -> None:
        """Nobody asks for it."""

    @classmethod
    def noted_use(cls, directory: Path, attempt_id: str) -> str:
        return ""

    def rest(self) -> None:
        """Nothing outlives this machine."""

    def put_down(self) -> None:
        """It stays on the "disk"."""

    def close(self) -> None:
        """Likewise."""

    def append(self, pcm16: bytes) -> None:
        self.data += pcm16

    @property
    def seconds(self) -> float:
        return len(self.data) / 32_000

    def seal(self) -> Path:
        return self.directory / f"{self.attempt_id}.sealed"

    def discard(self) -> None:
        self.disk.pop(self.attempt_id, None)


class MemoryArchive:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.saved: dict[str, Path] = {}

    def save(self, path: Path, attempt_id: str) -> str:
        self.saved[attempt_id] = path
        return f"memory://{attempt_id}"

    def local_path(self, uri: str, copy: Path) -> Path:
        return self.saved[uri.removeprefix("memory://")]

    def read(self, uri: str) -> bytes:
        return self.saved[uri.removeprefix("memory://")].read_bytes()
