"""Looks at a run that is not complete: every one is written down and spends some of the error that may be made.

How much of the plan is there is the information fraction (answers both variants judged, of those planned). The boundary
of a look follows from it and from the looks before (`coach.lab.statistics.sequential`); a comparison then keeps the
level that belongs to the boundary (the significance level approach of group-sequential tests, Jennison & Turnbull
2000, section 3.3): its intervals are wider and its p-value has to be smaller. Whoever looks once, at the end, loses
nothing.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import scipy
from filelock import FileLock
from pydantic import ValidationError

from coach.contracts.base import Record
from coach.lab.runs.appending import append_line
from coach.lab.runs.dataset import Dataset
from coach.lab.runs.outcome import Outcome
from coach.lab.statistics.sequential import MOST_LOOKS, boundaries

ALPHA = 0.05
EARLIEST = 0.2
"""Before a fifth of the plan no effect worth having crosses its boundary (|z| of 4.9)."""
STEP = 0.05
"""Looks nearer to each other than this share of the plan tell nothing new."""


class Look(Record):
    """One look at a comparison.

    Attributes:
        number: 1 for the first.
        judged, planned: answers.
        boundary: what |z| has to reach.
        alpha: two-sided level that belongs to it.
        closed: why nothing may be decided by this look; empty for one that counts.
        unseen: it is only what a look now would be; nobody took it.
    """

    pair: str
    number: int
    judged: int
    planned: int
    boundary: float
    alpha: float
    at: datetime
    closed: str = ""
    unseen: bool = False

    @property
    def fraction(self) -> float:
        """Share of the plan that is there."""
        return self.judged / self.planned

    @property
    def sentence(self) -> str:
        """The look in words; empty for one and only look, at the end."""
        if self.closed:
            return self.closed
        if self.number == 1 and self.judged == self.planned:
            return ""
        return (
            f"Look {self.number} at {self.judged} of {self.planned}: the difference has to be {self.boundary:.2f} "
            f"standard errors (p below {self.alpha:.2g}); intervals are {1 - self.alpha:.2%}."
        )


class LookBook:
    """The looks at the comparisons of one run, in a file beside it."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Keeps them at `path`."""
        self._path, self._clock = path, clock

    def taken(self, pair: str) -> list[Look]:
        """The looks at one comparison, in order."""
        found: list[Look] = []
        for line in self._path.read_bytes().splitlines() if self._path.exists() else []:
            try:
                look = Look.model_validate_json(line)
            except ValidationError:
                continue
            found += [look] if look.pair == pair else []
        return found

    def standing(self, pair: str, judged: int, planned: int) -> Look:
        """The look this would be; one that was taken at the same size is that look. Nothing is written."""
        return standing(self.taken(pair), pair, judged, planned, self._clock())

    def take(self, pair: str, judged: int, planned: int) -> Look:
        """Looks, and writes it down unless it was taken before or decides nothing. Two at once are one look."""
        if not self._path.parent.exists() or (judged == planned and not self.taken(pair)):
            return self.standing(pair, judged, planned)
        with FileLock(f"{self._path}.lock"):
            look = self.standing(pair, judged, planned)
            if not look.closed and look not in self.taken(pair):
                append_line(self._path, look.model_dump_json())
            return look


def standing(earlier: Sequence[Look], pair: str, judged: int, planned: int, at: datetime) -> Look:
    """The look at `judged` of `planned` after `earlier` ones; one of the same size is the earlier one itself."""
    same = next((look for look in earlier if look.judged == judged), None)
    if same:
        return same
    before = [look.judged / planned for look in earlier if look.judged < judged]
    closed = _closed(before, judged, planned)
    if closed:
        return Look(
            pair=pair, number=len(before) + 1, judged=judged, planned=planned, boundary=9.0, alpha=1e-4, at=at,
            closed=closed,
        )  # fmt: skip
    boundary = boundaries([*before, judged / planned], ALPHA)[-1]
    alpha = ALPHA if not before and judged == planned else float(2 * scipy.stats.norm.sf(boundary))
    return Look(
        pair=pair, number=len(before) + 1, judged=judged, planned=planned, boundary=boundary, alpha=alpha, at=at
    )


def _closed(before: Sequence[float], judged: int, planned: int) -> str:
    if judged >= planned:
        return ""
    if len(before) >= MOST_LOOKS - 1:
        return f"All {MOST_LOOKS - 1} looks before the end are used: it is decided when the run is complete."
    earliest = round(max(EARLIEST, before[-1] + STEP if before else 0) * planned + 0.5)
    if judged < earliest:
        return f"{judged} of {planned} answers are judged: the next look is worth something from {earliest} on."
    return ""


def judged_by_both(outcomes: Sequence[Outcome], data: Dataset, a: str, b: str, repeats: int) -> int:
    """Answers with all their calls in both variants; a call the provider failed was made."""
    counts: dict[tuple[str, str], int] = {}
    for outcome in outcomes:
        counts[outcome.variant, outcome.item_id] = counts.get((outcome.variant, outcome.item_id), 0) + 1
    return sum(all(counts.get((name, item.id), 0) >= repeats for name in (a, b)) for item in data.items)
