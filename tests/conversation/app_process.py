"""The real application in its own process, for tests that look at it from outside."""

import itertools
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.forks import Python

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
QUIET = {"COACH_VOICE": "browser", "COACH_TRANSCRIBER": "typed"}
"""Neither speaks nor listens by itself: the models for it would be loaded at every start, and nobody asks for them."""
START_S = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class AppProcess:
    """`make run` without the make."""

    def __init__(self, home: Path, process: Python, port: int, address: str) -> None:
        self.home, self.process, self.port, self.address = home, process, port, address

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def log(self) -> str:
        return (self.home.parent / "server.log").read_text()

    def wait(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/_stcore/health", timeout=5)
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError(f"the application did not start: {self.log[-3000:]}")


@contextmanager
def application(folder: Path, *options: str, address: str = "127.0.0.1", **settings: str) -> Iterator[AppProcess]:
    """Serves until the block ends; `settings` are environment variables, in front of `QUIET`."""
    given = dict(itertools.pairwise(options)).get("--server.port")
    home, port = folder / "home", int(given) if given else free_port()
    env = {k: v for k, v in os.environ.items() if k in KNOWN} | {"COACH_HOME": str(home)} | QUIET | settings
    command = ["-m", "streamlit", "run", "app.py", "--server.port", str(port), *options]
    with (folder / "server.log").open("ab") as log:
        process = Python(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        running = AppProcess(home, process, port, address)
        try:
            running.wait()
            yield running
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)
