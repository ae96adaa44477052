"""A recording on its way in: counted while it streams, in one private temporary file that goes in every case.

A multipart form is read by `python_multipart` straight into that file: nothing is spooled a second time, and what is
too large ends the moment it is.
"""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from coach.errors import InputError
from coach.web import access
from coach.web.problems import TooLargeError

FIELD = b"file"
MAX_PARTS = 10
BLOCK_BYTES = 1 << 20
"""What is collected before a thread writes it."""


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Path]:
    """The uploaded sound: a multipart `file` or the raw body, until the block ends.

    Raises:
        InputError: the form is broken or has no file.
        TooLargeError: more than `access.MAX_UPLOAD_BYTES`.
    """
    with tempfile.NamedTemporaryFile(prefix="upload-") as file:
        await _fill(file, request)
        await anyio.to_thread.run_sync(file.flush)
        yield Path(file.name)


async def discarded(request: Request) -> None:
    """Reads a body nobody needs, so that the client sees its answer; keeps nothing.

    Raises:
        TooLargeError: more than any upload may have.
    """
    async for _ in _counted(request):
        pass


async def _fill(file: IO[bytes], request: Request) -> None:
    block = bytearray()
    form = _Form(block.extend) if _is_form(request) else None
    if form:
        form.begin(request)
    async for chunk in _counted(request):
        form.feed(chunk) if form else block.extend(chunk)
        if len(block) >= BLOCK_BYTES:
            await anyio.to_thread.run_sync(file.write, bytes(block))
            block.clear()
    await anyio.to_thread.run_sync(file.write, bytes(block))
    if form and not form.whole:
        raise InputError("The form has no file.")


async def _counted(request: Request) -> AsyncIterator[bytes]:
    size = 0
    with suppress(ValueError):
        if int(request.headers.get("content-length", 0)) > access.MAX_UPLOAD_BYTES:
            raise TooLargeError("The recording is too large.")
    async for chunk in request.stream():
        size += len(chunk)
        if size > access.MAX_UPLOAD_BYTES:
            raise TooLargeError("The recording is too large.")
        yield chunk


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


class _Form:
    """Hands on the bytes of the part called `file`."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self.whole = False
        self._take = take
        self._parts = 0
        self._header, self._value = b"", b""
        self._name = b""

    def begin(self, request: Request) -> None:
        """Reads the boundary.

        Raises:
            InputError: there is none.
        """
        _, options = parse_options_header(request.headers["content-type"])
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= 256:
            raise InputError("The form has no boundary.")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._field,
                "on_header_value": self._more,
                "on_header_end": self._header_ends,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Takes a piece of the body.

        Raises:
            InputError: it is no form.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise InputError("The form cannot be read.") from error

    def _part_begins(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InputError("The form has too many parts.")
        self._name = self._header = self._value = b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"") if b"filename" in options else b""
        self._header = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FIELD and not self.whole:
            self._take(data[start:end])

    def _part_ends(self) -> None:
        self.whole = self.whole or self._name == FIELD
