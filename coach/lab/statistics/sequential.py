"""Looking at a running comparison more than once without fooling oneself.

Group-sequential boundaries by Lan & DeMets (1983) alpha spending with the O'Brien-Fleming-like function on each side,
`a(t) = 2 - 2 Phi(z_{alpha/4} / sqrt(t))` for alpha/2. The number of looks is open; their information fractions must not
be chosen by looking at the data. Boundaries are solved one after another on the joint normal distribution of the looks.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm

from coach.errors import InputError

MOST_LOOKS = 6


def spent_alpha(fraction: float, alpha: float = 0.05) -> float:
    """Type I error that may be used up by the information fraction `fraction` (0-1]."""
    return float(4 * norm.sf(norm.ppf(1 - alpha / 4) / math.sqrt(min(1.0, fraction))))


def boundaries(fractions: Sequence[float], alpha: float = 0.05) -> list[float]:
    """Two-sided |z| boundary of every look at the rising information `fractions`.

    Raises:
        InputError: fractions that do not rise within (0, 1], or more than six looks.
    """
    if not fractions or len(fractions) > MOST_LOOKS or fractions[0] <= 0 or fractions[-1] > 1 + 1e-9:
        raise InputError(f"Give 1 to {MOST_LOOKS} information fractions between 0 and 1.")
    if any(b <= a for a, b in pairwise(fractions)):
        raise InputError("Information fractions must rise.")
    found: list[float] = []
    for k in range(1, len(fractions) + 1):
        target = spent_alpha(fractions[k - 1], alpha)
        found.append(_solve(np.array(fractions[:k]), found, target))
    return found


def _solve(fractions: NDArray[np.float64], earlier: list[float], target: float) -> float:
    covariance = np.sqrt(np.minimum.outer(fractions, fractions) / np.maximum.outer(fractions, fractions))

    def excess(bound: float) -> float:
        limits = np.array([*earlier, bound])
        inside = multivariate_normal.cdf(
            limits, mean=np.zeros(len(limits)), cov=covariance, lower_limit=-limits, rng=np.random.default_rng(0)
        )
        return float(1 - inside - target)

    return float(brentq(excess, 0.5, 9.0, xtol=1e-5))


def may_stop(z: float, look: int, fractions: Sequence[float], alpha: float = 0.05) -> bool:
    """Whether look number `look` (from 1) with statistic `z` crosses its boundary."""
    return abs(z) >= boundaries(list(fractions)[:look], alpha)[-1]
