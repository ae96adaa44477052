"""`make fuzz`: every target in a process of its own, two at a time, until the minutes are over.

    python -m tests.fuzz [--minutes 15] [--target NAME …] [--seed N]

A process that dies (a crash in a C library) is a finding too. Exit 1 when anything was found; the same `--seed` goes
the same way again.
"""

import argparse
import faulthandler
import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.fuzz.engine import Hunt, hunt
from tests.fuzz.targets import TARGETS

AT_A_TIME = 2
PATIENCE_S = 420.0
"""How much longer than its share a process may take: its last round and the shrinking of what it found."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the targets; 1 when one of them found something."""
    asked = _parser().parse_args(arguments)
    first = asked.seed if asked.seed is not None else random.SystemRandom().randrange(2**31)
    names = asked.target or sorted(TARGETS)
    if asked.alone:
        faulthandler.enable()
        print(json.dumps(vars(hunt(TARGETS[names[0]], first_seed=first, seconds=asked.minutes * 60))))
        return 0
    at_a_time = min(AT_A_TIME, len(names))
    share_s = asked.minutes * 60 * at_a_time / len(names)
    print(f"{len(names)} targets, {share_s:.0f} s each, seed {first}", flush=True)
    with ThreadPoolExecutor(at_a_time) as pool:
        hunts = list(pool.map(lambda name: _told(_apart(name, share_s, first)), names))
    return 1 if any(each.trouble for each in hunts) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Searches for input that breaks a part.")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("FUZZ_MINUTES") or 15))
    parser.add_argument("--target", action="append", choices=sorted(TARGETS))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    return parser


def _apart(name: str, seconds: float, first: int) -> Hunt:
    """One target in its own process; what kills it is its trouble."""
    limits = ["--minutes", str(seconds / 60), "--seed", str(first)]
    command = [sys.executable, "-m", "tests.fuzz", "--alone", "--target", name, *limits]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + PATIENCE_S)
    except subprocess.TimeoutExpired:
        return Hunt(name, trouble=f"A case never ended; the last one is in .hypothesis/fuzz (seed {first}).")
    last = (ran.stdout.strip().splitlines() or [""])[-1]
    if ran.returncode or not last.startswith("{"):
        return Hunt(name, trouble=f"The process ended with {ran.returncode} (seed {first}).\n{ran.stderr[-6000:]}")
    return Hunt(**json.loads(last))


def _told(found: Hunt) -> Hunt:
    verdict = "FOUND" if found.trouble else "nothing found"
    print(f"{found.target:<12} {found.cases:>9,} cases  {verdict}\n{found.trouble}".rstrip(), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
