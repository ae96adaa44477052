"""Looking at a running comparison more than once without fooling oneself.

Group-sequential boundaries by Lan & DeMets (1983) alpha spending with the O'Brien-Fleming-like function on each side,
`a(t) = 2 - 2 Phi(z_{alpha/4} / sqrt(t))` for alpha/2. The number of looks is open; their information fractions must not
be chosen by looking at the data. Boundaries are solved one after another by integrating the density of who has not
crossed before (Armitage, McPherson & Rowe 1969), in time of a Brownian motion.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray

from coach.errors import InputError

NODES = 129
"""Of the Gauss-Legendre rule: boundaries differ from those of twice as many by less than 1e-6."""
Floats = NDArray[np.float64]
MOST_LOOKS = 6


def spent_alpha(fraction: float, alpha: float = 0.05) -> float:
    """Type I error that may be used up by the information fraction `fraction` (0-1]."""
    return float(4 * scipy.stats.norm.sf(scipy.stats.norm.ppf(1 - alpha / 4) / math.sqrt(min(1.0, fraction))))


def boundaries(fractions: Sequence[float], alpha: float = 0.05) -> list[float]:
    """Two-sided |z| boundary of every look at the rising information `fractions`.

    Raises:
        InputError: fractions that do not rise within (0, 1], or more than six looks.
    """
    if not fractions or len(fractions) > MOST_LOOKS or fractions[0] <= 0 or fractions[-1] > 1 + 1e-9:
        raise InputError(f"Give 1 to {MOST_LOOKS} information fractions between 0 and 1.")
    if any(b <= a for a, b in pairwise(fractions)):
        raise InputError("Information fractions must rise.")
    return list(_solved(tuple(fractions), alpha))


@cache
def _solved(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    roots, rule = np.polynomial.legendre.leggauss(NODES)
    places, mass, found = np.zeros(1), np.ones(1), []
    before = time = 0.0
    for fraction in fractions:
        step, spent = math.sqrt(fraction - time), spent_alpha(fraction, alpha)

        def crossed(edge: float, places: Floats = places, mass: Floats = mass, step: float = step) -> float:
            beyond = scipy.stats.norm.sf((edge - places) / step) + scipy.stats.norm.sf((edge + places) / step)
            return float(mass @ beyond)

        edge = float(scipy.optimize.brentq(lambda edge: crossed(edge) - (spent - before), 0.1, 12.0, xtol=1e-9))  # noqa: B023
        found.append(edge / math.sqrt(fraction))
        inside = roots * edge
        mass = rule * edge * (scipy.stats.norm.pdf((inside[:, None] - places) / step) / step @ mass)
        places, before, time = inside, spent, fraction
    return tuple(found)
