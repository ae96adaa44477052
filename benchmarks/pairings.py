"""Every command, a notebook and a second server beside a loaded server: what was acknowledged is all there afterwards.

One server begins interviews as fast as it is asked to while the other side goes on without pause for `PAIRING_SECONDS`
(60). Afterwards the file is opened anew and everything that was acknowledged by either side is looked up. *Silent* is
the longest time until a command said anything or ended; the reference is the same command alone, on the same machine in
the same minute. `PAIRINGS=practice,doctor` takes some of them.
"""

import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy as sa

from benchmarks._playing import percentiles, process, table
from coach.store import SqlStore
from coach.store.maintenance.health import check_database

SECONDS = float(os.environ.get("PAIRING_SECONDS", "60"))
ANSWER = "Our release was late. I led a team of four, cut the scope and we shipped on 3 May, 9 % cheaper."
QUESTION = "Tell me about a time you saved a project."
NOTEBOOK = """
import sys, time
from coach.store import SqlStore
from coach.views.attempts import attempts_frame
store, until = SqlStore(sys.argv[1]), time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    before = time.monotonic()
    rows = store.run(lambda c: c.exec_driver_sql("SELECT count(*) FROM mock_interviews").scalar())
    frame = attempts_frame(store)
    print(rows, len(frame), f"{time.monotonic() - before:.3f}", flush=True)
    time.sleep(0.3)
store.close()
"""


@dataclass
class Facts:
    """What was acknowledged and what went wrong, by both sides."""

    kept: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    latencies_ms: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    silent_s: list[float] = field(default_factory=list)
    runs: int = 0


class Load(threading.Thread):
    """Begins interviews on a server, one after the other, and keeps their ids."""

    def __init__(self, url: str, facts: Facts, pause_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.url, self.facts, self.pause_s, self.ending = url, facts, pause_s, threading.Event()

    def run(self) -> None:
        """Until told to end."""
        with httpx.Client(timeout=30) as http:
            while not self.ending.wait(self.pause_s):
                before = time.monotonic()
                try:
                    response = http.post(f"{self.url}/mock-interviews/init", json={"q_count": 1})
                except httpx.HTTPError as error:
                    self.facts.refused.append(type(error).__name__)
                    continue
                self.facts.latencies_ms.append((time.monotonic() - before) * 1e3)
                if response.status_code == 201:
                    self.facts.kept.add(response.json()["mock_interview_id"])
                else:
                    self.facts.refused.append(f"{response.status_code} {response.text[:80]}")


@contextlib.contextmanager
def loaded(url: str, facts: Facts, pause_s: float = 0.0) -> Iterator[None]:
    """A server under load inside the block, with a pause between two requests where one is wanted."""
    load = Load(url, facts, pause_s)
    load.start()
    try:
        yield
    finally:
        load.ending.set()
        load.join(40)


def coach(home: Path, *words: str, stdin: str = "") -> tuple[int, str, str, float]:
    """Runs a command; gives status, output, errors, and the seconds until a person at a terminal read anything."""
    settings = {"COACH_HOME": str(home), "COACH_BRAIN": "offline", "PYTHONUNBUFFERED": "1"}
    screen, theirs = pty.openpty()
    command = [sys.executable, "-m", "coach", *words]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs, text=True, env=os.environ | settings
    ) as child:
        os.close(theirs)
        assert child.stdin and child.stdout
        child.stdin.write(stdin)
        child.stdin.close()
        select.select([screen, child.stdout.fileno()], [], [])
        silent = time.monotonic() - began
        with ThreadPoolExecutor(1) as beside:
            errors = beside.submit(_all_of, screen)
            out = child.stdout.read()
        return child.wait(), out, errors.result(), silent


def _all_of(screen: int) -> str:
    """What a terminal shows until its last writer has gone."""
    shown = b""
    with os.fdopen(screen, "rb", buffering=0) as reader, contextlib.suppress(OSError):
        while piece := reader.read(4096):
            shown += piece
    return shown.decode("utf8", "replace")


Step = Callable[[Path, Facts], None]


def command(*words: str, fine: tuple[int, ...] = (0,)) -> Step:
    """A command that acknowledges nothing to look up later."""

    def step(home: Path, facts: Facts) -> None:
        status, _, errors, silent = coach(home, *words)
        facts.silent_s.append(silent)
        facts.runs += 1
        if status not in fine:
            facts.refused.append(f"{' '.join(words)}: {errors.strip()[:160]}")

    return step


def practise(home: Path, facts: Facts) -> None:
    """One attempt; its interview and answer are facts."""
    words = ("practice", "--transcript", "-", "--question", QUESTION, "--json")
    status, out, errors, silent = coach(home, *words, stdin=ANSWER)
    facts.silent_s.append(silent)
    facts.runs += 1
    if status:
        facts.refused.append(f"practice: {errors.strip()[:160]}")
    else:
        facts.kept |= {json.loads(out)["interview_id"], json.loads(out)["attempt_id"]}


