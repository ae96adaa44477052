"""Two groups of practice side by side: shares and means per session or question, with what people make uncertain.

Sessions of one person resemble each other, so people are the unit. A share or mean is a ratio of sums; each person's
pull on the difference of two ratios is linear in first order, and the difference varies as those pulls do (Taylor
linearisation of a ratio estimator, Cochran 1977, *Sampling Techniques*, section 6.4), also where people stand in both
groups. The interval is a t interval with one degree of freedom less than the smaller group has people.

Where each group is one person, the interval is about that practice alone: sessions are the unit, shares are compared
after Newcombe (1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), means after Welch.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

FEWEST_PEOPLE = 8
"""In each group. Simulated coverage of the 95 % interval (400 runs, people of 3-20 sessions who differ): 0.97 for
shares and 0.95 for gains with 8 people, 0.96 and 0.95 with 30; below, one unusual person makes the verdict."""
FEWEST_UNITS = 20
"""Sessions (questions, for gains) of each group where both are one person."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: the sum of one column over the sum of another."""

    name: str
    above: str
    below: str
    squares: str = ""
    """Column with the sum of squares, for means; empty for shares."""


MEASURES = (
    Measure("completed", "completed", "started"),
    Measure("retried", "retried", "started"),
    Measure("saved", "saved", "started"),
    Measure("gain", "gain_sum", "gains", "gain_squares"),
)


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """A minus B on one measure; without interval where few people say nothing.

    Attributes:
        measure: of `MEASURES`.
        a, b: the values; None where nothing was counted.
        estimate: a minus b.
        low, high: 95 % interval; None where there are too few.
        people_a, people_b: who stands behind the values.
        units_a, units_b: sessions, or questions for the gain.
    """

    measure: str
    a: float | None
    b: float | None
    estimate: float | None
    low: float | None
    high: float | None
    people_a: int
    people_b: int
    units_a: int
    units_b: int

    @property
    def told(self) -> bool:
        """Whether the interval leaves no difference out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def compare_groups(a: pd.DataFrame, b: pd.DataFrame) -> list[GroupDifference]:
    """Every measure of two groups.

    Args:
        a: one row per person, `user_id` and the sums of `coach.store.repositories.cohorts`.
        b: likewise; people may stand in both.
    """
    return [_difference(measure, a, b) for measure in MEASURES]


def _difference(measure: Measure, a: pd.DataFrame, b: pd.DataFrame) -> GroupDifference:
    a, b = a[a[measure.below] > 0], b[b[measure.below] > 0]
    values = [_ratio(measure, each) for each in (a, b)]
    units = [int(each[measure.below].sum()) for each in (a, b)]
    estimate = None if values[0] is None or values[1] is None else values[0] - values[1]
    interval = None if estimate is None else _interval(measure, a, b, estimate)
    low, high = interval or (None, None)
    return GroupDifference(measure.name, values[0], values[1], estimate, low, high, len(a), len(b), units[0], units[1])


def _ratio(measure: Measure, group: pd.DataFrame) -> float | None:
    below = float(group[measure.below].sum())
    return float(group[measure.above].sum()) / below if below else None


def _interval(measure: Measure, a: pd.DataFrame, b: pd.DataFrame, estimate: float) -> tuple[float, float] | None:
    if len(a) == len(b) == 1:
        return _of_two_people(measure, a.iloc[0], b.iloc[0], estimate)
    if min(len(a), len(b)) < FEWEST_PEOPLE:
        return None
    pulls = _pulls(measure, a).sub(_pulls(measure, b), fill_value=0.0).to_numpy(float)
    variance = float((pulls**2).sum()) * len(pulls) / (len(pulls) - 1)
    half = float(scipy.stats.t.ppf(0.975, min(len(a), len(b)) - 1)) * math.sqrt(variance)
    return estimate - half, estimate + half


def _pulls(measure: Measure, group: pd.DataFrame) -> pd.Series:
    """By person, how far they pull the group's value."""
    below = group.set_index("user_id")[measure.below].astype(float)
    above = group.set_index("user_id")[measure.above].astype(float)
    return (above - above.sum() / below.sum() * below) / below.sum()


def _of_two_people(measure: Measure, a: pd.Series, b: pd.Series, estimate: float) -> tuple[float, float] | None:
    counts = [float(each[measure.below]) for each in (a, b)]
    if min(counts) < FEWEST_UNITS:
        return None
    if not measure.squares:
        from statsmodels.stats.proportion import confint_proportions_2indep

        hits = [float(each[measure.above]) for each in (a, b)]
        low, high = confint_proportions_2indep(hits[0], counts[0], hits[1], counts[1], method="newcomb")
        return float(low), float(high)
    parts = [_variance(measure, each) / float(each[measure.below]) for each in (a, b)]
    total = sum(parts)
    if total == 0:
        return estimate, estimate
    degrees = total**2 / sum(part**2 / (n - 1) for part, n in zip(parts, counts, strict=True))
    half = float(scipy.stats.t.ppf(0.975, degrees)) * math.sqrt(total)
    return estimate - half, estimate + half


def _variance(measure: Measure, person: pd.Series) -> float:
    return _variance_of(*(float(person[name]) for name in (measure.below, measure.above, measure.squares)))


def _variance_of(n: float, total: float, squares: float) -> float:
    """The variance of `n` values with this sum and sum of squares."""
    return max(0.0, (squares - total**2 / n) / (n - 1))


def mean_interval(group: pd.DataFrame) -> tuple[float, float] | None:
    """95 % interval of a group's mean gain; None with few people, or few questions of one person."""
    measure = MEASURES[-1]
    n, total, squares = (group[name].to_numpy(float) for name in (measure.below, measure.above, measure.squares))
    n, total, squares = n[n > 0], total[n > 0], squares[n > 0]
    if not len(n):
        return None
    mean = float(total.sum() / n.sum())
    if len(n) == 1:
        variance = _variance_of(n[0], total[0], squares[0]) if n[0] >= FEWEST_UNITS else math.nan
        se, degrees = math.sqrt(variance / n[0]), n[0] - 1
    else:
        pulls = (total - mean * n) / n.sum()
        enough = len(pulls) >= FEWEST_PEOPLE
        se = math.sqrt(float((pulls**2).sum()) * len(pulls) / (len(pulls) - 1)) if enough else math.nan
        degrees = len(pulls) - 1.0
    half = float(scipy.stats.t.ppf(0.975, degrees)) * se if degrees > 0 else math.nan
    return None if np.isnan(half) else (mean - half, mean + half)
