"""Replay at 50 ms latency and concurrency 20: how close to the ideal time, beside a plain asyncio.gather loop.

The server answers after 50 ms with one small JSON body; the judge is one warm HTTP call, so what is measured is the
replay engine (queue, limits, journal, cache), not a vendor's SDK.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from coach.contracts.brain import EvaluationInput, EvaluationResult, Question, UserAnswer
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.journal import ResponseCache, RunJournal
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.replay import Replay, RunLimits
from coach.lab.runs.variant import Variant
from tests.fakes.evaluations import make_evaluation

ITEMS, CONCURRENCY, LATENCY_S = 1000, 20, 0.05


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request of a connection after the latency."""
    body = json.dumps(EvaluationResult(evaluation=make_evaluation()).model_dump(mode="json")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n".encode()
    while True:
        try:
            await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()
            return
        await asyncio.sleep(LATENCY_S)
        writer.write(head + body)
        await writer.drain()


def dataset() -> Dataset:
    """A thousand different answers."""
    items = [
        Item(
            id=f"i{n}",
            person=f"p{n % 100}",
            input=EvaluationInput(
                question=Question(text="Tell me about a change."), user_answer=UserAnswer(transcript=f"I changed {n}.")
            ),
        )
        for n in range(ITEMS)
    ]
    return Dataset(name="bench", items=tuple(items))


async def measure(folder: Path) -> dict[str, float]:
    """Seconds of the ideal, of a plain loop and of the engine, in the same process against the same server."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    variants = [Variant(name="A"), Variant(name="B", policy={"version": "mi_b"})]
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:

        async def judge(variant: Variant, item: Item, repeat: int) -> Outcome:
            reply = await client.get(url)
            result = EvaluationResult.model_validate_json(reply.content)
            return Outcome(
                variant=variant.name, variant_key=variant.key, item_id=item.id, repeat=repeat, result=result,
                finished_at=datetime.now(UTC),
            )  # fmt: skip

        data, gate = dataset(), asyncio.Semaphore(CONCURRENCY)

        async def plain(variant: Variant, item: Item) -> None:
            async with gate:
                await judge(variant, item, 0)

        started = time.perf_counter()
        await asyncio.gather(*(plain(v, i) for v in variants for i in data.items))
        loop_s = time.perf_counter() - started
        journal, cache = RunJournal(folder / "run.jsonl"), ResponseCache(folder / "cache.jsonl")
        replay = Replay(data, variants, judge, journal, cache=cache, limits=RunLimits(concurrency=CONCURRENCY))
        started, cpu = time.perf_counter(), time.process_time()
        report = await replay.run()
        engine_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    server.close()
    if report.done != 2 * ITEMS:
        raise RuntimeError("the run is not complete")
    return {
        "calls": 2 * ITEMS,
        "ideal_s": 2 * ITEMS * LATENCY_S / CONCURRENCY,
        "plain_loop_s": loop_s,
        "replay_s": engine_s,
        "replay_cpu_s": cpu_s,
    }


def main(argv: list[str] | None = None) -> None:
    """Prints the figures and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(Path(folder)))
    found["replay_to_ideal"] = found["replay_s"] / found["ideal_s"]
    found["replay_to_plain_loop"] = found["replay_s"] / found["plain_loop_s"]
    json.dump({k: round(v, 3) for k, v in found.items()}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
