"""All tests: `python -m tests`, what `make test` calls.

First everything but the application in a browser, on two processes that take whole files, slow ones first; then the
browser that drives the application, which with the recogniser fills two cores by itself. A test that failed is run once
more by itself when the rest of its part is over: many hold a time limit on a machine that others use, too. What passes
then is named as *unsteady*, never hidden; what fails twice fails. The exit code is that of pytest. In the end the files
are named that cost most, in seconds of the processor (`tests/processor.py`).
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from tests import processor

TWO = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
PARTS = {
    "all but the application in a browser": (*TWO, "-m", "not application"),
    "the application in a browser": ("-m", "application", "tests/browser"),
}
TESTS_FAILED = 1
AT_MOST = 12
"""More failures than this are no matter of timing: nothing is run again."""
DEAREST = 10
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 2**30
"""Tests keep a few hundred megabytes at a time; where less than this is free they write to the disk."""


@contextlib.contextmanager
def desk() -> Iterator[Path]:
    """A folder for all that tests write, in memory where there is room: most of a database's time is the disk's."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    with tempfile.TemporaryDirectory(dir=MEMORY if roomy else None, prefix="jf") as folder:
        Path(folder).chmod(0o755)  # a database server runs as another user
        yield Path(folder)


def pytest(*arguments: str, at: Path) -> int:
    """Runs pytest in a process of its own; `at` keeps the names of what failed, what is written, and the times.

    Bytecode is kept whatever the environment says: tests start hundreds of processes, and each would compile anew.
    """
    written = at / "t"  # short: a socket's address may have 107 characters
    written.mkdir(parents=True, exist_ok=True)
    options = (
        "--basetemp",
        str(at / "b"),
        "-o",
        f"cache_dir={at / 'cache'}",
        "-o",
        "junit_family=xunit1",
        "--junitxml",
        str(at / "times.xml"),
    )
    command = [sys.executable, "-m", "pytest", *options, *arguments]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, env=kept | {"TMPDIR": str(written)}).returncode


def failed(at: Path) -> list[str]:
    """The tests that failed in the last run there."""
    names = at / "cache" / "v" / "cache" / "lastfailed"
    return [*json.loads(names.read_text())] if names.exists() else []


def cost(times: Path) -> dict[str, tuple[float, float]]:
    """By file, fixtures included: (seconds of the processor, seconds on the clock)."""
    total: dict[str, tuple[float, float]] = {}
    for case in ElementTree.parse(times).iter("testcase") if times.exists() else ():
        used = [float(each.get("value", 0)) for each in case.iter("property") if each.get("name") == processor.NAME]
        file = case.get("file", "?")
        before = total.get(file, (0.0, 0.0))
        total[file] = before[0] + sum(used), before[1] + float(case.get("time", 0))
    return total


def part(name: str, arguments: tuple[str, ...], at: Path) -> tuple[int, list[str], dict[str, tuple[float, float]]]:
    """Runs one part; (exit code, the tests that passed only by themselves, cost by file)."""
    began = time.monotonic()
    code, names, times = pytest(*arguments, at=at), failed(at), cost(at / "times.xml")
    if code == TESTS_FAILED and names and len(names) <= AT_MOST:
        print(f"\n{len(names)} of {name} failed; each is run once more, by itself:", *names, sep="\n  ", flush=True)
        code = pytest("--lf", *sorted({test.partition("::")[0] for test in names}), at=at)
        names = sorted({*names} - {*failed(at)})
    else:
        names = []
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return code, names, times


def main() -> int:
    """Runs both parts, whatever the first says."""
    with desk() as folder:
        results = [part(name, arguments, folder / str(n)) for n, (name, arguments) in enumerate(PARTS.items())]
    costs = {file: each for _, _, times in results for file, each in times.items()}
    used = sum(each for each, _ in costs.values())
    print(f"{used:.0f} s of the processor; the {DEAREST} dearest files (and seconds on the clock):")
    for file in sorted(costs, key=lambda each: -costs[each][0])[:DEAREST]:
        print(f"  {costs[file][0]:5.0f} s ({costs[file][1]:4.0f} s)  {file}")
    unsteady = [test for _, tests, _ in results for test in tests]
    if unsteady:
        print("unsteady (failed, then passed by itself; worth a look):", *unsteady, sep="\n  ")
    return max(code for code, _, _ in results)


if __name__ == "__main__":
    raise SystemExit(main())
