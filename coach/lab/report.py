"""The comparison of two variants as page, notebook and command line show it: one function, the same digits."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from coach.contracts.base import Record
from coach.errors import InputError
from coach.lab.runs.dataset import Dataset
from coach.lab.runs.looks import ALPHA, Look
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.scorers import SCORERS, Scorer, paired_table, score_table
from coach.lab.slices import SliceComparison, compare_slices
from coach.lab.statistics.paired import PairedComparison, adjust, compare_paired
from coach.lab.statistics.power import Design, minimum_detectable_effect
from coach.lab.statistics.verdict import Margin, Verdict, decide, decide_same, not_yet, nothing_compared

SMALLEST_USEFUL_SHARE = 0.05
"""Smallest improvement worth shipping where the primary scorer is a share; an experiment's own value is in points."""
PREFERRED_PRIMARY = ("content error", "overall error", "follow-up right", "care right", "overall")
WITHOUT_GOLD = "overall"
"""The scorer that more is no better of: a machine's own score."""


class Wish(Record):
    """What is asked of a comparison, fixed before looking; see the fields of the same names of `Experiment`."""

    goal: str = "better"
    smallest_useful: float = 0.2
    same_within: float = 0.3


class ComparisonReport(Record):
    """B against A on every scorer that both could be measured on.

    Attributes:
        primary: scorer the verdict rests on, chosen before looking: gold error where there is gold, else overall; empty
            when nothing was compared.
        comparisons: one per scorer, p-values adjusted over all of them (Holm).
        slices: the primary scorer within competency, type, length, language and kind, adjusted over all slices.
        detectable: minimum detectable effect on the primary scorer at 80 % power with this run's size and spread.
        failures: calls the provider failed, by variant; they are no statement about quality.
        better: by scorer, whether higher is better.
        margins: by guarded scorer, how much worse it may become.
        bundles: by variant, the label of the bundle that judged.
        brains: by variant, who judged.
        recorded: when the run was recorded elsewhere, else empty.
        look: which look at the run this is; its level binds intervals and verdict.
    """

    model_config = {"arbitrary_types_allowed": True, "frozen": True, "extra": "forbid"}

    a: str
    b: str
    dataset: str
    dataset_hash: str
    primary: str
    comparisons: list[PairedComparison]
    verdict: Verdict
    detectable: float
    failures: dict[str, int]
    slices: list[SliceComparison] = []
    better: dict[str, bool] = {}
    margins: dict[str, float] = {}
    bundles: dict[str, str] = {}
    brains: dict[str, str] = {}
    recorded: str = ""
    look: Look | None = None
    notes: list[str] = []
    items: pd.DataFrame = pd.DataFrame(columns=["item", "cluster", "a", "b"])
    """The primary scorer answer by answer; empty when nothing was compared."""

    @property
    def alpha(self) -> float:
        """Two-sided level of intervals and verdict."""
        return self.look.alpha if self.look else ALPHA

    def frame(self) -> pd.DataFrame:
        """One row per scorer."""
        return pd.DataFrame([c.as_dict() for c in self.comparisons])

    def slice_frame(self) -> pd.DataFrame:
        """One row per slice."""
        return pd.DataFrame([s.as_dict() for s in self.slices])

    def summary(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "dataset": self.dataset,
            "dataset_hash": self.dataset_hash,
            "primary": self.primary,
            "verdict": self.verdict.decision,
            "sentence": self.verdict.sentence,
            "more_items": self.verdict.more_items,
            "minimum_detectable_effect": self.detectable,
            "failures": self.failures,
            "bundles": self.bundles,
            "brains": self.brains,
            "recorded": self.recorded,
            "look": self.look.model_dump(mode="json") if self.look else None,
            "notes": self.notes,
            "comparisons": [c.as_dict() for c in self.comparisons],
            "slices": [s.as_dict() for s in self.slices],
        }


def compare_variants(
    outcomes: Sequence[Outcome],
    dataset: Dataset,
    *,
    a: str,
    b: str,
    wish: Wish | None = None,
    scorers: Sequence[Scorer] = SCORERS,
    same_coach: str = "",
    look: Look | None = None,
    seed: int = 0,
) -> ComparisonReport:
    """Compares variant `b` with variant `a` on the answers both judged.

    Args:
        outcomes: of both variants, any others are left alone.
        dataset: the answers.
        a: the baseline.
        b: what is asked about.
        wish: what is asked.
        scorers: what is measured.
        same_coach: why the two cannot differ, where that is known.
        look: which look at the run this is; its level binds intervals and verdict. None for the one at the end.
        seed: of bootstrap and permutation.

    Raises:
        InputError: a variant is unknown.
    """
    found = [o for o in outcomes if o.variant in (a, b)]
    report = _opened(found, dataset, a, b, same_coach).model_copy(update={"look": look})
    silent = _silent(found, a, b)
    if silent:
        return report.model_copy(update={"verdict": nothing_compared(silent)})
    scores = score_table(found, dataset.items, scorers)
    comparisons, notes = _compare_all(scores, a, b, scorers, seed, report.alpha)
    if not comparisons:
        return report.model_copy(
            update={"verdict": nothing_compared(" ".join(notes) or "no answer was judged by both.")}
        )
    return _decided(report, scores, dataset, adjust(comparisons), scorers, wish or Wish(), same_coach, notes, seed)


