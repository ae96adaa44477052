"""Whose piece is next: answers take turns, those somebody waits for go first."""

import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

Work = Callable[[], object]


@dataclass(slots=True)
class _Waiting:
    lane: str
    urgent: bool
    order: int
    work: Work
    future: "Future[Any]"


class Turns:
    """One thread that works off what is asked for: urgent first, among equals the lane served longest ago.

    Thread-safe. A lane's own pieces keep their order. A future that was cancelled while it waited is passed over.
    """

    def __init__(self, name: str) -> None:
        """`name` of the thread, which starts with the first work."""
        self._name = name
        self._waiting: deque[_Waiting] = deque()
        self._served: dict[str, int] = {}
        self._count = itertools.count(1)
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, work: Work, *, lane: str, urgent: bool = False) -> "Future[Any]":
        """Takes work; `hurry` may still make it urgent."""
        future: Future[Any] = Future()
        with self._ready:
            if self._closed:
                future.cancel()
                return future
            self._waiting.append(_Waiting(lane, urgent, next(self._count), work, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._ready.notify()
        return future

    def hurry(self, lane: str) -> None:
        """Somebody waits for this lane now."""
        with self._ready:
            for waiting in self._waiting:
                waiting.urgent = waiting.urgent or waiting.lane == lane

    def close(self) -> None:
        """Takes nothing any more; what waits is cancelled."""
        with self._ready:
            self._closed = True
            for waiting in self._waiting:
                waiting.future.cancel()
            self._waiting.clear()
            self._ready.notify_all()

    def _next(self) -> _Waiting | None:
        with self._ready:
            while not self._waiting and not self._closed:
                self._ready.wait()
            if self._closed:
                return None
            chosen = min(self._waiting, key=lambda w: (not w.urgent, self._served.get(w.lane, 0), w.order))
            self._waiting.remove(chosen)
            self._served = {w.lane: self._served.get(w.lane, 0) for w in self._waiting}
            self._served[chosen.lane] = next(self._count)
            return chosen

    def _run(self) -> None:
        while (chosen := self._next()) is not None:
            if not chosen.future.set_running_or_notify_cancel():
                continue
            try:
                chosen.future.set_result(chosen.work())
            except BaseException as error:
                chosen.future.set_exception(error)
