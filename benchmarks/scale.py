"""What a page asks the database as the attempts of everybody grow: 10,000 → 100,000 → 1,000,000, on either engine.

`python -m benchmarks.scale [--engine duckdb|postgresql] [--attempts N …] [--rounds N] [--keep FOLDER]`. PostgreSQL is
one of its own, started here. Every person has 200 attempts in a year but one, who has 5,000. Every row carries the same
evaluation and timeline, and one use; transcripts are short; the last month's recordings are still there.

`--keep FOLDER` leaves the filled databases in a folder, where the next run finds them.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from coach.store import SqlStore
from coach.store.repositories import interviews, ledger, recorded_use
from coach.views import operations, review, sessions
from coach.views.attempts import attempts_frame
from tests.fakes import records as make
from tests.fakes.postgres import running_postgres

PER_PERSON, BUSY = 200, 5_000
PER_SESSION = 4
NOW = datetime(2026, 12, 2, tzinfo=UTC)
_TIMELINE = (
    '{"finish": 0, "transcript_final": 250, "measured": 255, "request_sent": 260, "first_token": 700, '
    '"follow_up_complete": 960, "first_scores": 1900, "rewrite": 3600, "stored": 3610}'
)


def fill(store: SqlStore, attempts: int) -> None:
    """Writes everybody's rows with the database's own series, where they are not there yet."""
    store.upgrade()
    if store.run(_filled):
        return
    others = max(1, (attempts - BUSY) // PER_PERSON)
    rest = attempts - BUSY
    store.run(_fill, others, rest)


def _filled(connection: sa.Connection) -> bool:
    return connection.execute(sa.text("SELECT 1 FROM users WHERE id = 'p0'")).first() is not None


MADE = "TIMESTAMPTZ '2025-12-02 00:00:00+00'"
"""When the first of them practised, in SQL."""


def _fill(connection: sa.Connection, others: int, rest: int) -> None:
    series = "generate_series" if connection.dialect.name == "postgresql" else "range"
    last = {"generate_series": -1, "range": 0}[series]
    halved = "/" if series == "generate_series" else "//"
    made, run = MADE, partial(_run, connection)
    run(f"INSERT INTO users (id, name, created_at) SELECT 'p' || n, 'Person ' || n, {made} "
        f"FROM {series}(0, {others + 1 + last}) AS t(n)")  # fmt: skip
    size = (BUSY + rest) // PER_SESSION
    busy = BUSY // PER_SESSION
    owner = f"CASE WHEN n < {busy} THEN 'p0' ELSE 'p' || (1 + (n % {others})) END"
    at = f"{made} + (n::BIGINT * 31536000 / {size}) * INTERVAL '1 second'"
    run("INSERT INTO mock_interviews (id, user_id, persona_id, q_count, status, overall_score, job, bundle, is_sample, "
        f"created_at, started_at, last_activity_at) SELECT 'i' || n, {owner}, 'sarah', 2, 'completed', 5 + n % 4, "
        f"'{{}}', 'b', false, {at}, {at}, {at} FROM {series}(0, {size + last}) AS t(n)")  # fmt: skip
    run("INSERT INTO mock_interview_exchanges (id, interview_id, \"order\", question_text, competency, question_type, "
        "follow_up_question_text, avatar_clip_key, avatar_dynamic_text_hash) SELECT 'e' || n, 'i' || (n // 2), n % 2, "
        f"'Tell me about a time you improved something.', 'ownership', 'behavioral', '', '', '' "
        f"FROM {series}(0, {size * 2 + last}) AS t(n)".replace("//", halved))  # fmt: skip
    _fill_answers(run, f"{series}(0, {size * 4 + last}) AS t(n)", halved, size * 4)
    answerer = f"CASE WHEN n // 4 < {busy} THEN 'p0' ELSE 'p' || (1 + ((n // 4) % {others})) END"
    _fill_uses(run, f"{series}(0, {size * 4 + last}) AS t(n)", halved, size * 4, answerer)
    if connection.dialect.name == "postgresql":
        run("ANALYZE")


def _run(connection: sa.Connection, text: str, **values: str) -> None:
    connection.execute(sa.text(text), values)


def _fill_answers(run: Callable[..., None], rows: str, halved: str, answers: int) -> None:
    scores = ", ".join(f"{name}" for name in ("overall_score", "content_score", "delivery_score", "wpm"))
    run("INSERT INTO mock_interview_attempts (id, exchange_id, interview_id, attempt_number, status, transcript, "
        f"duration_seconds, {scores}, word_count, filler_count, long_pause_count, speech_seconds, verbatim, "
        "evaluation, prompt_version, policy_version, model, brain, transcriber, timeline, extra, created_at, "
        "audio_uri, audio_expires_at, finished_at) "
        "SELECT 'a' || n, 'e' || (n // 2), 'i' || (n // 4), 1 + n % 2, 'evaluated', 'I measured it.', 60, 5 + n % 4, "
        f"5 + n % 4, 6, 140, 140, 3, 1, 55, true, CAST(:evaluation AS JSON), 'b', 'p', 'm', 'offline', 'whisper', "
        "CAST(:timeline AS JSON), CAST(:extra AS JSON), "
        f"{MADE} + (n::BIGINT * 31536000 / {answers}) * INTERVAL '1 second', "
        f"CASE WHEN n > {answers} * 335 / 365 THEN 'file:///recordings/a' || n || '.flac' END, "
        f"{MADE} + (n::BIGINT * 31536000 / {answers}) * INTERVAL '1 second' + INTERVAL '30 days', {MADE} "
        f"FROM {rows}".replace("//", halved),
        evaluation=make.evaluation().model_dump_json(), timeline=_TIMELINE, extra="{}",
    )  # fmt: skip


def _fill_uses(run: Callable[..., None], rows: str, halved: str, answers: int, answerer: str) -> None:
    run("INSERT INTO usage_tracking (event_id, attempt_id, interview_id, user_id, vendor, meter, quantity, unit, "
        "occurred_at, bundle, call_id, billable, estimated, cost_usd, price_entry, billed_state, outbox_tries) "
        "SELECT 'u' || n, 'a' || n, 'i' || (n // 4), "
        f"{answerer}, "
        "'deepgram', 'stt.streaming', 60, 's', "
        f"{MADE} + (n::BIGINT * 31536000 / {answers}) * INTERVAL '1 second', 'b', '', true, false, 0.0077, 'x', "
        f"'sent', 0 FROM {rows}".replace("//", halved))  # fmt: skip


def questions(store: SqlStore) -> dict[str, Callable[[], Any]]:
    """What pages ask, by name."""
    usual = "p3"
    return {
        "Progress: sessions of one person": lambda: sessions.list_sessions(store, usual),
        "Progress: attempts of one person": lambda: attempts_frame(store, user_id=usual),
        "Progress: one session": lambda: sessions.find_session(store, "i77"),
        "Practice: what can be resumed": lambda: sessions.begun_sessions(store, usual),
        "Review: what waits": lambda: review.review_frame(store),
        "Operations: interviews in progress": lambda: sessions.running(store, 20),
        "Operations: a day of answers": lambda: operations.answers_frame(store, days=1, now=NOW),
        "Operations: retention": lambda: operations.retention_counts(store, NOW),
        "Margins: what the model is fitted on": lambda: store.run(recorded_use.recorded_facts),
        "Margins: ledger of 90 days": lambda: store.run(ledger.usage_sums, "meter", since=NOW - timedelta(days=90)),
        "Margins: ledger of all time": lambda: store.run(ledger.usage_sums, "meter"),
        "Margins: cost of every customer": lambda: store.run(ledger.costs_by_month),
        "Margins: what plans are tried on": lambda: store.run(recorded_use.use_of_customers),
        "5,000 attempts: sessions": lambda: sessions.list_sessions(store, "p0"),
        "5,000 attempts: attempts": lambda: attempts_frame(store, user_id="p0"),
    }


def inserting(store: SqlStore) -> Callable[[], None]:
    """Adds one judged attempt to a fresh interview."""
    session = make.interview(user_id="p3")
    question = make.exchange(session)
    store.run(interviews.create_interview, session, [question])
    judged = iter([make.evaluated(question, number) for number in range(1, 200)])

    def insert() -> None:
        store.run(interviews.add_attempt, next(judged))

    return insert


def timed(question: Callable[[], Any], rounds: int, server: int = 0) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, the median of this process's processor time, the mean of a server's.

    On a machine that is busy otherwise the processor times stay what they are. Not the first call.
    """
    question()
    took, worked, served = [], [], server_cpu_s(server)
    for _ in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        question()
        took.append((time.perf_counter() - start) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    took.sort()
    p95 = took[min(len(took) - 1, round(0.95 * (len(took) - 1)))]
    of_server = (server_cpu_s(server) - served) * 1000 / rounds
    return {
        "p50_ms": statistics.median(took),
        "p95_ms": p95,
        "cpu_ms": statistics.median(worked),
        "server_ms": of_server,
    }


def server_of(connection: sa.Connection) -> int:
    """The process that all of PostgreSQL's others come from, where it runs on this Linux; 0 else."""
    if connection.dialect.name != "postgresql":
        return 0
    own = int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
    stat = Path(f"/proc/{own}/stat")
    return int(stat.read_text().rpartition(")")[2].split()[1]) if stat.exists() else 0


def server_cpu_s(server: int) -> float:
    """Processor time of a server's process and all it started, those that ended included; `proc(5)`, in 10 ms steps."""
    if not server:
        return 0.0
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if stat.parent.name == str(server):
                ticks += sum(map(int, fields[11:15]))
            elif fields[1] == str(server):
                ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(url: str, attempts: int, rounds: int) -> Iterator[dict[str, Any]]:
    """One row per question."""
    with SqlStore(url, backup_hours=0) as store:
        start = time.perf_counter()
        fill(store, attempts)
        yield {"what": "(filled in s)", "attempts": attempts, "p50_ms": time.perf_counter() - start}
        server = store.run(server_of)
        asked = questions(store) | {"insert of one judged attempt": inserting(store)}
        for name, question in asked.items():
            yield {"what": name, "attempts": attempts, **timed(question, rounds, server)}


@contextmanager
def databases(engine: str, keep: str = "") -> Iterator[Callable[[int], str]]:
    """Gives a database's address for each size: a fresh one, or with `keep` the one of an earlier run."""
    with tempfile.TemporaryDirectory() as passing:
        folder = Path(keep or passing).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        if engine == "duckdb":
            yield lambda size: f"duckdb:///{folder / f'{size}.duckdb'}"
            return
        with running_postgres(folder / "postgresql" if keep else None) as server:
            yield lambda size: _on_server(server.url, f"scale{size}")


def _on_server(url: str, name: str) -> str:
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        there = connection.execute(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first()
        if not there:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return url.replace("/postgres", f"/{name}")


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default="duckdb", choices=["duckdb", "postgresql"])
    parser.add_argument("--attempts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--keep", default="", metavar="FOLDER")
    wanted, _ = parser.parse_known_args()
    with databases(wanted.engine, wanted.keep) as fresh:
        for size in wanted.attempts:
            for row in measure(fresh(size), size, wanted.rounds):
                figures = "".join(f"{row.get(name, 0.0):>9.1f}" for name in ("p50_ms", "p95_ms", "cpu_ms", "server_ms"))
                print(f"{wanted.engine:<11}{row['attempts']:>9}  {row['what']:<36}{figures}", flush=True)


if __name__ == "__main__":
    main()
