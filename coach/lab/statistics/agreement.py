"""How far machine scores agree with human scores, and with themselves on repetition."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from coach.errors import InputError
from coach.lab.statistics.intervals import Floats
from coach.lab.statistics.paired import intraclass_correlation

HIGHEST = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """Machine against human on one scale 0-10. `qwk` uses half points; None where it cannot be computed."""

    n: int
    mae: float
    bias: float
    spearman: float | None
    qwk: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def agreement(human: Floats, machine: Floats) -> Agreement:
    """Agreement of two score lists 0-10 of equal length.

    Quadratic weighted kappa after Cohen (1968) over the half points 0, 0.5, … 10 that scores are given in
    (statsmodels `cohens_kappa`).

    Raises:
        InputError: no pair of scores.
    """
    both = ~(np.isnan(human) | np.isnan(machine))
    human, machine = human[both], machine[both]
    if not len(human):
        raise InputError("No item has both a human and a machine score.", mend="Import or enter human scores first.")
    varies = len(human) > 2 and np.ptp(human) > 0 and np.ptp(machine) > 0
    return Agreement(
        n=len(human),
        mae=float(np.abs(human - machine).mean()),
        bias=float((machine - human).mean()),
        spearman=float(scipy.stats.spearmanr(human, machine).statistic) if varies else None,
        qwk=_kappa(human, machine) if varies else None,
    )


def _kappa(human: Floats, machine: Floats) -> float:
    points = np.arange(2 * HIGHEST + 1)
    pairs = pd.crosstab(
        pd.Categorical(np.rint(2 * human).clip(0, 2 * HIGHEST), points),
        pd.Categorical(np.rint(2 * machine).clip(0, 2 * HIGHEST), points),
        dropna=False,
    )
    from statsmodels.stats.inter_rater import cohens_kappa

    return float(cohens_kappa(pairs.to_numpy(), wt="quadratic", return_results=True).kappa)


@dataclass(frozen=True, slots=True)
class Stability:
    """Spread of repeated scoring: `sd` is the pooled SD within items, the evaluator's noise."""

    n_items: int
    n_scores: int
    sd: float
    icc: float


def stability(items: "pd.Series[str]", scores: "pd.Series[float]") -> Stability:
    """Noise of repeated scoring of the same items.

    Raises:
        InputError: no item was scored twice.
    """
    codes = pd.factorize(items)[0].astype(np.intp)
    values = np.asarray(scores.to_numpy(), dtype=np.float64)
    sizes = np.bincount(codes)
    if not (sizes > 1).any():
        raise InputError("Stability needs repeats: no item was scored twice.", mend="Run with repeats of 2 or more.")
    means = np.bincount(codes, weights=values) / sizes
    within = float(((values - means[codes]) ** 2).sum()) / max(1, len(values) - len(sizes))
    return Stability(len(sizes), len(values), within**0.5, intraclass_correlation(values, codes))


LEAST_PEOPLE = 10
"""From so many people on, whole people are drawn for the interval: answers of one person resemble each other."""
DRAWS = 1_999


def kappa_interval(
    first: Floats, second: Floats, people: "pd.Series[str]", *, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of the weighted kappa of two coaches over half points; None where it says nothing.

    For quadratic weights kappa is `1 - mean((x-y)^2) / (var(x) + var(y) + (mean(x)-mean(y))^2)`, with variances by n
    (Fleiss & Cohen 1973, doi:10.1177/001316447303300309), so a draw needs sums only. Whole people are drawn from
    `LEAST_PEOPLE` on, else single answers.
    """
    x, y = np.rint(2 * first) / 2, np.rint(2 * second) / 2
    codes = pd.factorize(people)[0]
    units = codes if codes.max(initial=-1) + 1 >= LEAST_PEOPLE else np.arange(len(x))
    parts = np.column_stack([np.ones_like(x), x, y, x * x, y * y, (x - y) ** 2])
    sums = np.array([np.bincount(units, weights=column) for column in parts.T])
    size = sums.shape[1]
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), DRAWS) @ sums.T
    n, sx, sy, sxx, syy, apart = drawn.T
    by_chance = sxx / n - (sx / n) ** 2 + syy / n - (sy / n) ** 2 + ((sx - sy) / n) ** 2
    kappas = 1 - (apart / n)[by_chance > 0] / by_chance[by_chance > 0]
    if len(kappas) < DRAWS / 2:
        return None
    low, high = np.quantile(kappas, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
