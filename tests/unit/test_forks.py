"""A fork is a process as if it had been started: arguments, variables, folder, files, signals, status, nothing else."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forks

pytestmark = pytest.mark.skipif(not forks.FORKS, reason="only Linux tells of processes by a file")
TELL = """
import json, os, sys, threading
from coach.settings import settings
print(json.dumps([sys.argv, sys.path[0], os.environ.get("MARK"), os.environ.get("HOME"), os.getcwd(), sys.stdin.read(),
    threading.active_count(), settings.cache_info().currsize, "streamlit" in sys.modules, __name__]))
print("aside", file=sys.stderr)
sys.exit(7)
"""


def test_a_fork_has_what_it_was_started_with(tmp_path: Path) -> None:
    done = forks.run(["-c", TELL, "a", "b c"], given="said", cwd=tmp_path, env={"MARK": "m"})
    assert (done.returncode, done.stderr) == (7, "aside\n")
    assert json.loads(done.stdout) == [
        ["-c", "a", "b c"], "", "m", None, str(tmp_path), "said", 1, 0, True, "__main__",
    ]  # fmt: skip


def test_a_module_is_run_as_the_interpreter_runs_it(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text("import sys; print(__name__, sys.argv); raise ValueError('no')")
    forked = forks.run(["-m", "told", "x"], cwd=tmp_path)
    cold = subprocess.run([sys.executable, "-m", "told", "x"], cwd=tmp_path, capture_output=True, text=True)
    assert (forked.stdout, forked.returncode) == (cold.stdout, cold.returncode)
    assert forked.stderr.endswith("ValueError: no\n") and forked.returncode == 1


def test_one_knows_nothing_of_another(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "COACH_HOME": str(tmp_path / "one")}
    first = forks.run(["-m", "coach", "interview", "list", "--json"], env=env)
    second = forks.run(["-m", "coach", "interview", "list", "--json"], env=env | {"COACH_HOME": str(tmp_path / "two")})
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
    waiting = [forks.Python(["-c", "input()"], stdin=subprocess.PIPE) for _ in range(2)]
    open_in_the_second = os.readlink(f"/proc/{waiting[1].pid}/fd/0")
    assert open_in_the_second not in {os.readlink(path) for path in Path(f"/proc/{waiting[0].pid}/fd").iterdir()}
    waiting[0].communicate(b"\n")
    assert waiting[1].poll() is None, "it waits for its own input"
    waiting[1].communicate(b"\n")
    assert [child.returncode for child in waiting] == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_how_it_ended_is_told(number: signal.Signals) -> None:
    child = forks.Python(["-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        child.stdout.readline()
        assert child.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.01)
        child.send_signal(number)
        assert child.wait(10) == -number and child.poll() == -number


def test_it_is_there_sooner_than_a_cold_start(tmp_path: Path) -> None:
    """In seconds of the processor, which the first fork of a process pays once."""
    words, env = ["-c", "import pages.asgi, time; print(time.process_time())"], {"PATH": os.environ["PATH"]}
    forks.run(words, cwd=forks.ROOT, env=env)
    forked = float(forks.run(words, cwd=forks.ROOT, env=env).stdout)
    cold = subprocess.run([sys.executable, *words], cwd=forks.ROOT, env=env, capture_output=True, text=True)
    assert forked < 0.2 * float(cold.stdout), (forked, cold.stdout)
