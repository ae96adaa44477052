"""Whose piece is next: while people speak answers take turns; those somebody waits for go first, the shortest whole."""

import itertools
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

Work = Callable[[], object]

FINISHING_MOST = 256
"""Answers whose place in the queue is remembered."""


@dataclass(slots=True)
class _Waiting:
    lane: str
    order: int
    work: Work
    future: "Future[Any]"


class Turns:
    """One thread that works off what is asked for. Thread-safe.

    What nobody waits for yet goes to the lane served longest ago. A lane somebody waits for goes before those, and
    among these the one with the least left, then the one that asked first: two tails that took turns would both be
    ready only when the second is now, and a whole recording would hold up every tail. (Shortest remaining time first
    has the shortest mean wait: Schrage 1968.) A lane's own pieces keep their order. What was cancelled is passed over.
    """

    def __init__(self, name: str) -> None:
        """`name` of the thread, which starts with the first work."""
        self._name = name
        self._waiting: deque[_Waiting] = deque()
        self._served: dict[str, int] = {}
        self._finishing: OrderedDict[str, int] = OrderedDict()
        self._count = itertools.count(1)
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, work: Work, *, lane: str, urgent: bool = False) -> "Future[Any]":
        """Takes work; `urgent` is `hurry` for its lane."""
        future: Future[Any] = Future()
        with self._ready:
            if self._closed:
                future.cancel()
                return future
            self._waiting.append(_Waiting(lane, next(self._count), work, future))
            if urgent:
                self._hurry(lane)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._ready.notify()
        return future

    def hurry(self, lane: str) -> None:
        """Somebody waits for this lane from now on, also for what is still to be submitted for it."""
        with self._ready:
            self._hurry(lane)

    def close(self) -> None:
        """Takes nothing any more; what waits is cancelled."""
        with self._ready:
            self._closed = True
            for waiting in self._waiting:
                waiting.future.cancel()
            self._waiting.clear()
            self._ready.notify_all()

    def _hurry(self, lane: str) -> None:
        self._finishing.setdefault(lane, next(self._count))
        if len(self._finishing) > FINISHING_MOST:
            self._finishing.popitem(last=False)

    def _chosen(self) -> _Waiting:
        left = Counter(waiting.lane for waiting in self._waiting if not waiting.future.cancelled())

        def place(waiting: _Waiting) -> tuple[bool, int, int, int]:
            asked = self._finishing.get(waiting.lane)
            if asked is None:
                return True, self._served.get(waiting.lane, 0), 0, waiting.order
            return False, left[waiting.lane], asked, waiting.order

        return min(self._waiting, key=place)

    def _next(self) -> _Waiting | None:
        with self._ready:
            while not self._waiting and not self._closed:
                self._ready.wait()
            if self._closed:
                return None
            chosen = self._chosen()
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
