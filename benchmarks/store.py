"""The store: durable writes, opening and letting go, and what charts read, each beside the bare engine.

Reference: the same rows through the bare `duckdb` and `sqlite3` (WAL, FULL) connections in the same run.
"""

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import sqlalchemy as sa

from coach.store import SqlStore
from coach.store.repositories import interviews, queries
from coach.views import attempts as frames
from tests.fakes import records as make

WRITES = 60
OPENINGS = 10
ATTEMPTS = 200_000


def milliseconds(action: Callable[[], object], times: int) -> float:
    """Median of `times` runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(taken), 2)


def writes(folder: Path) -> dict[str, float]:
    """Median milliseconds of one durable attempt, store and bare engines."""
    interview = make.interview()
    exchange = make.exchange(interview)
    numbers = iter(range(1, 100_000))
    with SqlStore(f"duckdb:///{folder / 'held.duckdb'}", idle_s=60) as store:
        store.run(interviews.create_interview, interview, [exchange])
        one = lambda: store.run(interviews.add_attempt, make.evaluated(exchange, next(numbers)))  # noqa: E731
        held = milliseconds(one, WRITES)

        def opened() -> None:
            one()
            store.release()

        let_go = milliseconds(opened, OPENINGS)
    row = json.dumps(make.evaluated(exchange).model_dump(mode="json"))
    bare = duckdb.connect(str(folder / "bare.duckdb"))
    bare.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, row JSON)")
    lite = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    lite.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (n INTEGER PRIMARY KEY, row TEXT)"
    )
    return {
        "store, held": held,
        "store, open + write + close": let_go,
        "bare duckdb": milliseconds(lambda: bare.execute("INSERT INTO t VALUES (?, ?)", [next(numbers), row]), WRITES),
        "bare sqlite": milliseconds(lambda: lite.execute("INSERT INTO t VALUES (?, ?)", [next(numbers), row]), WRITES),
    }


def reads(folder: Path) -> dict[str, float]:
    """Median milliseconds of what a page asks for, beside 200,000 attempts of other people."""
    with SqlStore(f"duckdb:///{folder / 'many.duckdb'}", idle_s=60) as store:
        interview = make.interview()
        exchange = make.exchange(interview)
        store.run(interviews.create_interview, interview, [exchange])
        for number in range(1, 6):
            store.run(interviews.add_attempt, make.evaluated(exchange, number, 5.0 + number / 2))
        store.run(_multiply)
        typed = sa.text("SELECT avg(filler_count) FROM mock_interview_attempts")
        from_json = sa.text(
            "SELECT avg(CAST(json_extract(delivery_metrics, '$.filler_count') AS INTEGER)) FROM mock_interview_attempts"
        )
        best = sa.text(
            "SELECT exchange_id, max_by(id, overall_score) FROM mock_interview_attempts GROUP BY exchange_id"
        )
        return {
            "one interview whole": milliseconds(lambda: store.run(interviews.load_interview, interview.id), 20),
            "one person's frame": milliseconds(lambda: frames.attempts_frame(store, interview.id), 10),
            "sessions of one person": milliseconds(lambda: store.run(queries.interview_rows, "local"), 10),
            "fillers, typed column": milliseconds(lambda: store.run(lambda c: c.execute(typed).all()), 5),
            "fillers, from JSON": milliseconds(lambda: store.run(lambda c: c.execute(from_json).all()), 3),
            "best per exchange": milliseconds(lambda: store.run(lambda c: c.execute(best).all()), 3),
        }


def _multiply(connection: sa.Connection) -> None:
    """Copies the attempts until there are `ATTEMPTS`, under other exchanges and interviews."""
    connection.execute(
        sa.text(
            "INSERT INTO mock_interview_attempts BY NAME SELECT a.* REPLACE "
            "(a.id || '-' || g.n AS id, a.exchange_id || '-' || g.n AS exchange_id, "
            "a.interview_id || '-' || (g.n // 3) AS interview_id) "
            f"FROM mock_interview_attempts a, range({ATTEMPTS // 5}) g(n)"
        )
    )


async def loop_delay(folder: Path) -> float:
    """Longest time the event loop was held up while 40 attempts were written beside it, milliseconds."""
    store = SqlStore(f"duckdb:///{folder / 'loop.duckdb'}", idle_s=60)
    interview = make.interview()
    exchange = make.exchange(interview)
    await store.create_interview(interview, [exchange])
    longest, done = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not done.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, (time.perf_counter() - began - 0.001) * 1000)

    watching = asyncio.create_task(watch())
    for number in range(1, 41):
        await store.add_attempt(make.evaluated(exchange, number))
    done.set()
    await watching
    await store.aclose()
    return round(longest, 1)


def main() -> None:
    """Prints one JSON object."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {
            "durable write of one attempt, ms": writes(folder),
            f"reads beside {ATTEMPTS} attempts, ms": reads(folder),
            "event loop held up at most while writing, ms": asyncio.run(loop_delay(folder)),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
