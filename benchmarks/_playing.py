"""What the interview benchmarks share: processes on free ports, hubs on real disks, clients that answer on and on."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from coach.audio.archive import AudioArchive
from coach.avatar.drawn import DrawnAvatar
from coach.interview import defaults
from coach.interview.dependencies import Dependencies, InterviewTiming
from coach.interview.service import InterviewService
from coach.store import open_store
from tests.fakes import vendors

REAL = InterviewTiming(min_display_s=0.8, restart_every_s=0)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(module: str, *arguments: object, ready: str = "/figures") -> Iterator[str]:
    """`python -m module PORT …` until the block ends; gives its base URL."""
    port = free_port()
    command = [sys.executable, "-m", module, str(port), *map(str, arguments)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(url + ready)
                break
            time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(10)


def hub_on(home: Path, **changes: Any) -> InterviewService:
    """A hub on a real database and real recordings with a transcriber that answers at once."""
    parts: dict[str, Any] = {
        "store": open_store(f"duckdb:///{home / 'coach.duckdb'}"),
        "transcriber": vendors.FakeTranscriber(),
        "brain": vendors.FakeBrain(),
        "avatar": DrawnAvatar(),
        "archive": AudioArchive(str(home / "audio")),
        "journal_dir": home / "journal",
        "ear": defaults.ear,
        "timing": REAL,
    }
    return InterviewService(Dependencies(**(parts | changes)))


def percentiles(values: Sequence[float], *which: float) -> list[float]:
    """Percentiles, two decimals."""
    return [round(float(np.percentile(values, q)), 2) for q in which] if len(values) else [0.0] * len(which)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)
