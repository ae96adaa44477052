"""What lives on one event loop and is called from other threads as well."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from typing import TypeVar

from coach.contracts.asking import asked_by, asker
from coach.errors import CoachError, InputError

Result = TypeVar("Result")


class WaitedTooLongError(CoachError):
    """Work on the loop that a page does not wait for any longer."""

    code = "WAITED_TOO_LONG"
    retryable = True


class LoopBound:
    """`start` of a subclass sets the loop."""

    def __init__(self) -> None:
        """Bound to none yet."""
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def running(self) -> bool:
        """Whether there is a loop that `call` and `submit` reach."""
        return self._loop is not None and self._loop.is_running()

    def call(self, work: Coroutine[object, None, Result], timeout_s: float = 30.0) -> Result:
        """Runs a coroutine on the loop from another thread (a page's script) and waits for it.

        Raises:
            WaitedTooLongError: it is not through after `timeout_s`; it goes on, nobody waits for it any more.
            CoachError: whatever it raises itself.
        """
        handed = self.submit(work)
        if not wait([handed], timeout_s).done:
            raise WaitedTooLongError("This takes much longer than it should.", mend="Look again in a moment.")
        return handed.result()

    def submit(self, work: Coroutine[object, None, Result]) -> "Future[Result]":
        """Hands a coroutine to the loop from another thread; whoever asks there asks here.

        Raises:
            InputError: there is no loop yet.
        """
        if self._loop is None:
            work.close()
            raise InputError("The interview service is not running.")
        return asyncio.run_coroutine_threadsafe(asked_by(asker(), work), self._loop)
