"""What the product writes is its owner's alone: files 0600, folders 0700, also those an older version left open."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OTHERS = 0o077
"""The permission bits of group and world."""


def write_privately() -> None:
    """From now on this process creates nothing that others may read."""
    os.umask(OTHERS)


def close_to_others(home: Path) -> int:
    """Takes group and world their rights on everything below `home`; how many files and folders had such.

    Links are left alone, and so is what belongs to somebody else.
    """
    if not home.is_dir():
        return 0
    found = [home, *(Path(folder) / name for folder, folders, files in os.walk(home) for name in (*folders, *files))]
    return sum(_close(path) for path in found)


def _close(path: Path) -> bool:
    with suppress(OSError):
        mode = path.lstat().st_mode & 0o777
        if mode & OTHERS and not path.is_symlink():
            path.chmod(mode & ~OTHERS)
            return True
    return False


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A draft beside `target`, which takes its place when the block ends well, forced to disk before; else it goes.

    Everybody has a draft of their own: two who write the same file at once spoil nothing, the later one stands.

    Raises:
        OSError: it cannot be written; `target` is as it was.
    """
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
