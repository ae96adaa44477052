"""Figures of bundles in use: a mean per answer with its interval, persons as clusters.

The mean over answers is a ratio of person sums; its variance is that of the linearised ratio over persons
(Cochran 1977, Sampling Techniques, 6.3), with G/(G-1) and t at G-1 degrees of freedom. A change between two spans is
judged with Welch's degrees of freedom; a person seen in both makes its interval wider than need be, never narrower
where their answers resemble each other.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import scipy

from coach.store.repositories.watch import PersonDay


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean per answer of one metric: `variance` of the mean, `answers` and `people` behind it."""

    value: float
    variance: float
    answers: int
    people: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Both ends; the value itself where fewer than two people stand behind it."""
        if self.people < 2:
            return self.value, self.value
        half = float(scipy.stats.t.ppf(0.5 + confidence / 2, self.people - 1)) * math.sqrt(self.variance)
        return self.value - half, self.value + half


@dataclass(frozen=True, slots=True)
class DayFigure:
    """One metric of one bundle on one UTC day; `low` and `high` are its 95 % interval."""

    day: datetime
    bundle: str
    metric: str
    value: float
    low: float
    high: float
    answers: int
    people: int


def mean_of(rows: Iterable[PersonDay], metric: str) -> Mean | None:
    """The mean per answer over all rows; None where nothing was measured."""
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for row in rows:
        if row.counts[metric]:
            sums[row.user_id] = sums.get(row.user_id, 0.0) + row.sums[metric]
            counts[row.user_id] = counts.get(row.user_id, 0) + row.counts[metric]
    answers, people = sum(counts.values()), len(counts)
    if not answers:
        return None
    value = sum(sums.values()) / answers
    spread = sum((sums[user] - value * counts[user]) ** 2 for user in counts)
    variance = spread / answers**2 * people / (people - 1) if people > 1 else 0.0
    return Mean(value, variance, answers, people)


def change(now: Mean, before: Mean, confidence: float) -> tuple[float, float, float]:
    """`now` less `before` with the ends of its interval (Welch)."""
    estimate, variance = now.value - before.value, now.variance + before.variance
    if variance == 0:
        return estimate, estimate, estimate
    pooled = now.variance**2 / (now.people - 1) + before.variance**2 / (before.people - 1)
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, variance**2 / pooled)) * math.sqrt(variance)
    return estimate, estimate - half, estimate + half


def by_day(rows: Sequence[PersonDay], metrics: Iterable[str]) -> list[DayFigure]:
    """Every metric of every bundle and day, in the order of days, bundles and metrics."""
    found: list[DayFigure] = []
    wanted = list(metrics)
    for (day, bundle), part in groupby(rows, key=lambda row: (row.day, row.bundle)):
        people = list(part)
        for metric in wanted:
            mean = mean_of(people, metric)
            if mean:
                ends = mean.interval()
                found.append(DayFigure(day, bundle, metric, mean.value, *ends, mean.answers, mean.people))
    return found
