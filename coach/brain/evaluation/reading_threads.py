"""Threads in which answers are read beside the event loop: few, of their own, and one for all long texts.

asyncio's own threads are few as well (cores + 4) and everything else waits for them: six texts of the longest kind in
them, and nobody begins an interview. A long text waits for the other long ones, never an ordinary answer for all.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

LONG_CHARS = 6_000
"""Some eight minutes of speech."""
_ORDINARY = ThreadPoolExecutor(2, "reading")
_LONG = ThreadPoolExecutor(1, "reading-long")
Result = TypeVar("Result")


async def read_beside(text: str, function: Callable[[], Result]) -> Result:
    """Calls `function`, which reads `text`, in a thread that suits its length."""
    threads = _LONG if len(text) > LONG_CHARS else _ORDINARY
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: context.run(function))
