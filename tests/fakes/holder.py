"""Another process of ours that has the database's file: `with holder(url) as process`. With a door, as a server has."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.forks import Python

ROOT = Path(__file__).resolve().parents[2]

_SCRIPT = """
import sys
from coach.store import SqlStore
store = SqlStore(sys.argv[1], idle_s=600)
store.upgrade()
if sys.argv[2] == "door":
    store.open_door()
print("held", flush=True)
sys.stdin.readline()
store.close()
"""

_RAW = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def holder(url: str, kind: str = "door") -> Iterator[subprocess.Popen]:
    """`kind`: `door` (a server), `closed` (a command), `raw` (a notebook with plain DuckDB; `url` is the path)."""
    command = ["-c", _RAW if kind == "raw" else _SCRIPT, url, kind]
    process = Python(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().strip() == "held"
        yield process
        if process.poll() is None:
            process.communicate("go\n", timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
