"""Forces what is written to the disk, on one thread for all recordings of the process."""

import os
import queue
import threading
from contextlib import suppress


class Syncer:
    """One thread for all recordings of the process: forces files to disk without holding up the event loop."""

    def __init__(self) -> None:
        self._due: queue.SimpleQueue[tuple[int, threading.Event]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = False

    def request(self, descriptor: int, idle: threading.Event) -> None:
        """Has the file synced soon; takes ownership of `descriptor`, a duplicate, closes it and sets `idle`."""
        with self._lock:
            if not self._started:
                threading.Thread(target=self._run, name="journal-sync", daemon=True).start()
                self._started = True
        self._due.put((descriptor, idle))

    def _run(self) -> None:
        while True:
            descriptor, idle = self._due.get()
            idle.set()
            with suppress(OSError):
                os.fsync(descriptor)
            os.close(descriptor)


syncer = Syncer()
"""The process's own."""
