"""Ends a process that hangs over its work: one that stands still, or works longer than its work can be worth.

By processor time, not by the clock: on a crowded machine a piece that takes 2 s may take 60, which is no fault of it.
"""

import subprocess
import threading
import time
from types import TracebackType
from typing import Self

import psutil

LOOK_EVERY_S = 0.25


class Watchdog:
    """Watches while the block lasts; kills the process, so that whoever waits at its pipes goes on."""

    def __init__(self, process: subprocess.Popen[bytes], *, still_s: float, processor_s: float) -> None:
        """What counts as hanging.

        Args:
            process: a child of this process.
            still_s: seconds on the clock in which it took no processor time at all.
            processor_s: seconds of processor time, all its threads together, that this piece of work may take.
        """
        self.hung = False
        """Whether it was killed."""
        self._process, self._still_s, self._processor_s = process, still_s, processor_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        """Begins."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends; `hung` does not change any more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            process = psutil.Process(self._process.pid)
            begun = known = _taken_s(process)
            stirred_at = time.monotonic()
            while not self._over.wait(min(LOOK_EVERY_S, self._still_s / 4)):
                taken = _taken_s(process)
                if taken > known:
                    known, stirred_at = taken, time.monotonic()
                stands = time.monotonic() - stirred_at >= self._still_s
                if stands or taken - begun >= self._processor_s:
                    self.hung = True
                    self._process.kill()
                    return
        except psutil.Error:
            return  # it ended by itself, which is noticed at its pipes


def _taken_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
