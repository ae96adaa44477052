"""Work that goes on also when who waits for it is gone: a client hangs up, what it asked for is done."""

import asyncio
import logging
from collections.abc import Coroutine

log = logging.getLogger(__name__)


class DetachedWork:
    """What clients asked for and may not wait for."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.tasks: set[asyncio.Task[None]] = set()

    async def see_through(self, work: Coroutine[object, None, None]) -> None:
        """Waits for work and raises what it raises; being cancelled ends the waiting alone."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_told)
            raise

    def cancel(self) -> None:
        """Ends all of it."""
        for task in [*self.tasks]:
            task.cancel()


def _told(task: "asyncio.Task[None]") -> None:
    """What nobody waits for any more is told to the log."""
    if not task.cancelled() and (error := task.exception()):
        log.warning("what a client asked for was not done: %s", type(error).__name__)
