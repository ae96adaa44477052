"""The comparison of two variants as page, notebook and command line show it: one function, the same digits."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from coach.contracts.base import Record
from coach.errors import InputError
from coach.lab.runs.dataset import Dataset
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.scorers import SCORER_BY_NAME, SCORERS, paired_table, score_table
from coach.lab.statistics.paired import PairedComparison, adjust, compare_paired
from coach.lab.statistics.power import Design, minimum_detectable_effect
from coach.lab.statistics.verdict import Margin, Verdict, decide

SMALLEST_USEFUL_SHARE = 0.05
"""Smallest improvement worth shipping where the primary scorer is a share; an experiment's own value is in points."""
PREFERRED_PRIMARY = ("content error", "overall error", "follow-up right", "overall")


class ComparisonReport(Record):
    """B against A on every scorer that both could be measured on.

    Attributes:
        primary: scorer the verdict rests on, chosen before looking: gold error where there is gold, else overall.
        comparisons: one per scorer, p-values adjusted over all of them (Holm).
        detectable: minimum detectable effect on the primary scorer at 80 % power with this run's size and spread.
        failures: calls the provider failed, by variant; they are no statement about quality.
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
    notes: list[str] = []

    def frame(self) -> pd.DataFrame:
        """One row per scorer."""
        return pd.DataFrame([c.as_dict() for c in self.comparisons])

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
            "notes": self.notes,
            "comparisons": [c.as_dict() for c in self.comparisons],
        }


def compare_variants(
    outcomes: Sequence[Outcome], dataset: Dataset, *, a: str, b: str, smallest_useful: float = 0.2, seed: int = 0
) -> ComparisonReport:
    """Compares variant `b` with variant `a` on the answers both judged.

    Raises:
        InputError: a variant is unknown or always failed, or too few items are left.
    """
    _require(outcomes, a, b)
    scores = score_table(outcomes, dataset.items)
    comparisons, notes = _compare_all(scores, a, b, seed)
    if not comparisons:
        raise InputError("Nothing can be compared: " + " ".join(notes))
    by_name = {c.scorer: c for c in adjust(comparisons)}
    primary = next((name for name in PREFERRED_PRIMARY if name in by_name), next(iter(by_name)))
    if primary == "overall":
        notes.append("There is no gold score in this dataset: a higher overall is more generous, not more right.")
    guards = [
        (comparison, Margin(name, margin, SCORER_BY_NAME[name].higher_is_better))
        for name, comparison in by_name.items()
        if (margin := SCORER_BY_NAME[name].margin) is not None and name != primary
    ]
    main = by_name[primary]
    return ComparisonReport(
        a=a,
        b=b,
        dataset=dataset.name,
        dataset_hash=dataset.content_hash,
        primary=primary,
        comparisons=list(by_name.values()),
        verdict=decide(
            main.__class__(**{**main.as_dict(), "p_adjusted": None}),
            guards,
            smallest_useful=SMALLEST_USEFUL_SHARE if SCORER_BY_NAME[primary].unit == "share" else smallest_useful,
            higher_is_better=SCORER_BY_NAME[primary].higher_is_better,
        ),
        detectable=minimum_detectable_effect(
            Design(main.n_clusters, main.n_items / main.n_clusters, main.sd, main.icc)
        ),
        failures={name: sum(1 for o in outcomes if o.variant == name and o.error) for name in (a, b)},
        notes=notes,
    )


def _compare_all(scores: pd.DataFrame, a: str, b: str, seed: int) -> tuple[list[PairedComparison], list[str]]:
    found: list[PairedComparison] = []
    notes: list[str] = []
    for scorer in SCORERS:
        table = paired_table(scores, scorer=scorer.name, a=a, b=b)
        if table.empty:
            continue
        try:
            found.append(compare_paired(table, scorer=scorer.name, seed=seed))
        except InputError as error:
            notes.append(error.message)
    return found, notes


def _require(outcomes: Sequence[Outcome], *names: str) -> None:
    for name in names:
        mine = [o for o in outcomes if o.variant == name]
        if not mine:
            raise InputError(f"The run has no variant '{name}'.")
        if all(o.result is None for o in mine):
            codes = ", ".join(sorted({o.error for o in mine}))
            raise InputError(f"Variant '{name}' failed on every call ({codes}): there is nothing to compare.")