def delayed(home: Path, facts: Facts) -> None:
    """`feedback` on an interview that is being begun beside it."""
    if facts.kept:
        command("feedback", next(iter(facts.kept)), "--json")(home, facts)


SPOOLED_S = 10.0
"""What was acknowledged while somebody else had the file waits in the spool for about this long at most."""


def delete(home: Path, facts: Facts) -> None:
    """Deletes one of the interviews begun a moment ago."""
    if not facts.kept:
        return
    interview_id = next(iter(facts.kept))
    patience = time.monotonic() + SPOOLED_S
    status, _, errors, silent = coach(home, "interview", "delete", interview_id, "--json")
    while status and "no session" in errors and time.monotonic() < patience:
        status, _, errors, silent = coach(home, "interview", "delete", interview_id, "--json")
    facts.silent_s.append(silent)
    facts.runs += 1
    if status:
        facts.refused.append(f"delete: {errors.strip()[:160]}")
        return
    facts.kept.discard(interview_id)
    facts.gone.add(interview_id)


def sample_data(home: Path, facts: Facts) -> None:
    """In and out again."""
    command("sample-data", "load", "--json")(home, facts)
    command("sample-data", "remove", "--json")(home, facts)


def notebook(home: Path, facts: Facts) -> None:
    """One kernel that goes on asking, with a query that cannot travel and one that can."""
    words = [sys.executable, "-c", NOTEBOOK, f"duckdb:///{home / 'coach.duckdb'}", str(SECONDS)]
    out = subprocess.run(words, capture_output=True, text=True)
    lines = [line.split() for line in out.stdout.splitlines()]
    facts.silent_s += [float(line[2]) for line in lines]
    facts.runs += len(lines)
    if out.returncode:
        facts.refused.append(f"notebook: {out.stderr.strip().splitlines()[-1][:160]}")


def second_server(home: Path, facts: Facts) -> None:
    """Another server on the same home, loaded as well."""
    with process("benchmarks._pairing_server", home) as url, loaded(url, facts):
        time.sleep(SECONDS)
        facts.runs += 1


FORMS: dict[str, Step] = {
    "practice": practise,
    "feedback": delayed,
    "interview delete": delete,
    "retention sweep": command("retention", "sweep", "--json"),
    "db check": command("db", "check", "--json"),
    "db upgrade": command("db", "upgrade", "--json"),
    "sample-data": sample_data,
    "doctor": command("doctor", "--json"),
    "db backup": command("db", "backup", "--json"),
    "notebook": notebook,
    "second server": second_server,
}


def pair(name: str, step: Step, seconds: float) -> list[object]:
    """One pairing; the row of the table."""
    facts, alone = Facts(), Facts()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        coach(home, "db", "upgrade")
        if name not in ("second server", "notebook", "feedback", "interview delete"):
            step(home, alone)
        with process("benchmarks._pairing_server", home) as url, loaded(url, facts):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                step(home, facts)
        there, sound = look(home)
    lost = len(facts.kept - there) + len(facts.gone & there)
    told = "; ".join(sorted(set(facts.refused)))[:200]
    silent = f"{max(facts.silent_s, default=0):.1f} ({max(alone.silent_s):.1f})" if alone.silent_s else ""
    silent = silent or f"{max(facts.silent_s, default=0):.1f}"
    p50, p99 = percentiles(facts.latencies_ms, 50, 99)
    return [name, facts.runs, len(facts.kept), lost, sound, silent, p50, p99, f"{len(facts.refused)} {told}".strip()]


def _ids(connection: sa.Connection, table: str) -> list[str]:
    return list(connection.execute(sa.text(f"SELECT id FROM {table}")).scalars())


def look(home: Path) -> tuple[set[str], str]:
    """Every interview and attempt there is in the file, opened anew, and what `db check` says."""
    with SqlStore(f"duckdb:///{home / 'coach.duckdb'}") as store:
        there: set[str] = set()
        for name in ("mock_interviews", "mock_interview_attempts"):
            there |= set(store.run(_ids, name))
        return there, "sound" if check_database(store).ok else check_database(store).sentence


def main() -> None:
    """Prints the table."""
    wanted = [name for name in os.environ.get("PAIRINGS", "").split(",") if name] or list(FORMS)
    rows = []
    for name in wanted:
        rows.append(pair(name, FORMS[name], SECONDS))
        print(rows[-1], flush=True)
    print(f"\n## Beside a loaded server, {SECONDS:.0f} s each (load average {os.getloadavg()[0]:.1f})\n")
    head = ["beside it", "runs", "acknowledged", "lost", "file", "silent s (alone)", "init p50 ms", "p99 ms", "refused"]
    table(head, rows)


if __name__ == "__main__":
    main()
