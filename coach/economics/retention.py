"""Who comes back, and what a customer brings over their life, from what was recorded and nothing else.

Retention: of the customers of a first month, the share that practised or paid in each later month; the present month is
not over and is left out. Lifetime value: the mean cumulative function of margin by age in months (Nelson 2003,
*Recurrent Events Data Analysis*): at each age the mean over all customers old enough to be seen at it, added up.
Ages with fewer than `LEAST_CUSTOMERS` are not told; the interval is a seeded bootstrap over customers, 5th to 95th
percentile.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from coach.contracts.base import Record
from coach.economics.money import quantise_usd

LEAST_CUSTOMERS = 5
DRAWS = 1_000
Margins = Mapping[str, Mapping[date, Decimal]]
"""Margin in USD by customer and first day of the month; a month with a payment or use has an entry."""


class RetentionCell(Record):
    """One cohort (`YYYY-MM`) at one age in whole months."""

    cohort: str
    age: int
    customers: int
    active: int

    @property
    def share(self) -> float:
        """Active of all."""
        return self.active / self.customers


class LifetimeValue(Record):
    """What customers had brought by one age (months, 0 the first), USD, with how many were seen at it."""

    age: int
    customers: int
    margin_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal


def retention(margins: Margins, today: date) -> list[RetentionCell]:
    """Cells of every cohort, months that are over alone."""
    cohorts: dict[date, list[Mapping[date, Decimal]]] = defaultdict(list)
    for months in margins.values():
        cohorts[min(months)].append(months)
    return [
        RetentionCell(
            cohort=f"{first:%Y-%m}",
            age=age,
            customers=len(members),
            active=sum(_month(first, age) in months for months in members),
        )
        for first, members in sorted(cohorts.items())
        for age in range(_ages(first, today))
    ]


def lifetime_value(margins: Margins, today: date, *, seed: int = 7) -> list[LifetimeValue]:
    """The curve, as far as enough customers are old enough; empty where too few are."""
    people = [(min(months), months) for _, months in sorted(margins.items())]
    last = max((_ages(first, today) for first, _ in people), default=0)
    if not last:
        return []
    values = np.full((len(people), last), np.nan)
    for row, (first, months) in enumerate(people):
        for age in range(_ages(first, today)):
            values[row, age] = float(months.get(_month(first, age), Decimal(0)))
    seen = np.sum(~np.isnan(values), axis=0)
    told = int(np.argmax(seen < LEAST_CUSTOMERS)) if (seen < LEAST_CUSTOMERS).any() else last
    if not told:
        return []
    values = values[:, :told]
    rng = np.random.default_rng(seed)
    with np.errstate(invalid="ignore"):  # one draw at a time: all at once are gigabytes with many customers
        draws = np.array([_curve(values[rng.integers(0, len(people), len(people))]) for _ in range(DRAWS)])
    low, high = np.nanpercentile(draws, (5, 95), axis=0)
    return [
        LifetimeValue(
            age=age, customers=int(seen[age]), margin_usd=_usd(mean), low_usd=_usd(low[age]), high_usd=_usd(high[age])
        )
        for age, mean in enumerate(_curve(values))
    ]


def _curve(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the means at each age; an age nobody was seen at adds nothing."""
    counts = np.sum(~np.isnan(values), axis=0)
    means = np.where(counts, np.nansum(values, axis=0) / np.maximum(counts, 1), 0.0)
    return np.cumsum(means)


def _ages(first: date, today: date) -> int:
    """Whole months that are over since `first`."""
    return max(0, (today.year - first.year) * 12 + today.month - first.month)


def _month(first: date, age: int) -> date:
    years, month = divmod(first.month - 1 + age, 12)
    return date(first.year + years, month + 1, 1)


def _usd(value: float) -> Decimal:
    return quantise_usd(Decimal(repr(float(value))))


def utc_today() -> date:
    """The present UTC day."""
    return datetime.now(UTC).date()
