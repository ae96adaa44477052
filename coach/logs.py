"""The log: one JSON object a line with the ids of what it is about, and nobody's words.

What people say may lie in an exception's message (a row, a value that did not fit), so of an exception only its kind
and the places it passed are logged; messages of the product's own errors are safe to show and stay.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

from coach.errors import CoachError

LogForm = Literal["auto", "json", "text"]
_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=MappingProxyType({}))
_TALKATIVE = ("httpx", "httpcore", "aioice", "aiortc", "watchdog", "botocore")
_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s %(about)s"
_JSON = "%(asctime)s %(levelname)s %(name)s %(message)s"
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Everything logged inside, also by tasks begun there, carries these ids."""
    token = _ids.set({**_ids.get(), **{name: value for name, value in ids.items() if value}})
    try:
        yield
    finally:
        _ids.reset(token)


def start_log(form: LogForm = "auto", level: int = logging.INFO) -> None:
    """Sends everything to standard error: as JSON, or as text where a person looks on (`auto`)."""
    as_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter(_TEXT)
        if as_text
        else JsonFormatter(_JSON, rename_fields={"asctime": "at", "levelname": "level"})
    )
    handler.addFilter(_with_ids_as_text if as_text else _with_ids)
    keep_words_out()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "websockets"):
        hand_over(logging.getLogger(name))
    # The service logs its requests by template: uvicorn's hold addresses of people and what stands in paths.
    for name in (
        "uvicorn.access",
        "uvicorn.error",
        "httpx",
        "httpcore",
        "aioice",
        "aiortc",
        "watchdog",
        "botocore",
        "websockets",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)


def hand_over(logger: logging.Logger) -> None:
    """A library's logger writes where all write."""
    logger.handlers.clear()
    logger.propagate = True


def _with_ids(record: logging.LogRecord) -> bool:
    for name, value in _ids.get().items():
        setattr(record, name, value)
    return True


def _with_ids_as_text(record: logging.LogRecord) -> bool:
    record.about = " ".join(f"{name}={value}" for name, value in _ids.get().items())
    return True


def keep_words_out() -> None:
    """From now on no record holds an exception's message, whoever logs it."""
    if logging.getLogRecordFactory() is not _record:
        logging.setLogRecordFactory(_record)


def _record(
    name: str,
    level: int,
    path: str,
    line: int,
    message: object,
    args: object,
    exc_info: _ExcInfo | None,
    func: str | None = None,
    sinfo: str | None = None,
) -> logging.LogRecord:
    record = logging.LogRecord(name, level, path, line, message, None, None, func, sinfo)
    record.msg = _safe(message)
    record.args = _safe_args(args)
    if exc_info and exc_info[1] is not None:
        record.exc_text = _places(exc_info[1])
    return record


def _safe(value: object) -> object:
    foreign = isinstance(value, BaseException) and not isinstance(value, CoachError)
    return type(value).__name__ if foreign else value


def _safe_args(args: object) -> tuple[object, ...] | Mapping[str, object] | None:
    if isinstance(args, tuple):
        if len(args) == 1 and isinstance(args[0], Mapping) and args[0]:
            return {str(name): _safe(value) for name, value in args[0].items()}
        return tuple(_safe(value) for value in args)
    return None


def _places(error: BaseException) -> str:
    """The kinds of an exception and its causes, and where they were: no message, no line of code."""
    out: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__)
        out += [
            f"{type(current).__name__} at {' < '.join(f'{f.filename}:{f.lineno} {f.name}' for f in reversed(frames))}"
        ]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(out)
