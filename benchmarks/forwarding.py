"""Live sessions on one core: 20 ms frames from browser sockets to the transcriber, ours beside pipecat's.

Two processes on two cores. This one plays all browsers and the transcriber; the other is the server under test,
pinned to its own core: a WebSocket in, a Deepgram stream (the same released SDK) out. Every frame carries the moment it
was sent; its delay is read where the transcriber receives it. Both engines run under uvicorn and uvloop. `pipecat` is
a pipeline of its transport and its Deepgram service as they come; `pipecat-lean` has what can be turned off turned off.
Every engine's ladder is climbed until it breaks: rungs grow by half, then the gap is halved till it is a tenth.

pipecat needs an environment of its own: it is expected at, or made in, PIPECAT_ENV (default ~/.cache/jobfoxy/pipecat).
`FORWARDING_SECONDS` (8) of measuring per run, `FORWARDING_MOST` (2000) sessions at most,
`FORWARDING_ENGINES` (all three) by name.
"""

import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

HERE = Path(__file__).resolve().parent
PIPECAT = ("pipecat-ai[deepgram,websocket]==1.14.0", "uvicorn[standard]==0.54.0")
FRAME_S, FRAME_BYTES = 0.02, 640
LIMIT_MS = 20.0
WARM_UP_S, MEASURE_S = 3.0, float(os.environ.get("FORWARDING_SECONDS", "8"))
LOAD_CORE, SERVER_CORE = 1, 0
BEGIN = {"ours": 50, "pipecat": 30, "pipecat-lean": 50}
STEP = 1.5
"""Rungs grow by half until one breaks; then the gap is halved."""
NARROW = 0.1
"""The gap between what held and what broke at which a ladder ends, as a share of what held."""
MOST = int(os.environ.get("FORWARDING_MOST", "2000"))
"""Where a ladder ends that never breaks; then the verdict says so."""
TRIES = 3
"""Runs of one rung; it holds where the median of them does, so that one stall of the machine decides nothing."""


@dataclass(frozen=True)
class Figure:
    """One run. Delays are milliseconds from the browser's send to the transcriber's receipt."""

    engine: str
    sessions: int
    frames: int
    lost: int
    p50_ms: float
    p99_ms: float
    cpu_ms_per_session_s: float
    rss_mb_per_session: float


class Transcriber:
    """Receives frames, notes their delay, and answers as Deepgram does: an interim a second, a final every third."""

    def __init__(self) -> None:
        self.delays_ns: list[int] = []
        self.measuring = False
        self._sessions = 0

    async def serve(self, socket: ServerConnection) -> None:
        """Sessions are spread over the three seconds, as people are: they do not all get their words at once."""
        self._sessions += 1
        heard = self._sessions * 37 % 150
        try:
            async for message in socket:
                if isinstance(message, str):
                    continue
                now = time.monotonic_ns()
                for at in range(0, len(message) - FRAME_BYTES + 1, FRAME_BYTES):
                    heard += 1
                    if self.measuring:
                        self.delays_ns.append(now - int.from_bytes(message[at : at + 8], "little"))
                    if heard % 50 == 0:
                        await socket.send(results(heard * FRAME_S, is_final=heard % 150 == 0))
        except ConnectionClosed:
            pass


def results(at_s: float, *, is_final: bool) -> str:
    """A `Results` message of three seconds of speech."""
    start = (at_s - 1e-6) // 3 * 3
    starts = [start + i * 0.4 for i in range(int((at_s - start) / 0.4))]
    word = {"word": "word", "punctuated_word": "word", "confidence": 0.9}
    words = [{**word, "start": at, "end": at + 0.3} for at in starts]
    info = {"name": "general", "version": "1", "arch": "nova-3"}
    text = " ".join("word" for _ in words)
    return json.dumps(
        {
            "type": "Results",
            "channel_index": [0, 1],
            "start": start,
            "duration": at_s - start,
            "is_final": is_final,
            "speech_final": is_final,
            "from_finalize": False,
            "channel": {"alternatives": [{"transcript": text, "confidence": 0.9, "words": words}]},
            "metadata": {"request_id": "r", "model_uuid": "m", "model_info": info},
        }
    )


