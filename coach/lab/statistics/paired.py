"""Paired comparison of two variants on the same items, clustered by person.

The unit of observation is the item (one stored answer); items of one person resemble each other, so the unit of
independence is the person (cluster). All numbers come from SciPy and statsmodels; this module only decides which.

Primary interval and p-value: mean difference with cluster-robust standard error (CR1) and t with G-1 degrees of freedom
(Cameron & Miller 2015, "A Practitioner's Guide to Cluster-Robust Inference", sections II.B and VI.D).
Below `T_PERSONS` persons the p-value is that of a sign-flip permutation test over cluster sums instead, exact when all
2^G flips are enumerated and never 0. Beside it, as a check that assumes less: BCa bootstrap over clusters, only from
`BCA_PERSONS` persons on, where it covers.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from coach.errors import InputError
from coach.lab.statistics.intervals import NO_BCA, Floats, bca, interval_of

MIN_CLUSTERS = 2
PERMUTATIONS = 9_999


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """B minus A on one scorer.

    Attributes:
        scorer: which score.
        estimate: mean difference over items, in the scorer's unit.
        low, high: confidence interval at `confidence`.
        p_value: two-sided; cluster-robust t, below `T_PERSONS` persons the permutation's. Never 0.
        p_permutation: two-sided sign-flip over cluster sums.
        boot_low, boot_high: BCa interval over clusters; equal to the estimate when it does not vary; None with fewer
            than `BCA_PERSONS` persons.
        se: cluster-robust standard error.
        sd: standard deviation of the item differences.
        icc: correlation of differences within a person (one-way ANOVA estimate, at least 0).
        n_items, n_clusters, n_ties: sizes; ties are items with no difference at all.
        confidence: of both intervals.
    """

    scorer: str
    estimate: float
    low: float
    high: float
    p_value: float
    p_permutation: float
    boot_low: float | None
    boot_high: float | None
    se: float
    sd: float
    icc: float
    n_items: int
    n_clusters: int
    n_ties: int
    mean_a: float
    mean_b: float
    confidence: float = 0.95
    p_adjusted: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and data frames."""
        return asdict(self)


def compare_paired(
    table: pd.DataFrame,
    *,
    scorer: str = "score",
    confidence: float = 0.95,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    bootstrap: bool = True,
) -> PairedComparison:
    """Compares `b` with `a` item by item.

    Args:
        table: columns `item`, `cluster`, `a`, `b`; repeats of an item are averaged, rows with a gap left out.
        scorer: name carried into the result.
        confidence: of the intervals, 0-1.
        seed: of bootstrap and permutation.
        permutations: resamples of the permutation test where not all flips can be tried.
        bootstrap: whether to compute the BCa interval too; it is the slowest part.

    Raises:
        InputError: fewer than two items or two persons are left, which no interval can describe.
    """
    items = _per_item(table)
    difference = (items["b"] - items["a"]).to_numpy(float)
    clusters, index = np.unique(items["cluster"].astype(str).to_numpy(), return_inverse=True)
    _require_enough(scorer, len(items), len(clusters))
    p_permutation = _sign_flip(np.bincount(index, weights=difference).astype(float), seed, permutations)
    return PairedComparison(
        scorer=scorer,
        **interval_of(difference, index, confidence, p_permutation),
        **(bca(difference, index, confidence, seed) if bootstrap else NO_BCA),
        sd=float(difference.std(ddof=1)),
        icc=intraclass_correlation(difference, index),
        n_items=len(items),
        n_clusters=len(clusters),
        n_ties=int((difference == 0).sum()),
        mean_a=float(items["a"].mean()),
        mean_b=float(items["b"].mean()),
        confidence=confidence,
    )


def _require_enough(scorer: str, items: int, clusters: int) -> None:
    if items < 2:
        raise InputError(f"Cannot compare {scorer}: {items} item with both variants.", mend="Add items.")
    if clusters < MIN_CLUSTERS:
        raise InputError(f"Cannot compare {scorer}: all items are of one person.", mend="Add answers of other people.")


def _per_item(table: pd.DataFrame) -> pd.DataFrame:
    means = table.groupby(["item", "cluster"], sort=True, as_index=False)[["a", "b"]].mean()
    return means.dropna(subset=["a", "b"]).reset_index(drop=True)


def _sign_flip(sums: Floats, seed: int, permutations: int) -> float:
    if not sums.any():
        return 1.0
    result = scipy.stats.permutation_test(
        (sums,),
        lambda x, axis=-1: np.sum(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def intraclass_correlation(values: Floats, groups: NDArray[np.intp]) -> float:
    """ICC(1) of `values` within `groups`: one-way ANOVA estimate for unequal group sizes, cut to 0-1.

    Source: Shrout & Fleiss 1979; n0 after Donner & Koval 1980.
    """
    n, k = len(values), int(groups.max()) + 1
    sizes = np.bincount(groups)
    if k < 2 or n <= k:
        return 0.0
    means = np.bincount(groups, weights=values) / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (k - 1)
    within = float(((values - means[groups]) ** 2).sum()) / (n - k)
    n0 = (n - (sizes**2).sum() / n) / (k - 1)
    total = between + (n0 - 1) * within
    return float(np.clip((between - within) / total, 0, 1)) if total > 0 else 0.0


def adjust(comparisons: list[PairedComparison], method: str = "holm") -> list[PairedComparison]:
    """Adds p-values adjusted for looking at several scorers (Holm by default, `fdr_bh` for exploration)."""
    if not comparisons:
        return []
    from statsmodels.stats.multitest import multipletests

    adjusted = multipletests([c.p_value for c in comparisons], method=method)[1]
    return [
        PairedComparison(**{**c.as_dict(), "p_adjusted": float(p)}) for c, p in zip(comparisons, adjusted, strict=True)
    ]
