"""Use that no return value can carry, written to the ledger from wherever it was noticed.

A call that failed, was given up or belongs to a judge was paid for all the same. Whoever notices calls the writer, on
any thread or loop, and goes on; the writing has a thread of its own. While the database is busy what waits is on disk
(`SpooledStore`), so nothing is lost with the process.
"""

import asyncio
import atexit
import logging
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import Future, wait
from pathlib import Path

from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.interview.ports import InterviewStore
from coach.interview.store_and_forward import SpooledStore

log = logging.getLogger(__name__)
LAST_WORDS_S = 10.0
"""How long `close` waits for what is still being written."""


class UsageWriter:
    """Callable with usage events; never raises, never waits."""

    def __init__(self, store: InterviewStore, spool: Path) -> None:
        """`spool` keeps what the database does not take, beside nobody else's."""
        self._store = store
        self._spool = spool
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._spooled: SpooledStore | None = None
        self._writing: set[Future[None]] = set()

    def __call__(self, usage: Sequence[UsageEvent]) -> None:
        """Has `usage` written soon."""
        if not usage:
            return
        with self._lock:
            loop = self._loop or self._begin()
            writing = asyncio.run_coroutine_threadsafe(self._write(list(usage)), loop)
            self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def take(self, usage: Sequence[UsageEvent]) -> None:
        """The same for callers that await their meter."""
        self(usage)

    def recover(self) -> None:
        """Writes what an earlier process left on disk."""
        if self._spool.exists():
            with self._lock:
                if self._loop is None:
                    self._begin()

    def flush(self, timeout_s: float = LAST_WORDS_S) -> None:
        """Waits until everything told so far is in the database or on disk (blocking)."""
        wait([*self._writing], timeout_s)

    def close(self) -> None:
        """Writes what is left and ends the thread (blocking)."""
        self.flush()
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop and thread:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result(LAST_WORDS_S)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(LAST_WORDS_S)
            loop.close()

    def _begin(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="usage-writer", daemon=True)
        self._thread.start()
        atexit.register(_close, weakref.ref(self))
        self._writing.add(asyncio.run_coroutine_threadsafe(self._recover(), loop))
        return loop

    async def _recover(self) -> None:
        self._spooled = SpooledStore(self._store, self._spool)
        try:
            await self._spooled.recover()
        except CoachError:
            log.warning("use that waits on disk cannot be written yet")

    async def _write(self, usage: list[UsageEvent]) -> None:
        assert self._spooled is not None
        try:
            await self._spooled.add_usage(usage)
        except CoachError:
            log.exception("usage could not be stored: %d events", len(usage))

    async def _end(self) -> None:
        if self._spooled:
            try:
                await self._spooled.close()
            except CoachError:
                log.warning("use that waits on disk is written at the next start")


def _close(reference: "weakref.ref[UsageWriter]") -> None:
    writer = reference()
    if writer is not None:
        writer.close()
