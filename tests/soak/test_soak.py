"""The short forms of `make soak`: three people, every vendor call in four goes wrong, nothing left, nothing unpaid.

Three minutes with ten people are in `make test-long`, or as many as `SOAK_MINUTES` says, at most ten (a test's time
ends). Memory needs longer than the shortest form to be judged.
"""

import os
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.long import LONG
from tests.soak.run import FILLS_S, STALLED, Plan, Report, Sample, judge, soak
from tests.soak.vendors import Counts

SHORT = Plan(
    minutes=0.05, people=3, seed=5, share=0.25, slow=False, judge_memory=False, speaks_s=(0.6, 1.2), questions=(1,)
)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_interviews_going_round_with_faults_leave_nothing_behind(tmp_path):
    minutes = float(os.environ.get("SOAK_MINUTES") or (3 if LONG else 0))
    report = await soak(replace(Plan(), minutes=minutes) if minutes else SHORT, tmp_path)
    assert report.troubles == []
    assert report.tally["interviews"] >= 6 and report.counts.faults.total() >= 3
    assert report.counts.live_s > 3 and report.counts.tokens["input"] > 5000


def report_of(rss_mb: list[float], *, quiet: Any = (9, 9), stalls: Any = 0, **ledger: Any) -> Report:
    counts = Counts(live_s=20.0, batch_s=5.0, characters=50, tokens=Counter(input=100, cached_input=7, output=30))
    counts.faults[STALLED] = stalls
    told = {"nova-3.live": 20.0, "nova-3.batch": 5.0, "aura-2.characters": 50, "guessed calls": 0}
    told |= {"gpt-test-1.input": 100, "gpt-test-1.cached_input": 7, "gpt-test-1.output": 30}
    quiets = [Sample(at, 400, tasks, 30, 6, 0) for at, tasks in zip((100.0, 1000.0), quiet, strict=True)]
    samples = [Sample(101 + FILLS_S + n, rss, 50, 60, 20, 5) for n, rss in enumerate(rss_mb)]
    return Report(Plan(), samples, quiets, Counter(interviews=2), counts, {**told, **ledger})


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (report_of([400.0] * 20), ""),
        (report_of([400.0 + n for n in range(20)]), ""),
        (report_of([400.0 + 3 * n for n in range(20)]), "memory"),
        (report_of([400.0] * 20, quiet=(9, 13)), "tasks"),
        (report_of([400.0] * 20, **{"gpt-test-1.output": 29}), "output tokens"),
        (report_of([400.0] * 20, **{"nova-3.live": 19.0}), "live"),
        (report_of([400.0] * 20, **{"nova-3.live": 26.0}), "live"),
        (report_of([400.0] * 20, stalls=1, **{"nova-3.live": 26.0}), ""),
        (report_of([400.0] * 20, **{"nova-3.batch": 10.0}), "recordings"),
        (report_of([400.0] * 20, **{"guessed calls": 1}), "guessed"),
    ],
)
def test_what_grows_or_is_not_paid_is_told(made, word):
    judge(made)
    assert bool(made.troubles) == bool(word)
    assert all(word in trouble for trouble in made.troubles), made.troubles
