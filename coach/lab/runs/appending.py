"""Files of lines that only grow: what a crash or a full disk cut off never swallows the line behind it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import IO


def appending(path: Path) -> IO[bytes]:
    """`path` opened to add lines, unbuffered; a last line that was cut off is ended first. Folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab+", buffering=0)
    if file.tell():
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def write_whole(file: IO[bytes], line: bytes) -> None:
    """Adds a line that ends in a line break, all of it or nothing: a disk that is full takes half of one.

    Raises:
        OSError: the disk does not take it.
    """
    before = file.tell()
    try:
        left = memoryview(line)
        while left:
            left = left[file.write(left) :]
    except OSError:
        with suppress(OSError):
            file.truncate(before)
        raise


def append_line(path: Path, line: str) -> None:
    """Adds one line."""
    with appending(path) as file:
        write_whole(file, f"{line}\n".encode())
