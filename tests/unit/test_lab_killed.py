"""kill -9 in the middle of a run: what was answered is not asked again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from coach.lab.runs.journal import RunJournal
from coach.lab.runs.replay import Replay
from tests.unit.test_lab_replay import A, B, CountingJudge, make_dataset

VICTIM = """
import asyncio, sys
from pathlib import Path
from coach.lab.runs.journal import RunJournal
from coach.lab.runs.replay import Replay
from tests.unit.test_lab_replay import A, B, CountingJudge, make_dataset

class Slow(CountingJudge):
    async def __call__(self, variant, item, repeat):
        outcome = await super().__call__(variant, item, repeat)
        if sum(self.calls.values()) == 57:
            print("now", flush=True)
            await asyncio.sleep(3600)
        return outcome

asyncio.run(Replay(make_dataset(60), [A, B], Slow(), RunJournal(Path(sys.argv[1]))).run())
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path, root = tmp_path / "run.jsonl", Path(__file__).resolve().parents[2]
    command, env = [sys.executable, "-c", VICTIM, str(path)], {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, env=env) as victim:
        assert victim.stdout is not None and victim.stdout.readline() == b"now\n"
        victim.send_signal(signal.SIGKILL)
    answered = Counter(o.identity for o in RunJournal(path).outcomes())
    judge = CountingJudge()
    report = asyncio.run(Replay(make_dataset(60), [A, B], judge, RunJournal(path)).run())
    assert report.done == 120 and report.resumed == len(answered) >= 30
    again = {(name, item, repeat) for name, _, item, repeat in answered} & set(judge.calls)
    assert again == set() and sum(judge.calls.values()) == 120 - len(answered)
