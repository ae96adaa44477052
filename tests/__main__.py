"""All tests: `python -m tests`, what `make test` calls.

Two parts at once: the browser that drives the application, which mostly waits for speech to be spoken, and everything
else on two processes that take whole files, slow ones first, and that stand back where the browser needs the machine.
A test that failed is run once more by itself when all others are over: many hold a time limit on a machine that
others use, too. What passes then is named as *unsteady*, never hidden; what fails twice fails, with pytest's exit code.
In the end the files are named that cost most, in seconds of the processor (`tests/processor.py`).
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from tests import processor

STAND_BACK = ("nice", "-n", "10")
TWO = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
ALL_BUT, BROWSER = "all but the application in a browser", "the application in a browser"
PARTS = {ALL_BUT: (*TWO, "-m", "not application"), BROWSER: ("-m", "application", "tests/browser")}
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


def pytest(*arguments: str, at: Path, before: tuple[str, ...] = (), told: IO[str] | None = None) -> int:
    """Runs pytest in a process of its own; `at` keeps the names of what failed, what is written, and the times.

    What it prints goes to `told`, where that is given.

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
    command = [*before, sys.executable, "-m", "pytest", *options, *arguments]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, env=kept | {"TMPDIR": str(written)}, stdout=told).returncode


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


def first(name: str, at: Path) -> int:
    """Runs one part while the other runs; what the browser's prints is told when it is over."""
    began = time.monotonic()
    aside = STAND_BACK if name == ALL_BUT and shutil.which(STAND_BACK[0]) else ()
    at.mkdir()
    with (at / "told").open("w+") as told:
        code = pytest(*PARTS[name], at=at, before=aside, told=told if name == BROWSER else None)
        told.seek(0)
        print(f"{told.read()}\n{name}: {time.monotonic() - began:.0f} s", flush=True)
    return code


def again(name: str, code: int, at: Path) -> tuple[int, list[str]]:
    """Runs once more what failed, by itself; (exit code, the tests that passed only now)."""
    names = failed(at)
    if code != TESTS_FAILED or not names or len(names) > AT_MOST:
        return code, []
    print(f"\n{len(names)} of {name} failed; each is run once more, by itself:", *names, sep="\n  ", flush=True)
    code = pytest("--lf", *sorted({test.partition("::")[0] for test in names}), at=at)
    return code, sorted({*names} - {*failed(at)})


def main() -> int:
    """Runs both parts, whatever either says."""
    with desk() as folder, ThreadPoolExecutor(len(PARTS)) as pool:
        places = {name: folder / str(n) for n, name in enumerate(PARTS)}
        codes = dict(zip(PARTS, pool.map(lambda name: first(name, places[name]), PARTS), strict=True))
        costs = {file: each for at in places.values() for file, each in cost(at / "times.xml").items()}
        results = [again(name, codes[name], at) for name, at in places.items()]
    tell(costs)
    unsteady = [test for _, tests in results for test in tests]
    if unsteady:
        print("unsteady (failed, then passed by itself; worth a look):", *unsteady, sep="\n  ")
    return max(code for code, _ in results)


def tell(costs: dict[str, tuple[float, float]]) -> None:
    """What all files cost, and the dearest."""
    used = sum(each for each, _ in costs.values())
    print(f"{used:.0f} s of the processor; the {DEAREST} dearest files (and seconds on the clock):")
    for file in sorted(costs, key=lambda each: -costs[each][0])[:DEAREST]:
        print(f"  {costs[file][0]:5.0f} s ({costs[file][1]:4.0f} s)  {file}")


if __name__ == "__main__":
    raise SystemExit(main())
