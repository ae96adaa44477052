"""How large a difference a comparison of a given size would find, said before it runs.

The cluster (person) is the unit of a one-sample t-test on cluster means: with m items per person, item SD s and
intraclass correlation r, the SD of a cluster mean is s*sqrt((1 + (m-1) r) / m) (Donner & Klar 2000, design effect).
Power from the noncentral t distribution (statsmodels `TTestPower`).
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coach.errors import InputError

if TYPE_CHECKING:
    from statsmodels.stats.power import TTestPower


@dataclass(frozen=True, slots=True)
class Design:
    """Size and spread of a planned comparison: item differences have SD `sd` and correlation `icc` within a person."""

    n_clusters: int
    items_per_cluster: float
    sd: float
    icc: float = 0.0

    def __post_init__(self) -> None:
        """Refuses what no design can be."""
        if self.n_clusters < 2 or self.items_per_cluster < 1 or self.sd < 0 or not 0 <= self.icc <= 1:
            raise InputError("A design needs two persons, one item each, a spread of 0 or more and a correlation 0-1.")

    @property
    def cluster_sd(self) -> float:
        """SD of the mean difference of one person."""
        m = self.items_per_cluster
        return self.sd * math.sqrt((1 + (m - 1) * self.icc) / m)


def _t_test() -> "TTestPower":
    from statsmodels.stats.power import TTestPower  # takes a second to load

    return TTestPower()


def minimum_detectable_effect(design: Design, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Smallest true mean difference found with probability `power` at two-sided `alpha`, in the scorer's unit."""
    if design.cluster_sd == 0:
        return 0.0
    effect = _t_test().solve_power(effect_size=None, nobs=design.n_clusters, alpha=alpha, power=power)
    return float(effect) * design.cluster_sd


def predicted_power(design: Design, effect: float, *, alpha: float = 0.05) -> float:
    """Probability to find a true mean difference `effect`."""
    if design.cluster_sd == 0:
        return 1.0 if effect else alpha
    return float(_t_test().power(abs(effect) / design.cluster_sd, design.n_clusters, alpha))


def items_needed(
    design: Design, effect: float, *, alpha: float = 0.05, power: float = 0.8, most: int = 1_000_000
) -> int:
    """Items in all, of as many further persons as needed, to find `effect`; `most` where it cannot be reached."""
    if effect == 0:
        return most
    if design.cluster_sd == 0:
        return math.ceil(2 * design.items_per_cluster)
    ratio = abs(effect) / design.cluster_sd
    if ratio >= 5:
        return math.ceil(3 * design.items_per_cluster)
    persons = _t_test().solve_power(effect_size=ratio, nobs=None, alpha=alpha, power=power)
    return min(most, math.ceil(float(persons)) * math.ceil(design.items_per_cluster))
