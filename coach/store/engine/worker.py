"""The thread that does all database work, so that no event loop ever waits for a disk."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from coach.errors import StoreError

Result = TypeVar("Result")
LOOK_UP_S = 0.05
Job = tuple["Future[Any]", Callable[[], Any]]


class Worker:
    """Runs jobs in order on its own thread(s); calls `on_idle` when nothing came for `idle_s` seconds."""

    def __init__(self, *, threads: int, idle_s: float, on_idle: Callable[[], None], after_job: Callable[[], None]):
        """Threads start with the first job.

        Args:
            threads: how many.
            idle_s: seconds without a job after which `on_idle` is called once.
            on_idle: on the worker, errors of the store ignored.
            after_job: after each job and every `LOOK_UP_S` until idle, on the worker, errors of the store ignored.
        """
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._idle_s = idle_s
        self._on_idle = on_idle
        self._after_job = after_job
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, job: Callable[[], Result]) -> "Future[Result]":
        """Queues `job`; its outcome arrives in the future."""
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise StoreError("The store is closed.")
            if not self._threads:
                self._start()
            self._jobs.put((future, job))
        return future

    def run(self, job: Callable[[], Result]) -> Result:
        """Runs `job` on the worker and waits for it; for commands and pages, never on an event loop."""
        if threading.current_thread() in self._threads:
            return job()
        return self.submit(job).result()

    async def arun(self, job: Callable[[], Result]) -> Result:
        """Runs `job` on the worker; a cancelled caller does not undo it."""
        return await asyncio.wrap_future(self.submit(job))

    def close(self) -> None:
        """Finishes what is queued, releases the database and ends the threads."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            threads = list(self._threads)
            for _ in threads:
                self._jobs.put(None)
        for thread in threads:
            thread.join()
        self._on_idle()

    def _start(self) -> None:
        for number in range(self._count):
            thread = threading.Thread(target=self._loop, name=f"store-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _loop(self) -> None:
        idle_at: float | None = None
        while True:
            try:
                job = self._jobs.get(timeout=_until(idle_at))
            except queue.Empty:
                if idle_at is not None and time.monotonic() >= idle_at:
                    idle_at = None
                    _quietly(self._on_idle)
                else:
                    _quietly(self._after_job)
                continue
            if job is None:
                return
            self._do(*job)
            idle_at = time.monotonic() + self._idle_s

    def _do(self, future: "Future[object]", job: Callable[[], object]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            outcome = job()
        except BaseException as error:  # handed to the caller, whatever it is
            future.set_exception(error)
        else:
            future.set_result(outcome)
        _quietly(self._after_job)


def _until(idle_at: float | None) -> float | None:
    return None if idle_at is None else max(0.0, min(LOOK_UP_S, idle_at - time.monotonic()))


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except StoreError:
        return