def _opened(found: Sequence[Outcome], dataset: Dataset, a: str, b: str, same_coach: str) -> ComparisonReport:
    """A report before anything is compared: on what, by whom, and what failed."""
    return ComparisonReport(
        a=a,
        b=b,
        dataset=dataset.name,
        dataset_hash=dataset.content_hash,
        primary="",
        comparisons=[],
        verdict=nothing_compared(same_coach),
        detectable=0.0,
        failures={name: sum(1 for o in found if o.variant == name and o.error) for name in (a, b)},
        bundles=_judged_by(found, "bundle"),
        brains=_judged_by(found, "brain"),
    )


def _decided(
    report: ComparisonReport,
    scores: pd.DataFrame,
    dataset: Dataset,
    comparisons: list[PairedComparison],
    scorers: Sequence[Scorer],
    wish: Wish,
    same_coach: str,
    notes: list[str],
    seed: int,
) -> ComparisonReport:
    by_name, known = {c.scorer: c for c in comparisons}, {s.name: s for s in scorers}
    primary = next((name for name in PREFERRED_PRIMARY if name in by_name), next(iter(by_name)))
    if primary == WITHOUT_GOLD:
        notes = [*notes, "There is no gold score in this dataset: a higher overall is more generous, not more right."]
    main, better = by_name[primary], known[primary].higher_is_better
    table = paired_table(scores, scorer=primary, a=report.a, b=report.b)
    verdict = nothing_compared(same_coach) if same_coach else _verdict(by_name, known, primary, wish, report.alpha)
    if report.look and not same_coach:
        verdict, notes = not_yet(verdict, report.look.closed), [*filter(None, [report.look.sentence]), *notes]
    return report.model_copy(
        update={
            "primary": primary,
            "comparisons": comparisons,
            "verdict": verdict,
            "detectable": minimum_detectable_effect(
                Design(main.n_clusters, main.n_items / main.n_clusters, main.sd, main.icc)
            ),
            "slices": compare_slices(table, dataset.items, scorer=primary, higher_is_better=better, seed=seed),
            "better": {name: known[name].higher_is_better for name in by_name},
            "margins": {name: margin for name in by_name if (margin := known[name].margin) is not None},
            "notes": notes,
            "items": table,
        }
    )


def _verdict(
    by_name: Mapping[str, PairedComparison], known: Mapping[str, Scorer], primary: str, wish: Wish, alpha: float
) -> Verdict:
    guards = [
        (comparison, Margin(name, margin, known[name].higher_is_better))
        for name, comparison in by_name.items()
        if (margin := known[name].margin) is not None and name != primary
    ]
    main = PairedComparison(**{**by_name[primary].as_dict(), "p_adjusted": None})
    share = known[primary].unit == "share"
    if wish.goal == "same":
        margin = SMALLEST_USEFUL_SHARE if share else wish.same_within
        return decide_same(
            main,
            guards,
            same=Margin(primary, margin, known[primary].higher_is_better),
            two_sided=primary == WITHOUT_GOLD,
            cost=by_name.get("cost"),
        )
    return decide(
        main,
        guards,
        smallest_useful=SMALLEST_USEFUL_SHARE if share else wish.smallest_useful,
        alpha=alpha,
        higher_is_better=known[primary].higher_is_better,
    )


def _compare_all(
    scores: pd.DataFrame, a: str, b: str, scorers: Sequence[Scorer], seed: int, alpha: float
) -> tuple[list[PairedComparison], list[str]]:
    found: list[PairedComparison] = []
    notes: list[str] = []
    for scorer in scorers:
        table = paired_table(scores, scorer=scorer.name, a=a, b=b)
        if table.empty:
            continue
        try:
            found.append(compare_paired(table, scorer=scorer.name, confidence=1 - alpha, seed=seed))
        except InputError as error:
            notes.append(error.message)
    return found, notes


def _judged_by(outcomes: Sequence[Outcome], what: str) -> dict[str, str]:
    return {o.variant: str(getattr(o.result, what)) for o in outcomes if o.result is not None}


def _silent(outcomes: Sequence[Outcome], *names: str) -> str:
    """Why a variant said nothing at all; empty when both spoke.

    Raises:
        InputError: a variant is unknown.
    """
    for name in names:
        mine = [o for o in outcomes if o.variant == name]
        if not mine:
            raise InputError(f"The run has no variant '{name}'.")
        if all(o.result is None for o in mine):
            codes = ", ".join(sorted({o.error for o in mine}))
            return f"variant '{name}' failed on every call ({codes})."
    return ""
