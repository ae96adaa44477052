"""Nasty texts: six of the longest at once beside people who begin interviews; patterns at 10^3 to 10^5 characters.

`python -m benchmarks nasty`. The real application in a process of its own; times are wall for `init`, CPU for patterns.
"""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks._playing import percentiles, table
from coach.contracts.brain import MAX_TYPED_CHARS
from tests.conversation.app_process import application
from tests.conversation.test_interview_web import Socket, begin, connect, header
from tests.unit.test_offline_linear import COACH, PATTERNS, read_all, spent, tidy

AT_ONCE = ("and then we", "one letter", "orders", "braces", "because", "relative")
EVERY_S = 0.05
IDLE_S = 5.0
CALM = 0.1
CALM_S = 2.0


def warmed_up(pid: int) -> None:
    """Until the application loads nothing any more: less than a tenth of a core in 2 s (its helpers included)."""
    with contextlib.suppress(psutil.NoSuchProcess):
        while _busy(pid) > CALM:
            continue


def _busy(pid: int) -> float:
    """Cores the process and its children use at present."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    before = sum(sum(each.cpu_times()[:2]) for each in family)
    time.sleep(CALM_S)
    return (sum(sum(each.cpu_times()[:2]) for each in family) - before) / CALM_S


async def listening(http: httpx.AsyncClient) -> tuple[dict, str]:
    """An interview that awaits an answer: its way in and the attempt."""
    way = await begin(http, q_count=1)
    async with connect(way) as raw:
        client = Socket(raw)
        await client.send("START_INTERVIEW")
        await client.send("SPEECH_DONE", task_id=(await client.wait("SPEAK"))["task_id"])
        return way, (await client.wait("SESSION_STATE", view_state="LISTENING"))["attempt_id"]


async def inits(http: httpx.AsyncClient, until: asyncio.Event) -> list[float]:
    """Milliseconds of one `init` after the other, until told."""
    took = []
    while not until.is_set():
        began = time.perf_counter()
        answer = await http.post("/mock-interviews/init", json={"q_count": 1})
        if answer.status_code == 429:
            break
        assert answer.status_code == 201, answer.text
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(EVERY_S)
    return took


async def judged(http: httpx.AsyncClient, way: dict, attempt: str, text: str) -> float:
    """Seconds from handing the text in to its scores."""
    began = time.perf_counter()
    async with connect(way) as raw:
        sent = await http.post(f"/attempts/{attempt}/submit", headers=header(way), json={"transcript": text})
        assert sent.status_code == 202, sent.text
        await Socket(raw).wait("UPDATE_REWRITE")
    return time.perf_counter() - began


async def measure(url: str) -> tuple[list[float], list[float], list[float]]:
    """`init` alone, `init` beside six nasty texts (ms), and how long those took (s)."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        waiting = [await listening(http) for _ in AT_ONCE]
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(IDLE_S, over.set)
        alone = await inits(http, over)
        over.clear()
        beside = asyncio.create_task(inits(http, over))
        texts = [(PATTERNS[name] * MAX_TYPED_CHARS)[:MAX_TYPED_CHARS] for name in AT_ONCE]
        judging = [judged(http, *way, text) for way, text in zip(waiting, texts, strict=True)]
        seconds = await asyncio.gather(*judging)
        over.set()
        return alone, await beside, seconds


def patterns() -> None:
    """CPU milliseconds of reading and of tightening; the worst growth for ten times the text."""
    rows, worst = [], 0.0
    for name, pattern in PATTERNS.items():
        row: list[object] = [name]
        for step in (read_all, tidy):
            text = pattern * (100_000 // len(pattern) + 1)
            took = [spent(step, text[:size]) * 1000 for size in (1_000, 10_000, 100_000)]
            worst = max(worst, took[2] / max(4.0, took[1]), took[1] / max(4.0, took[0]))
            row += [round(each, 1) for each in took]
        rows.append(row)
    table(("pattern", *(f"{step} 10^{n} ms" for step in ("read", "tighten") for n in (3, 4, 5))), rows)
    print(f"worst growth for ten times the text: {worst:.1f} x (at most 30)\n")


def main() -> None:
    """Both."""
    assert COACH
    rows = []
    for turn in range(3):
        with tempfile.TemporaryDirectory() as folder, application(Path(folder), COACH_BRAIN="offline") as app:
            warmed_up(app.process.pid)
            alone, beside, seconds = asyncio.run(measure(app.url))
        rows.append(
            [turn + 1, *percentiles(alone, 50, 100), *percentiles(beside, 50, 95, 100), len(beside), max(seconds)]
        )
    head = ("run", "alone p50", "alone max", "beside p50", "beside p95", "beside max", "inits", "slowest text s")
    print(f"`init` beside six texts of {MAX_TYPED_CHARS:,} characters judged at once (ms)\n")
    table(head, rows)
    patterns()


if __name__ == "__main__":
    main()
