"""From intervals to a decision: ship, hold, or how many more items are needed, with the sentence that says why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coach.lab.statistics.paired import PairedComparison
from coach.lab.statistics.power import Design, items_needed

Decision = Literal["ship", "hold", "need more"]
MIN_PERSONS = 10
"""Cluster-robust intervals of fewer persons promise more than they keep (Cameron & Miller 2015, section VI)."""
TRIVIAL_SHARE = 0.25
"""Share of the smallest useful effect that a shipped interval has to exclude."""


@dataclass(frozen=True, slots=True)
class Margin:
    """How much worse a guarded scorer may become, in its unit; `higher_is_better` says which way worse is."""

    scorer: str
    margin: float
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision with its reason; `more_items` is 0 unless more are needed."""

    decision: Decision
    sentence: str
    more_items: int = 0


def not_worse(comparison: PairedComparison, margin: Margin) -> bool:
    """Non-inferiority: the whole interval lies on the good side of the margin (two one-sided tests at alpha/2)."""
    if margin.higher_is_better:
        return comparison.low > -margin.margin
    return comparison.high < margin.margin


def equivalent(comparison: PairedComparison, margin: float) -> bool:
    """Equivalence: the interval lies within plus and minus `margin` (conservative form of TOST, Schuirmann 1987)."""
    return -margin < comparison.low and comparison.high < margin


def decide(
    primary: PairedComparison,
    guards: Sequence[tuple[PairedComparison, Margin]] = (),
    *,
    smallest_useful: float = 0.2,
    alpha: float = 0.05,
    higher_is_better: bool = True,
) -> Verdict:
    """Decides on the primary scorer, with guarded scorers that must not become worse.

    Ship needs all of: `MIN_PERSONS` persons, a gain of `smallest_useful` or more, p below `alpha`, and an interval the
    bad end of which is above `TRIVIAL_SHARE` of `smallest_useful` (an effect too small to matter is then shipped with
    probability alpha/2 at most, whatever the spread); no guard worse, none unsure.

    Args:
        primary: B minus A on the scorer that matters.
        guards: comparisons with the margin each has to keep.
        smallest_useful: the smallest improvement worth shipping, in the scorer's unit.
        alpha: two-sided level; the adjusted p-value is used when there is one.
        higher_is_better: False for scorers such as cost or mean absolute error.
    """
    sign = 1.0 if higher_is_better else -1.0
    gain = sign * primary.estimate
    lowest, best = sorted((sign * primary.low, sign * primary.high))
    p = primary.p_adjusted if primary.p_adjusted is not None else primary.p_value
    span = f"{primary.estimate:+.2f} [{primary.low:+.2f}, {primary.high:+.2f}] on {primary.scorer}, {_p_text(p)}"
    if primary.n_clusters < MIN_PERSONS:
        more = _for_persons(primary)
        few = f"answers of {primary.n_clusters} persons decide nothing, {MIN_PERSONS} are needed ({span})"
        return Verdict("need more", f"About {more} more items: {few}.", more)
    broken = [g.scorer for g, margin in guards if _worse(g, margin)]
    if broken:
        return Verdict("hold", f"Hold: {', '.join(broken)} became worse than the margin allows ({span}).")
    if p < alpha and gain < 0:
        return Verdict("hold", f"Hold: B is worse, {span}.")
    if best < smallest_useful:
        return Verdict("hold", f"Not worth it: an improvement of {smallest_useful:g} is ruled out ({span}).")
    if p < alpha and gain < smallest_useful:
        return Verdict("hold", f"Not worth it: B is better by less than {smallest_useful:g} ({span}).")
    unsure = [(g, margin) for g, margin in guards if not not_worse(g, margin)]
    found = p < alpha and gain >= smallest_useful and lowest > TRIVIAL_SHARE * smallest_useful
    if found and not unsure:
        return Verdict("ship", f"Ship: {span}, and no guarded score became worse.")
    more = max(
        [_more_for_guard(*each, alpha) for each in unsure] + ([] if found else [_more(primary, smallest_useful, alpha)])
    )
    names = ", ".join(g.scorer for g, _ in unsure)
    reason = f"{names} may have become worse" if found else "the interval still holds both"
    return Verdict("need more", f"About {more} more items: {reason} ({span}).", more)


def _p_text(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _worse(comparison: PairedComparison, margin: Margin) -> bool:
    return comparison.high < -margin.margin if margin.higher_is_better else comparison.low > margin.margin


def _design(comparison: PairedComparison) -> Design:
    return Design(comparison.n_clusters, comparison.n_items / comparison.n_clusters, comparison.sd, comparison.icc)


def _for_persons(comparison: PairedComparison) -> int:
    return max(1, math.ceil((MIN_PERSONS - comparison.n_clusters) * comparison.n_items / comparison.n_clusters))


def _more(comparison: PairedComparison, effect: float, alpha: float) -> int:
    return max(1, items_needed(_design(comparison), effect, alpha=alpha) - comparison.n_items)


def _more_for_guard(comparison: PairedComparison, margin: Margin, alpha: float) -> int:
    """Items that tell "not worse than the margin" with the usual power.

    The distance is from the estimate to the margin, at least a quarter of the margin: beyond it no number suffices.
    """
    sign = 1.0 if margin.higher_is_better else -1.0
    distance = max(margin.margin + min(0.0, sign * comparison.estimate), margin.margin / 4)
    return _more(comparison, distance, alpha)
