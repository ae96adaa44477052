"""One fuzz target and the hunt through it: Hypothesis makes the cases, a clock of CPU time ends what does not end.

A target says which cases there are and what must hold for each. A hunt goes in rounds until its time is over; a case
that fails is made as small as it can be, kept in `.hypothesis/fuzz/NAME` and tried first by the next hunt.
"""

import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.strategies import SearchStrategy

FOUND = Path(".hypothesis/fuzz")


class TooSlowError(AssertionError):
    """A case used more CPU time than its target allows."""


@dataclass(frozen=True)
class Target:
    """`check` raises when something does not hold for a case.

    `cpu_s` is what one case may use at most, `round` how many cases come between two looks at the clock.
    """

    name: str
    cases: SearchStrategy[Any]
    check: Callable[[Any], object]
    cpu_s: float = 4.0
    round: int = 200


@dataclass
class Hunt:
    """How far a hunt came; `trouble` tells the smallest failing case, "" when none was found."""

    target: str
    cases: int = 0
    rounds: int = 0
    trouble: str = ""


def hunt(target: Target, *, first_seed: int, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> Hunt:
    """Goes through rounds of cases until the time is over or one fails."""
    made, ends = Hunt(target.name), monotonic() + seconds
    while not made.trouble and (made.rounds == 0 or monotonic() < ends):
        keep = DirectoryBasedExampleDatabase(FOUND / target.name)
        phases = (Phase.reuse, Phase.generate, Phase.shrink)
        wanted = settings(_QUIET, max_examples=target.round, database=keep, phases=phases)
        made.trouble = _round(target, wanted, made, first_seed + made.rounds)
        made.rounds += 1
    return made


def same_every_time(target: Target, cases: int) -> Hunt:
    """The first `cases` of a fixed order, for the tests: nothing random, nothing kept; a failure is told as it came."""
    made = Hunt(target.name)
    wanted = settings(_QUIET, max_examples=cases, derandomize=True, database=None, phases=(Phase.generate,))
    made.trouble = _round(target, wanted, made, None)
    made.rounds = 1
    return made


_QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)


def _round(target: Target, wanted: settings, made: Hunt, number: int | None) -> str:
    @wanted
    @given(case=target.cases)
    def one(case: Any) -> None:
        made.cases += 1
        with cpu_limit(target.cpu_s):
            target.check(case)

    try:
        (one if number is None else seed(number)(one))()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        return traceback.format_exc()
    return ""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Ends what uses more CPU time than `seconds` with `TooSlowError`; main thread only.

    CPU time, so that other programs on the machine change nothing. A step inside a C library is only ended when it
    comes back.
    """

    def over(*_: object) -> None:
        raise TooSlowError(f"more than {seconds:g} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
