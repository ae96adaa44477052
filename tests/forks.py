"""Python processes that begin as forks of one which has imported what the product imports: in a tenth of a second.

`Python(["-m", "coach", …], …)` is a `subprocess.Popen` of `python -m coach …`, `run` the like of `subprocess.run`. Each
process has the arguments, variables, folder, standard files, signals, exit status and end of one of its own; what it
imports is there already, and nothing of it has run: no thread, no setting read. Where the start itself is the point
(`tests/deployment`, `test_commands_contract`, `test_quick_start`) it is a cold one, and so is that of every process
which the product starts by itself. Without Linux's `pidfd_open` all are.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV"}
FORKS = hasattr(os, "pidfd_open")
LARGEST = 1 << 17
"""Bytes of a request: arguments and variables."""
WORD = 4
IMPORTED = (
    "pages.asgi",
    "streamlit.web.cli",
    "streamlit.web.bootstrap",
    "streamlit.starlette",
    "streamlit.runtime",
    "aiortc",
    "alembic.command",
    "coach.audio.archive",
    "coach.brain.offline.coach",
    "coach.brain.planning.job_parser",
    "coach.brain.planning.planner",
    "coach.interview.headless",
    "coach.lab.promotion",
    "coach.speech.recorded",
    "coach.speech.voice.clips",
    "coach.speech.whisper.recogniser",
    "coach.store.fleet.fleet",
    "coach.store.maintenance.health",
    "coach.store.maintenance.transfer",
    "coach.store.repositories.interviews",
    "coach.views.sessions",
    "duckdb_engine",
    "fsspec.core",
    "ijson",
    "openai",
    "pandas",
    "plotly.graph_objects",
    "psycopg",
    "rapidfuzz.fuzz",
    "scipy.optimize",
    "scipy.stats",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvloop",
)
"""Beside every command: what takes long to import, starts no thread and asks for no setting while it is imported."""
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Libraries start no thread beside the first: a fork has only the one that forked."""


class Python(subprocess.Popen[Any]):
    """`python` with these arguments: `-m MODULE …` or `-c CODE …`; the rest is `subprocess.Popen`'s."""

    def __init__(self, arguments: Sequence[str | os.PathLike[str]], **how: Any) -> None:
        self._told: socket.socket | None = None
        super().__init__([sys.executable, *map(str, arguments)], **how)

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *more) -> None:
        """What `subprocess` calls to start the process."""
        if not FORKS or pass_fds or preexec_fn:
            return super()._execute_child(args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *more)  # type: ignore[misc]
        ends = more[3:9]  # behind three of other systems: both ends of stdin, stdout, stderr
        its = (ends[0], ends[3], ends[5])
        asked = {
            "arguments": args[1:],
            "cwd": os.fspath(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
        }
        self._told, far = socket.socketpair()
        with far:
            given = [end if end >= 0 else number for number, end in enumerate(its)]
            socket.send_fds(stem(), [json.dumps(asked).encode()], [*given, far.fileno()])
        self.pid = int.from_bytes(self._told.recv(WORD, socket.MSG_WAITALL), "big")
        assert self.pid, "the process that forks has ended"
        self._child_created = True
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]
        return None

    def _internal_poll(self, _deadstate: int | None = None, **_: Any) -> int | None:
        if self._told is None:
            return super()._internal_poll(_deadstate)  # type: ignore[misc]
        if self.returncode is None and self._waitpid_lock.acquire(False):  # type: ignore[attr-defined]
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid and self.returncode is None:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
            except OSError:
                self.returncode = _deadstate  # nobody held on to it, and the line is closed
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """`os.waitpid`, which only the parent may call, by what the parent tells."""
        if self._told is None:
            return super()._try_wait(wait_flags)  # type: ignore[misc]
        try:
            self._told.setblocking(not wait_flags & os.WNOHANG)
            said = self._told.recv(WORD)
        except BlockingIOError:
            return 0, 0
        self._told.close()
        return self.pid, int.from_bytes(said, "big") if said else signal.SIGKILL


