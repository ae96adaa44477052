"""kill -9 in the middle of a run: what was answered is not asked again."""

import asyncio
import os
import signal
import subprocess
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from coach.lab.runs.journal import ResponseCache, RunJournal
from coach.lab.runs.judged_scores import ScoreBook
from coach.lab.runs.looks import LookBook
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.replay import Replay
from tests import forks
from tests.fakes.evaluations import make_outcome
from tests.unit.test_lab_replay import A, B, CountingJudge, make_dataset

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HALVES = (
    b'{"of": ["k", "v", "i',
    b'{"usd": "0.0',
    b'["c0ffee", "/runs/a.jsonl", 12',
    b'{"pair": "p", "num',
    b"7",
    b"\xc3",
    b"\0" * 40,
)
"""What a crash or a full disk may leave of the last line."""

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
    command, env = ["-c", VICTIM, str(path)], {**os.environ, "PYTHONPATH": str(root)}
    with forks.Python(command, cwd=root, stdout=subprocess.PIPE, env=env) as victim:
        assert victim.stdout is not None and victim.stdout.readline() == b"now\n"
        victim.send_signal(signal.SIGKILL)
    answered = Counter(o.identity for o in RunJournal(path).outcomes())
    judge = CountingJudge()
    report = asyncio.run(Replay(make_dataset(60), [A, B], judge, RunJournal(path)).run())
    assert report.done == 120 and report.resumed == len(answered) >= 30
    again = {(name, item, repeat) for name, _, item, repeat in answered} & set(judge.calls)
    assert again == set() and sum(judge.calls.values()) == 120 - len(answered)


@pytest.mark.parametrize("half", HALVES)
def test_half_a_line_is_passed_over_and_swallows_nothing_behind_it(tmp_path: Path, half: bytes) -> None:
    """A score, what it cost, a look and where an answer stands: each is there after a crash and after what followed."""
    one, two = (make_outcome("A", A.key, f"i{n}", 0) for n in range(2))
    items = make_dataset(2).items
    scores, looks, index = (tmp_path / name for name in ("scores.jsonl", "looks.jsonl", "cache.jsonl"))
    journal = RunJournal(tmp_path / "run" / "outcomes.jsonl")

    def add(outcome: Outcome, judged: int) -> None:
        book = ScoreBook(scores)
        book.keep("prompt", outcome, 7.0)
        book.pay(Decimal("0.25"))
        LookBook(looks, lambda: NOW).take("p", judged, 200)
        cache = ResponseCache(index)
        cache.put(items[int(outcome.item_id[1:])], outcome, journal.append(outcome))
        cache.close()
        journal.close()

    add(one, 100)
    for path in (scores, looks, index, journal.path):
        with path.open("ab") as torn:
            torn.write(half)
    add(two, 150)
    book, cache = ScoreBook(scores), ResponseCache(index)
    assert [book.of("prompt", outcome) for outcome in (one, two)] == [7.0, 7.0] and book.spent_usd == Decimal("0.50")
    assert [look.judged for look in LookBook(looks, lambda: NOW).taken("p")] == [100, 150]
    assert [cache.get(A.key, item, 0) for item in items] == [one, two]
    assert [found.identity for found in journal.outcomes()] == [one.identity, two.identity]
