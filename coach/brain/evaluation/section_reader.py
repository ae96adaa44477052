"""From text deltas to completed top-level sections, each handed over at the delta that holds its closing brace.

The incremental parser is yajl behind ijson: it accepts strict JSON only (no NaN, no trailing commas), so a broken
output is known at the first wrong character instead of at the end of the stream. Text around the object (thoughts, code
fences, prose) is peeled off before it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ijson

from coach.brain.evaluation.peeling import Peeler

MAX_CHARS = 120_000
"""Longest output that is read, characters; about thirty times a usual evaluation."""
MAX_DEPTH = 12
_SURROGATE = re.compile("[\ud800-\udfff]")


class OutputError(Exception):
    """The model's text is not the one JSON object it must be. The message is for a correction and holds no content."""


@dataclass(frozen=True, slots=True)
class RawSection:
    """One completed top-level value as it was sent, before validation."""

    name: str
    value: object


class SectionReader:
    """Reads one output. Feed it deltas of any size; it returns the sections completed by each.

    Numbers arrive as int or float, duplicate keys are refused (JSON leaves their meaning open).
    """

    def __init__(self) -> None:
        self.chars = 0
        self._half = ""
        self._peeler = Peeler()
        self._after = False
        self._error: OutputError | None = None
        self._events: list[tuple[str, object]] = []
        self._builder = _Builder()
        self._parser = ijson.basic_parse_coro(_Sink(self._events), use_float=True)

    @property
    def complete(self) -> bool:
        """True once the outermost brace has closed."""
        return self._builder.complete

    @property
    def peeled(self) -> bool:
        """True once text around the object was left out."""
        return self._peeler.peeled or self._after

    def feed(self, delta: str) -> list[RawSection]:
        """Takes a delta and returns the sections it completes, usually none.

        Raises:
            OutputError: this text can no longer become the object that was asked for.
        """
        self.chars += len(delta)
        if self.chars > MAX_CHARS:
            raise OutputError(f"the output is longer than {MAX_CHARS} characters")
        text = self._peeler.feed(self._joined(delta))
        if not text:
            return []  # empty bytes mean the end of input to ijson
        if self.complete and not self._error:
            self._after = self._after or bool(text.strip())
            return []
        return self._take(lambda: self._parser.send(text.encode("utf-8", "replace")))

    def finish(self) -> list[RawSection]:
        """Ends the output.

        Raises:
            OutputError: the object is not closed.
        """
        if self.complete and not self._error:
            return []
        if held := self._peeler.rest():
            self._take(lambda: self._parser.send(held.encode("utf-8", "replace")))
        sections = self._take(self._parser.close)
        if self._error or not self.complete:
            raise self._error or OutputError("the JSON object is not closed")
        return sections

    def _joined(self, delta: str) -> str:
        """Joins a character that came as two UTF-16 halves in two deltas; a half without its partner becomes "?"."""
        text, self._half = self._half + delta, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        if text.isascii() or not _SURROGATE.search(text):
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _take(self, step: Callable[[], object]) -> list[RawSection]:
        if self._error:
            raise self._error
        try:
            step()
            broken = False
        except (StopIteration, ijson.JSONError, ValueError, RecursionError):
            broken = True
        sections = self._drain()
        if broken and self.complete:
            self._after = True  # what follows the closing brace within the same delta
        elif broken:
            self._error = self._error or OutputError("the output is not valid JSON")
        if self._error and not sections:
            raise self._error
        return sections

    def _drain(self) -> list[RawSection]:
        """Sections completed before an error are still handed over; the error follows with the next call."""
        events, self._events[:] = list(self._events), []
        done: list[RawSection] = []
        try:
            for event, value in events:
                if section := self._builder.add(event, value):
                    done.append(section)
        except OutputError as error:
            self._error = error
        return done


class _Sink:
    """Collects parser events; the least ijson asks of a target."""

    __slots__ = ("send",)

    def __init__(self, events: list[tuple[str, object]]) -> None:
        self.send = events.append

    def close(self) -> None:
        """Nothing is held."""


class _Builder:
    """Puts events together to Python values and notices when a top-level value is complete."""

    def __init__(self) -> None:
        self.complete = False
        self._stack: list[dict[str, object] | list[object]] = []
        self._keys: list[str] = []

    def add(self, event: str, value: Any) -> RawSection | None:
        if event == "map_key":
            self._key(value)
            return None
        if event in ("start_map", "start_array"):
            self._open({} if event == "start_map" else [])
            return None
        if event in ("end_map", "end_array"):
            return self._close()
        return self._place(value)

    def _key(self, key: str) -> None:
        top = self._stack[-1]
        if key in top:
            raise OutputError("a key occurs twice")
        self._keys.append(key)

    def _open(self, container: dict[str, object] | list[object]) -> None:
        if not self._stack and isinstance(container, list):
            raise OutputError("the output is not a JSON object")
        if len(self._stack) >= MAX_DEPTH:
            raise OutputError("the output is nested too deeply")
        self._stack.append(container)

    def _close(self) -> RawSection | None:
        container = self._stack.pop()
        if self._stack:
            return self._place(container)
        self.complete = True
        return None

    def _place(self, value: object) -> RawSection | None:
        if not self._stack:
            raise OutputError("the output is not a JSON object")
        top = self._stack[-1]
        if isinstance(top, list):
            top.append(value)
            return None
        key = self._keys.pop()
        top[key] = value
        return RawSection(key, value) if len(self._stack) == 1 else None


def strict_bytes(value: object) -> bytes:
    """A parsed value as JSON again, for pydantic's strict JSON mode (which takes no "7" for 7)."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