def run(
    arguments: Sequence[str | os.PathLike[str]], *, given: str | None = None, timeout: float | None = None, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end, with `given` on its standard input; what it said is kept as text."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with Python(arguments, **pipes | how) as process:
        try:
            out, err = process.communicate(given, timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def started(command: Sequence[str], **how: Any) -> Python:
    """`subprocess.Popen` for code that starts `sys.executable` itself, and is handed this instead by its test."""
    assert command[0] == sys.executable
    return Python(command[1:], **how)


@functools.cache
def stem() -> socket.socket:
    """The line to the process that forks; it ends when this one does. What it is told travels with open files."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    known = {name: os.environ[name] for name in KNOWN & {*os.environ}}
    with far:
        subprocess.Popen(
            [sys.executable, "-m", "tests.forks", str(far.fileno())],
            cwd=ROOT, env=known | ALONE,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[far.fileno()],
        )  # fmt: skip
    return near


def _grow() -> None:
    """Imports everything; a library that starts a thread on the way would be broken in every fork."""
    from coach.cli import COMMANDS
    from coach.settings import settings

    for name in (*IMPORTED, *(place.partition(":")[0] for place in COMMANDS.values())):
        importlib.import_module(name)
    tasks = Path("/proc/self/task")
    assert threading.active_count() == 1 and len([*tasks.iterdir()]) == 1, threading.enumerate()
    assert settings.cache_info().currsize == 0, "a setting was read while importing"
    gc.collect()
    gc.freeze()


def _fork(line: socket.socket) -> dict[str, Any]:
    """Forks whenever asked, and tells how each ended; returns only in a fork: what it shall be."""
    look = selectors.DefaultSelector()
    look.register(line, selectors.EVENT_READ)
    running: dict[int, tuple[int, socket.socket]] = {}
    while True:
        for key, _ in look.select():
            if key.fd in running:
                look.unregister(key.fd)
                pid, told = running.pop(key.fd)
                os.close(key.fd)
                with told, suppress(OSError):
                    told.send(os.waitpid(pid, 0)[1].to_bytes(WORD, "big"))
                continue
            body, ends, _, _ = socket.recv_fds(line, LARGEST, 4)
            if not body:
                os._exit(0)
            told = socket.socket(fileno=ends[3])
            pid = os.fork()
            if not pid:
                look.close()
                for pidfd, (_, other) in running.items():
                    os.close(pidfd)
                    other.close()
                _stand_on(ends[:3])
                with told:
                    told.send(os.getpid().to_bytes(WORD, "big"))
                return dict(json.loads(body))
            for end in ends[:3]:
                os.close(end)
            running[pidfd := os.pidfd_open(pid)] = pid, told
            look.register(pidfd, selectors.EVENT_READ)


def _stand_on(ends: Sequence[int]) -> None:
    """Makes these the standard files."""
    for number, end in enumerate(ends):
        os.dup2(end, number)
        os.close(end)


def _become(arguments: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
    """What the interpreter does with its arguments."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    how, what, *rest = arguments
    sys.argv = [how, *rest]
    sys.path[0:1] = ["" if how == "-c" else cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    if how == "-c":
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    else:
        runpy.run_module(what, run_name="__main__", alter_sys=True)


def _end(error: BaseException | None) -> None:
    """What the interpreter does at the end, but it leaves what was imported as it is: taking it apart is slow."""
    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    elif error:
        status = 1
        sys.excepthook(type(error), error, error.__traceback__)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if isinstance(error, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status & 0xFF)


def main() -> None:
    """Serves until whoever asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as line:
        _grow()
        asked = _fork(line)
    try:
        _become(**asked)
    except BaseException as error:
        _end(error)
    _end(None)


if __name__ == "__main__":
    main()
