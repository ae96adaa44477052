"""`make soak`: `python -m tests.soak [--minutes 60] [--people 10] [--seed N] [--share 0.15]`; 1 when something grew."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.soak.run import Plan, load, soak


def main(arguments: list[str] | None = None) -> int:
    """Runs it and tells what was measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES") or 60))
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.15)
    parser.add_argument("--folder", type=Path, help="where home and log are kept; else they go")
    asked = parser.parse_args(arguments)
    plan = Plan(asked.minutes, asked.people, asked.seed, asked.share)
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.folder or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(soak(plan, folder, lambda text: print(text, flush=True)))
    first, last = report.memory_mb
    print(f"\n{plan}, {load()}")
    print(f"happened: {dict(sorted(report.tally.items()))}")
    print(f"faults: {dict(sorted(report.counts.faults.items()))}")
    print(f"memory: {first:.0f} MB, then {last:.0f} MB ({(last / first - 1) * 100 if first else 0:+.1f} %)")
    print(f"quiet before {report.quiet[0]}\n      after  {report.quiet[-1]}")
    print(f"ledger:  {report.ledger}\nvendors: {report.counts}")
    print("\n".join(f"TROUBLE {each}" for each in report.troubles) or "everything held")
    return 1 if report.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
