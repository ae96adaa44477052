"""All tests: `python -m tests`, what `make test` calls.

First everything but the browser on two processes, then the browser alone. A test that failed is run once more by
itself when the rest of its part is over: many hold a time limit on a machine that others use, too. What passes then is
named as *unsteady*, never hidden; what fails twice fails. The exit code is that of pytest.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PARTS = {
    "all but the browser": ("-n", "2", "--dist", "loadfile", "--ignore=tests/browser"),
    "browser": ("tests/browser",),
}
TESTS_FAILED = 1
AT_MOST = 12
"""More failures than this are no matter of timing: nothing is run again."""


def pytest(*arguments: str, cache: Path) -> int:
    """Runs pytest with these arguments in a process of its own, keeping the names of what failed in `cache`."""
    return subprocess.run([sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments]).returncode


def failed(cache: Path) -> list[str]:
    """The tests that failed in the last run with this cache."""
    names = cache / "v" / "cache" / "lastfailed"
    return [*json.loads(names.read_text())] if names.exists() else []


def part(name: str, arguments: tuple[str, ...], cache: Path) -> tuple[int, list[str]]:
    """Runs one part; (exit code, the tests that passed only by themselves)."""
    began = time.monotonic()
    code, names = pytest(*arguments, cache=cache), failed(cache)
    if code == TESTS_FAILED and names and len(names) <= AT_MOST:
        print(f"\n{len(names)} of {name} failed; each is run once more, by itself:", *names, sep="\n  ", flush=True)
        code = pytest("--lf", *sorted({test.partition("::")[0] for test in names}), cache=cache)
        names = sorted({*names} - {*failed(cache)})
    else:
        names = []
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return code, names


def main() -> int:
    """Runs both parts, whatever the first says."""
    with tempfile.TemporaryDirectory() as folder:
        results = [part(name, arguments, Path(folder, str(n))) for n, (name, arguments) in enumerate(PARTS.items())]
    unsteady = [test for _, tests in results for test in tests]
    if unsteady:
        print("unsteady (failed, then passed by itself; worth a look):", *unsteady, sep="\n  ")
    return max(code for code, _ in results)


if __name__ == "__main__":
    raise SystemExit(main())
