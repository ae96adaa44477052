"""What a recording in progress is written to: a plain file, or one that is sealed block by block."""

import os
from pathlib import Path
from typing import Protocol

from coach.private_files import written_whole
from coach.vault import ambient, blocks, files
from coach.vault.keyring import PersonKey

BLOCKWISE = ".pcm"
"""Files that are written at any place; others are sealed as a whole."""


class Disk(Protocol):
    """An open file whose sizes and places are those of the sound in it."""

    key: PersonKey | None
    """What seals it; None for a plain one."""

    @property
    def size(self) -> int:
        """Bytes of sound."""

    def read(self, count: int, at: int) -> bytes:
        """Up to `count` bytes from `at` on."""

    def write(self, data: bytes, at: int) -> int:
        """Writes at a place and says how much fitted; what lies between the end and there becomes zeros."""

    def cut(self, size: int) -> None:
        """Makes the sound exactly this long."""


class _Plain:
    key: PersonKey | None = None

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor

    @property
    def size(self) -> int:
        return os.fstat(self._file).st_size

    def read(self, count: int, at: int) -> bytes:
        return os.pread(self._file, count, at)

    def write(self, data: bytes, at: int) -> int:
        return os.pwrite(self._file, data, at)

    def cut(self, size: int) -> None:
        os.ftruncate(self._file, size)


def disk_of(path: Path, descriptor: int) -> Disk:
    """The open file at `path`, as it was begun.

    Raises:
        NotFoundError: its key was destroyed.
        SettingsError: it is sealed and the keys are not in force.
    """
    if not blocks.is_block_file(descriptor):
        return _Plain(descriptor)
    keys = ambient.over(path)
    if keys is None:
        raise ambient.not_opened(str(path))
    return blocks.BlockFile(descriptor, keys)


def begun(path: Path, descriptor: int) -> Disk:
    """`disk_of`; an empty file becomes a sealed one where keys are in force, for `ambient.owner()`."""
    keys = ambient.over(path)
    if keys is not None and os.fstat(descriptor).st_size == 0:
        blocks.begin(descriptor, keys.key_of(ambient.owner()))
    return disk_of(path, descriptor)


class SoundReader:
    """Reads along in a recording another part of this process is still writing; it may be removed meanwhile."""

    def __init__(self, path: Path) -> None:
        """Opens it.

        Raises:
            OSError: it is not there.
        """
        self._file = path.open("rb")
        self._disk = disk_of(path, self._file.fileno())
        self._at = 0

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._file.closed

    def rest(self, *, ended: bool) -> bytes:
        """What was written since; while it goes on, a sealed file's last block, which is written anew, is left."""
        size = self._disk.size
        if self._disk.key is not None and not ended:
            size -= size % blocks.BLOCK
        data = self._disk.read(max(0, size - self._at), self._at)
        self._at += len(data)
        return data

    def all(self) -> bytes:
        """Everything, from the beginning."""
        return self._disk.read(self._disk.size, 0)

    def close(self) -> None:
        """Lets go of it."""
        self._file.close()


def turn(path: Path, owner: str, *, sealed: bool) -> bool:
    """Makes a file of the journal folder sealed for `owner`, or plain; False when it is so. Nobody may have it open.

    Raises:
        OSError: the disk is full; the file is as it was.
        NotFoundError: its key was destroyed.
    """
    with path.open("rb") as file:
        is_sealed = blocks.is_block_file(file.fileno()) or files.is_sealed_file(file.read(files.HEAD_BYTES))
    if is_sealed == sealed:
        return False
    plain = plain_content(path)
    with ambient.belonging_to(owner), written_whole(path) as draft:
        draft.touch(0o600)
        if sealed and path.suffix == BLOCKWISE:
            with draft.open("rb+") as file:
                begun(draft, file.fileno()).write(plain, 0)
        else:
            draft.write_bytes(files.sealed_bytes(path, plain) if sealed else plain)
    return True


def plain_content(path: Path) -> bytes:
    """What is in a file of the journal folder, in plain form."""
    with path.open("rb") as file:
        if not blocks.is_block_file(file.fileno()):
            return files.read(path)
        disk = disk_of(path, file.fileno())
        return disk.read(disk.size, 0)
