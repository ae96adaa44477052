"""An event loop whose clock jumps to the next timer as soon as nothing is going on: minutes of waiting pass at once.

Work in threads is waited for in real time, and so are bytes on loopback sockets: the kernel says what has not come yet.
To wait a fixed time instead is slow on an idle machine and too short on a busy one, where the clock then jumps over an
answer that was under way, and a connection seems never to be made.
"""

import asyncio
import fcntl
import selectors
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

SIOCOUTQ = 0x5411
"""Linux: bytes of a socket that the other end has not acknowledged."""
SETTLE_S, LONGEST_S = 0.0005, 0.5
"""Real time between two looks, and the longest that bytes on their way are waited for."""


class _Jumping(selectors.DefaultSelector):
    loop: "FastForwardLoop"

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.in_threads or timeout is None:
            return super().select(0.05 if timeout is not None else None)
        until = time.monotonic() + LONGEST_S
        while True:
            under_way = self._under_way()
            if ready := super().select(SETTLE_S):
                return ready
            if not under_way or time.monotonic() > until:
                break
        self.loop.ahead_s += timeout
        return []

    def _under_way(self) -> bool:
        """Whether a socket still connects, or has bytes that have not arrived."""
        return any(key.events & selectors.EVENT_WRITE or _unsent(key.fd) for key in self.get_map().values())


def _unsent(fd: int) -> int:
    held = bytearray(4)
    try:
        fcntl.ioctl(fd, SIOCOUTQ, held)
    except OSError:
        return 0
    return int.from_bytes(held, "little")


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
