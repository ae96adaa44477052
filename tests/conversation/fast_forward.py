"""An event loop whose clock jumps to the next timer as soon as nothing is going on: minutes of waiting pass at once.

Work in threads and bytes on sockets are waited for in real time first, so what happens has its order.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any
from unittest import mock

SETTLE_S, SETTLE_LONG_S = 0.001, 0.02
"""Real time in which bytes on a loopback socket must have arrived, before a short jump and one over `FAR_S`."""
FAR_S = 0.5


class _Jumping(selectors.DefaultSelector):
    loop: "FastForwardLoop"

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.in_threads or timeout is None:
            return super().select(0.05 if timeout is not None else None)
        ready = super().select(SETTLE_LONG_S if timeout > FAR_S else SETTLE_S)
        if not ready:
            self.loop.ahead_s += timeout
        return ready


class FastForwardLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 1,000 s and moves only when everybody waits."""

    def __init__(self) -> None:
        self.ahead_s = 1_000.0
        self.in_threads = 0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.ahead_s

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        self.in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._back)
        return future

    def _back(self, _: Any) -> None:
        self.in_threads -= 1


def run(coroutine: Any) -> Any:
    """Like `asyncio.run`, on a loop that jumps; the store's own thread is waited for like any other."""
    wrap = asyncio.wrap_future

    def counted(future: Any, *, loop: Any = None) -> Any:
        here = asyncio.get_running_loop()
        assert isinstance(here, FastForwardLoop)
        here.in_threads += 1
        wrapped = wrap(future, loop=loop)
        wrapped.add_done_callback(here._back)
        return wrapped

    with mock.patch.object(asyncio, "wrap_future", counted), asyncio.Runner(loop_factory=FastForwardLoop) as runner:
        return runner.run(coroutine)
