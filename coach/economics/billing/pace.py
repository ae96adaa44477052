"""At most so many requests a second, whoever asks; and patience with a vendor that says "go slower"."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_chain, wait_fixed

from coach.errors import VendorLimitError

Answer = TypeVar("Answer")
SLOWER_S = (0.25, 0.5, 1.0, 2.0)
"""Waits after "go slower"; after the last the question is put off."""


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


def patiently(ask: Callable[[], Answer], sleep: Callable[[float], None]) -> Answer:
    """Asks again after "go slower", up to `len(SLOWER_S)` times.

    Raises:
        VendorLimitError: the vendor still says so.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(VendorLimitError),
        wait=wait_chain(*map(wait_fixed, SLOWER_S)),
        stop=stop_after_attempt(len(SLOWER_S) + 1),
        sleep=sleep,
        reraise=True,
    )
    return retrying(ask)