class Server:
    """The server under test, in its own process on its own core."""

    def __init__(self, engine: str, deepgram: str) -> None:
        python = sys.executable if engine == "ours" else str(pipecat_python())
        script = HERE / ("_forward_ours.py" if engine == "ours" else "_forward_pipecat.py")
        environment = os.environ | {"PYTHONPATH": str(HERE.parent), "DEEPGRAM_BASE_URL": deepgram}
        if engine == "pipecat-lean":
            environment["LEAN"] = "1"
        self._process = subprocess.Popen(
            [python, str(script)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._watch = psutil.Process(self._process.pid)
        self._watch.cpu_affinity([SERVER_CORE])

    def cpu_s(self) -> float:
        used = self._watch.cpu_times()
        return used.user + used.system

    def rss_mb(self) -> float:
        return self._watch.memory_info().rss / 2**20

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)


async def browser(url: str, begin: float, until: float) -> int:
    """One session: connects, then sends a stamped frame every 20 ms."""
    sent = 0
    async with connect(url, compression=None, ping_interval=None, close_timeout=1, proxy=None) as socket:
        body = bytes(FRAME_BYTES - 8)
        while True:
            due = begin + sent * FRAME_S
            if due >= until:
                return sent
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await socket.send(time.monotonic_ns().to_bytes(8, "little") + body)
            sent += 1


async def measure(engine: str, sessions: int) -> Figure:
    transcriber = Transcriber()
    async with serve(transcriber.serve, "127.0.0.1", 0, compression=None, ping_interval=None) as deepgram:
        server = Server(engine, f"http://127.0.0.1:{deepgram.sockets[0].getsockname()[1]}")
        try:
            return await _run(engine, sessions, server, transcriber)
        finally:
            server.stop()


async def _run(engine: str, sessions: int, server: Server, transcriber: Transcriber) -> Figure:
    before_mb = server.rss_mb()
    begin = time.monotonic() + 2.0 + sessions * 0.03
    until = begin + WARM_UP_S + MEASURE_S
    url = f"ws://127.0.0.1:{server.port}/ws"
    phases = [begin + i * FRAME_S / sessions for i in range(sessions)]
    tasks = []
    for phase in phases:
        tasks.append(asyncio.create_task(browser(url, phase, until)))
        await asyncio.sleep(0.01)
    await asyncio.sleep(max(0.0, begin + WARM_UP_S - time.monotonic()))
    transcriber.measuring, cpu = True, server.cpu_s()
    await asyncio.sleep(MEASURE_S - 0.2)
    cpu, rss = server.cpu_s() - cpu, server.rss_mb() - before_mb
    transcriber.measuring = False
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for problem in {repr(o) for o in outcomes if isinstance(o, BaseException)}:
        print(f"a session failed: {problem}", file=sys.stderr)
    delays = np.array(transcriber.delays_ns) / 1e6
    expected = round(sessions * (MEASURE_S - 0.2) / FRAME_S)
    return Figure(
        engine=engine,
        sessions=sessions,
        frames=len(delays),
        lost=max(0, expected - len(delays)) if len(delays) < 0.99 * expected else 0,
        p50_ms=round(float(np.percentile(delays, 50)), 2) if len(delays) else float("nan"),
        p99_ms=round(float(np.percentile(delays, 99)), 2) if len(delays) else float("inf"),
        cpu_ms_per_session_s=round(cpu * 1000 / sessions / (MEASURE_S - 0.2), 2),
        rss_mb_per_session=round(rss / sessions, 3),
    )


def pipecat_python() -> Path:
    """The interpreter of pipecat's environment; made when it is not there, with uv or with venv and pip."""
    home = Path(os.environ.get("PIPECAT_ENV", Path.home() / ".cache" / "jobfoxy" / "pipecat"))
    python = home / "bin" / "python"
    if not python.exists():
        for command in _making(home, shutil.which("uv")):
            subprocess.run(command, check=True)
    return python


def _making(home: Path, uv: str | None) -> list[list[str]]:
    """The commands that make pipecat's environment."""
    python = str(home / "bin" / "python")
    if uv:
        return [
            [uv, "venv", "-q", "--python", "3.11", str(home)],
            [uv, "pip", "install", "-q", "--python", python, *PIPECAT],
        ]
    return [[sys.executable, "-m", "venv", str(home)], [python, "-m", "pip", "install", "-q", *PIPECAT]]


def holds(runs: Sequence[Figure]) -> bool:
    """Whether the median p99 of a rung's runs keeps the limit, without loss in most of them."""
    return (
        statistics.median(run.p99_ms for run in runs) <= LIMIT_MS and statistics.median(run.lost for run in runs) == 0
    )


def decided(runs: Sequence[Figure]) -> bool:
    """Whether the runs still to come cannot change the median."""
    good = sum(run.p99_ms <= LIMIT_MS and not run.lost for run in runs)
    return len(runs) == TRIES or max(good, len(runs) - good) > TRIES / 2


def next_rung(good: int, bad: int | None, begin: int) -> int | None:
    """Sessions to try next: `good` held (0: none yet), `bad` broke (None: none yet); None at the top of the ladder."""
    if bad is None:
        rung = min(MOST, round(good * STEP) if good else begin)
        return rung if rung > good else None
    return (good + bad) // 2 if bad - good > max(2, NARROW * good) else None


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """This process (browsers and transcriber) on its core; it and the servers go before other work where allowed.

    Without that the figures of both engines are those of the other programs on the machine.
    """
    process, everywhere = psutil.Process(), list(range(psutil.cpu_count() or 1))
    process.cpu_affinity([LOAD_CORE])
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        process.cpu_affinity(everywhere)


@dataclass(frozen=True)
class Climb:
    """How far one engine came. `broke` is the least count that missed the limit; None where the ladder ended first."""

    held: int
    broke: int | None
    cpu_ms_per_session_s: tuple[float, float] | None
    """Least and most of the runs that held."""


def climb(engine: str, run: Callable[[str, int], Figure]) -> Climb:
    """More and more sessions until the limit is missed, then the gap halved; `run` measures one count."""
    good, bad = 0, None
    kept: list[Any] = []
    while (sessions := next_rung(good, bad, BEGIN[engine])) is not None:
        runs: list[Figure] = []
        while not decided(runs):
            runs.append(run(engine, sessions))
        if holds(runs):
            good, kept = sessions, [*kept, *(each.cpu_ms_per_session_s for each in runs)]
        else:
            bad = sessions
    return Climb(good, bad, (min(kept), max(kept)) if kept else None)


def measured(engine: str, sessions: int) -> Figure:
    """One run, printed."""
    figure = uvloop.run(measure(engine, sessions))
    print(json.dumps(asdict(figure)), flush=True)
    return figure


def verdict(climbs: dict[str, Climb]) -> dict[str, Any]:
    """How many sessions each engine held, and ours over each reference, with whether that one's ladder broke."""
    ours = climbs.get("ours")
    ratios = {
        engine: {"ratio": round(ours.held / each.held, 2), "reference broke": each.broke is not None}
        for engine, each in climbs.items()
        if ours and engine != "ours" and each.held
    }
    rungs = {engine: asdict(each) for engine, each in climbs.items()}
    return {"benchmark": "forwarding", "limit_ms": LIMIT_MS, "load": os.getloadavg()[0], **rungs, "ours over": ratios}


def main() -> None:
    """Prints every run, then how many sessions each engine held and the ratios."""
    engines = os.environ.get("FORWARDING_ENGINES", " ".join(BEGIN)).split()
    with prepared():
        climbs = {engine: climb(engine, measured) for engine in engines}
    print(json.dumps(verdict(climbs)))


if __name__ == "__main__":
    main()
