"""Six texts of the longest kind that take for ever to read hold nobody else up."""

import asyncio
import threading

from coach.brain.evaluation.reading_threads import LONG_CHARS, read_beside

LONG, SHORT = "I. " * LONG_CHARS, "I moved the printer."


async def test_long_readings_leave_threads_to_everybody_else():
    over, begun = threading.Event(), []

    def for_ever():
        begun.append(threading.get_ident())
        return over.wait(30)

    readings = [asyncio.create_task(read_beside(LONG, for_ever)) for _ in range(40)]
    async with asyncio.timeout(20):
        while not begun:  # noqa: ASYNC110 - a thread tells it
            await asyncio.sleep(0.01)
        assert await read_beside(SHORT, lambda: "read") == "read"
        assert await asyncio.to_thread(lambda: "begun") == "begun"
        assert len(begun) == 1, "one long text after the other"
        over.set()
        assert all(await asyncio.gather(*readings))


async def test_what_fails_is_told_to_who_asked():
    def broken():
        raise ValueError("no")

    try:
        await read_beside(SHORT, broken)
    except ValueError as error:
        assert str(error) == "no"
    else:
        raise AssertionError
