"""From intervals to a decision: ship, hold, or how many more items are needed, with the sentence that says why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coach.lab.statistics.paired import PairedComparison
from coach.lab.statistics.power import Design, items_needed

Decision = Literal["ship", "hold", "need more"]


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

    Args:
        primary: B minus A on the scorer that matters.
        guards: comparisons with the margin each has to keep.
        smallest_useful: the smallest improvement worth shipping, in the scorer's unit.
        alpha: two-sided level; the adjusted p-value is used when there is one.
        higher_is_better: False for scorers such as cost or mean absolute error.
    """
    sign = 1.0 if higher_is_better else -1.0
    gain, best = sign * primary.estimate, max(sign * primary.low, sign * primary.high)
    p = primary.p_adjusted if primary.p_adjusted is not None else primary.p_value
    broken = [g.scorer for g, margin in guards if _worse(g, margin)]
    unsure = [g.scorer for g, margin in guards if not not_worse(g, margin)]
    span = f"{primary.estimate:+.2f} [{primary.low:+.2f}, {primary.high:+.2f}] on {primary.scorer}"
    if broken:
        return Verdict("hold", f"Hold: {', '.join(broken)} became worse than the margin allows ({span}).")
    if p < alpha and gain > 0 and not unsure:
        return Verdict("ship", f"Ship: {span}, p = {p:.3f}, and no guarded score became worse.")
    if p < alpha and gain < 0:
        return Verdict("hold", f"Hold: B is worse, {span}, p = {p:.3f}.")
    if best < smallest_useful:
        return Verdict("hold", f"Hold: an improvement of {smallest_useful:g} is ruled out ({span}).")
    more = max(1, _more(primary, smallest_useful, alpha))
    reason = f"{', '.join(unsure)} may have become worse" if p < alpha and unsure else "the interval still holds both"
    return Verdict("need more", f"About {more} more items: {reason} ({span}).", more)


def _worse(comparison: PairedComparison, margin: Margin) -> bool:
    return comparison.high < -margin.margin if margin.higher_is_better else comparison.low > margin.margin


def _more(primary: PairedComparison, effect: float, alpha: float) -> int:
    per_person = primary.n_items / primary.n_clusters
    design = Design(primary.n_clusters, per_person, primary.sd, primary.icc)
    return items_needed(design, effect, alpha=alpha) - math.floor(primary.n_items)
