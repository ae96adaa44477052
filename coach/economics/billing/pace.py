"""At most so many requests a second, whoever asks."""

import threading
import time
from collections.abc import Callable


class SpendingPace:
    """Evenly spaced turns for any number of threads."""

    def __init__(
        self,
        per_s: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`per_s` turns a second; clocks can be handed in."""
        self._gap_s = 1 / per_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Returns when it is this caller's turn."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap_s
        if turn > now:
            self._sleep(turn - now)
