"""Files made for one person, too large to be held in memory: fetched from the disk, a piece at a time.

They have no name on the disk, so nobody else finds them there, and they are gone with this process at the latest.
"""

import asyncio
import os
import secrets
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from coach.contracts.asking import own_id
from coach.errors import NotFoundError, StoreError
from coach.web.problems import problem

PATH = "/handed-over/{key}.zip"
LASTS_S = 3600.0
MOST = 16
"""Files that wait to be fetched; the oldest gives way."""
PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class FileToFetch:
    """A file that can be fetched: its address and size, and the name it is saved under."""

    url: str
    size_bytes: int
    name: str


@dataclass(frozen=True, slots=True)
class _Kept:
    file: BinaryIO
    owner: str
    waiting: FileToFetch
    until_s: float


class HandedOver:
    """What waits to be fetched in this process, one file a person. Thread-safe."""

    def __init__(self, folder: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Files are made in `folder`, on a disk rather than where temporary files may lie in memory."""
        self._folder, self._monotonic = folder, monotonic
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def make(self, name: str, write: Callable[[BinaryIO], object]) -> FileToFetch:
        """Has `write` make the file for whoever asks; an earlier one of theirs goes. Blocking.

        Raises:
            StoreError: the disk does not take it.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self._written(write)
        except OSError as error:
            raise StoreError("The file cannot be written.", mend="Free some disk space, then try again.") from error
        key, owner = secrets.token_urlsafe(24), own_id()
        waiting = FileToFetch(PATH.format(key=key), os.fstat(file.fileno()).st_size, name)
        with self._lock:
            self._drop([known for known, kept in self._kept.items() if kept.owner == owner])
            self._drop(self._late())
            self._drop([*self._kept][: max(0, len(self._kept) - MOST + 1)])
            self._kept[key] = _Kept(file, owner, waiting, self._monotonic() + LASTS_S)
        return waiting

    def _written(self, write: Callable[[BinaryIO], object]) -> BinaryIO:
        with ExitStack() as stack:
            file = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile(dir=self._folder)))
            write(file)
            file.flush()
            stack.pop_all()
        return file

    def forget(self) -> None:
        """What was made for whoever asks goes."""
        with self._lock:
            self._drop([key for key, kept in self._kept.items() if kept.owner == own_id()])

    def close(self) -> None:
        """All of it goes."""
        with self._lock:
            self._drop([*self._kept])

    def open(self, key: str) -> tuple[FileToFetch, BinaryIO]:
        """The file, for whom it was made; open until the caller closes it.

        Raises:
            NotFoundError: it is somebody else's, was replaced, or waited too long.
        """
        with self._lock:
            self._drop(self._late())
            kept = self._kept.get(key)
            if kept is None or kept.owner != own_id():
                raise NotFoundError("This file is not kept any more.", mend="Export it again.")
            return kept.waiting, os.fdopen(os.dup(kept.file.fileno()), "rb")

    def _late(self) -> list[str]:
        return [key for key, kept in self._kept.items() if kept.until_s <= self._monotonic()]

    def _drop(self, keys: list[str]) -> None:
        for key in keys:
            if kept := self._kept.pop(key, None):
                kept.file.close()


def handed_over_routes(files: HandedOver) -> list[BaseRoute]:
    """`GET /handed-over/{key}.zip`: only for whom it was made."""

    async def fetch(request: Request) -> Response:
        try:
            waiting, file = files.open(request.path_params["key"])
        except NotFoundError as error:
            return problem(error)
        headers = {
            "Content-Length": str(waiting.size_bytes),
            "Content-Disposition": f'attachment; filename="{waiting.name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Encoding": "identity",
        }
        return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)

    return [Route(PATH, fetch, methods=["GET"])]


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """By place, not by the descriptor's own: two browsers may fetch the same file at once."""
    at = 0
    with file, suppress(ValueError):
        while piece := await asyncio.to_thread(os.pread, file.fileno(), PIECE_BYTES, at):
            at += len(piece)
            yield piece
