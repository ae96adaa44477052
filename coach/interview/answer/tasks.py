"""The running work of one interview: one main task per answer, and what runs beside it."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


class AnswerTasks:
    """Holds every task, so that it can be waited for and ended; nothing runs that is not here."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._main: dict[str, asyncio.Task[None]] = {}
        self._side: set[asyncio.Task[object]] = set()
        self._last: set[asyncio.Task[object]] = set()

    def busy(self, attempt_id: str = "") -> bool:
        """Whether an attempt (or any) is being worked on."""
        return attempt_id in self._main if attempt_id else bool(self._main)

    @property
    def resting(self) -> bool:
        """Whether nothing runs at all, beside the main line neither."""
        return not (self._main or self._side or self._last)

    def start(self, attempt_id: str, work: Coroutine[object, None, None]) -> None:
        """Begins the one work on an attempt; where it is being worked on already, `work` is dropped."""
        if attempt_id in self._main:
            work.close()
            return
        self._main[attempt_id] = asyncio.get_running_loop().create_task(self._until_done(attempt_id, work))

    async def _until_done(self, attempt_id: str, work: Coroutine[object, None, None]) -> None:
        """Not busy any more the moment the work ends: what the work told last may be answered at once."""
        try:
            await work
        finally:
            self._main.pop(attempt_id, None)

    def beside(self, work: Coroutine[object, None, Result]) -> "asyncio.Task[Result]":
        """Begins work beside the main line."""
        task = asyncio.get_running_loop().create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)
        return task

    def to_the_end(self, work: Coroutine[object, None, object]) -> None:
        """Begins work that is waited for instead of cancelled when the interview is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._last.add(task)
        task.add_done_callback(self._last.discard)

    async def settle(self, timeout_s: float) -> None:
        """Waits until nothing is being worked on, at most `timeout_s`."""
        until = asyncio.get_running_loop().time() + timeout_s
        while tasks := [*self._main.values(), *self._side, *self._last]:
            left_s = until - asyncio.get_running_loop().time()
            if left_s <= 0:
                return
            await asyncio.wait(tasks, timeout=left_s)

    async def close(self) -> None:
        """Cancels what runs; it is resumed from the store."""
        tasks = [*self._main.values(), *self._side]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._last, return_exceptions=True)
