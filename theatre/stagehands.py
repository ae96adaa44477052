"""Those who make things happen to the process: whoever holds the database for a while."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

_HOLDER = """
import pathlib, sys, time, duckdb
path = pathlib.Path(sys.argv[1])
waiting = path.with_name(path.name + ".waiting")
print("ready", flush=True)
while sys.stdin.readline():
    while True:
        waiting.touch()
        try:
            held = duckdb.connect(str(path))
            break
        except duckdb.IOException:
            time.sleep(0.01)
    waiting.unlink(missing_ok=True)
    print("held", flush=True)
    sys.stdin.readline()
    held.close()
    print("free", flush=True)
"""


class Holder:
    """Another program that takes the database file when told, keeps it without a door, and gives it back."""

    def __init__(self, database: Path) -> None:
        command = [sys.executable, "-c", _HOLDER, str(database)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("ready")

    def __enter__(self) -> "Holder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def take(self) -> None:
        """Waits politely for the file and has it then (blocking)."""
        self._tell()
        self._expect("held")

    def give_back(self) -> None:
        """Lets go of it (blocking)."""
        self._tell()
        self._expect("free")

    def _tell(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("now\n")
        self._process.stdin.flush()

    def _expect(self, word: str) -> None:
        assert self._process.stdout
        said = self._process.stdout.readline().strip()
        assert said == word, f"the holder said {said!r}"
