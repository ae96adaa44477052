"""From intervals to a decision: ship, hold, or how many more items are needed, with the sentence that says why."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coach.lab.statistics.paired import PairedComparison
from coach.lab.statistics.power import Design, items_needed

Decision = Literal["ship", "hold", "need more", "nothing compared"]
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
    span = f"{_interval(primary)}, {_p_text(p)}"
    small = _not_worth(gain, best, smallest_useful, span, sure=p < alpha)
    stopped = _too_few(primary, span) or _broken(guards, span) or small
    if stopped:
        return stopped
    unsure = [(g, margin) for g, margin in guards if not not_worse(g, margin)]
    found = p < alpha and gain >= smallest_useful and lowest > TRIVIAL_SHARE * smallest_useful
    if found and not unsure:
        return Verdict("ship", f"Ship: {span}, and no guarded score became worse.")
    wanted = [_more_for_guard(*each, alpha) for each in unsure]
    wanted += [] if found else [_more(primary, smallest_useful, alpha)]
    return _undecided(wanted, unsure if found else [], span)


def _not_worth(gain: float, best: float, smallest_useful: float, span: str, *, sure: bool) -> Verdict | None:
    """Hold: worse, or better by too little; None where neither is known. `best` is the good end of the interval."""
    if sure and gain < 0:
        return Verdict("hold", f"Hold: B is worse, {span}.")
    if best < smallest_useful:
        return Verdict("hold", f"Not worth it: an improvement of {smallest_useful:g} is ruled out ({span}).")
    if sure and gain < smallest_useful:
        return Verdict("hold", f"Not worth it: B is better by less than {smallest_useful:g} ({span}).")
    return None


def _undecided(wanted: Sequence[int], unsure: Sequence[tuple[PairedComparison, Margin]], span: str) -> Verdict:
    """How many more items are needed, and because of what: scores that may be worse, or the gain itself."""
    names = ", ".join(g.scorer for g, _ in unsure)
    reason = f"{names} may have become worse" if unsure else "the interval still holds both"
    return Verdict("need more", f"About {max(wanted)} more items: {reason} ({span}).", max(wanted))


def decide_same(
    primary: PairedComparison,
    guards: Sequence[tuple[PairedComparison, Margin]] = (),
    *,
    same: Margin,
    two_sided: bool,
    cost: PairedComparison | None = None,
) -> Verdict:
    """Decides whether B may take A's place because it is as good and costs less.

    As good means: the interval lies on the good side of the margin (non-inferiority), with `two_sided` within plus and
    minus the margin (equivalence, where more is no better: a machine's own score).

    Args:
        primary: B minus A on the scorer that matters.
        guards: comparisons with the margin each has to keep.
        same: the margin within which two scores count as the same.
        two_sided: whether being higher counts against it too.
        cost: B minus A in USD an answer; None where no call was paid.
    """
    span = _interval(primary)
    stopped = _too_few(primary, span) or _broken(guards, span)
    if stopped:
        return stopped
    good = equivalent(primary, same.margin) if two_sided else not_worse(primary, same)
    unsure = [(g, margin) for g, margin in guards if not not_worse(g, margin)]
    if good and not unsure:
        return _cheaper(span, same.margin, cost)
    if became_worse(primary, same) or (two_sided and primary.low > same.margin):
        return Verdict("hold", f"Hold: B is not the same, it differs by more than {same.margin:g} ({span}).")
    sized = [*unsure, *([] if good else [(primary, same)])]
    more = max(_more_for_guard(*each, 0.05) for each in sized)
    names = ", ".join(g.scorer for g, _ in sized)
    return Verdict(
        "need more", f"About {more} more items: {names} may still differ by more than allowed ({span}).", more
    )


def _cheaper(span: str, margin: float, cost: PairedComparison | None) -> Verdict:
    alike = f"as good within {margin:g} ({span})"
    if cost is None or not cost.mean_a:
        return Verdict("ship", f"Ship: {alike}; what it saves was not measured, no call was paid.")
    saved = -cost.estimate / cost.mean_a
    if cost.high < 0:
        return Verdict("ship", f"Ship: {alike} and {saved:.0%} cheaper.")
    return Verdict("hold", f"Hold: {alike}, but it is not cheaper ({saved:+.0%} saved, unsure).")


def not_yet(verdict: Verdict, closed: str) -> Verdict:
    """The verdict of a look that may decide nothing, and why; any other look's stands."""
    return Verdict("need more", f"Not decided: {closed}", verdict.more_items) if closed else verdict


def nothing_compared(why: str) -> Verdict:
    """The verdict where two variants could not differ, or one of them was never heard."""
    return Verdict("nothing compared", f"Nothing was compared: {why}")


def _too_few(primary: PairedComparison, span: str) -> Verdict | None:
    if primary.n_clusters >= MIN_PERSONS:
        return None
    more = _for_persons(primary)
    few = f"answers of {primary.n_clusters} persons decide nothing, {MIN_PERSONS} are needed ({span})"
    return Verdict("need more", f"About {more} more items: {few}.", more)


def _broken(guards: Sequence[tuple[PairedComparison, Margin]], span: str) -> Verdict | None:
    broken = [g.scorer for g, margin in guards if became_worse(g, margin)]
    if not broken:
        return None
    return Verdict("hold", f"Hold: {', '.join(broken)} became worse than the margin allows ({span}).")


def _interval(comparison: PairedComparison) -> str:
    low, high = f"{comparison.low:+.2f}", f"{comparison.high:+.2f}"
    return f"{comparison.estimate:+.2f} [{low}, {high}] on {comparison.scorer}"


def _p_text(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def became_worse(comparison: PairedComparison, margin: Margin) -> bool:
    """The whole interval lies on the bad side of the margin."""
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
