"""How far machine scores agree with human scores, and with themselves on repetition."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from coach.errors import InputError
from coach.lab.statistics.paired import Floats, intraclass_correlation

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
        spearman=float(stats.spearmanr(human, machine).statistic) if varies else None,
        qwk=_kappa(human, machine) if varies else None,
    )


def _kappa(human: Floats, machine: Floats) -> float:
    points = np.arange(2 * HIGHEST + 1)
    pairs = pd.crosstab(
        pd.Categorical(np.rint(2 * human).clip(0, 2 * HIGHEST), points),
        pd.Categorical(np.rint(2 * machine).clip(0, 2 * HIGHEST), points),
        dropna=False,
    )
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
