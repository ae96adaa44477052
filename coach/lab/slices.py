"""Where a difference comes from: the primary scorer within competency, question type, length, language and kind.

All slices of all dimensions are one family: their p-values are adjusted together (Holm), so that looking at twenty
slices of an A/A comparison raises a false alarm in one of twenty comparisons, not in most. A slice of fewer than
`MIN_PERSONS` persons shows its difference and decides nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import pandas as pd

from coach.contracts.base import Record
from coach.errors import InputError
from coach.lab.runs.dataset import Item
from coach.lab.statistics.paired import PairedComparison, adjust, compare_paired
from coach.lab.statistics.verdict import MIN_PERSONS

SHORT_WORDS, LONG_WORDS = 60, 180
"""Half a minute and a minute and a quarter at 145 words a minute."""
ALPHA = 0.05
PERMUTATIONS = 1_999
"""Enough for a p-value of 0.0005, which thirty slices adjust to 0.015."""
Leaning = Literal["better", "worse", "unclear", "too few"]


def _length(item: Item) -> str:
    words = len(item.input.user_answer.transcript.split())
    if words < SHORT_WORDS:
        return f"under {SHORT_WORDS} words"
    return f"over {LONG_WORDS} words" if words > LONG_WORDS else f"{SHORT_WORDS} to {LONG_WORDS} words"


DIMENSIONS: Mapping[str, Callable[[Item], str]] = {
    "competency": lambda item: item.input.question.competency,
    "question type": lambda item: item.input.question.type,
    "length": _length,
    "speaker's language": lambda item: item.speaker_language,
    "kind": lambda item: item.stratum,
}


class SliceComparison(Record):
    """B against A within one slice. `comparison` carries the p-value adjusted over all slices; None where too few."""

    model_config = {"arbitrary_types_allowed": True, "frozen": True, "extra": "forbid"}

    dimension: str
    value: str
    n_items: int
    n_clusters: int
    estimate: float
    leaning: Leaning
    comparison: PairedComparison | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain values, one row of a table."""
        c = self.comparison
        return {
            "dimension": self.dimension,
            "slice": self.value,
            "estimate": self.estimate,
            "low": c.low if c else None,
            "high": c.high if c else None,
            "p_adjusted": c.p_adjusted if c else None,
            "n_items": self.n_items,
            "n_clusters": self.n_clusters,
            "leaning": self.leaning,
        }


def compare_slices(
    table: pd.DataFrame, items: Sequence[Item], *, scorer: str, higher_is_better: bool, seed: int = 0
) -> list[SliceComparison]:
    """Compares within every slice of every dimension that has at least two.

    Args:
        table: columns `item, cluster, a, b` of one scorer, as `paired_table` gives them.
        items: where the slices are read from.
        scorer: which score it is.
        higher_is_better: which way better is.
        seed: of bootstrap and permutation.
    """
    by_id = {item.id: item for item in items}
    parts = [(name, value, part) for name, read in DIMENSIONS.items() for value, part in _split(table, by_id, read)]
    parts = [part for n, part in enumerate(parts) if not _seen_before(part, parts[:n])]
    judged: dict[int, PairedComparison] = {}
    for number, (_, _, part) in enumerate(parts):
        if part["cluster"].nunique() >= MIN_PERSONS:
            try:
                judged[number] = compare_paired(
                    part, scorer=scorer, seed=seed, permutations=PERMUTATIONS, bootstrap=False
                )
            except InputError:
                continue
    adjusted = dict(zip(judged, adjust(list(judged.values())), strict=True))
    return [_of(*part, adjusted.get(n), 1.0 if higher_is_better else -1.0) for n, part in enumerate(parts)]


def _split(
    table: pd.DataFrame, items: Mapping[str, Item], read: Callable[[Item], str]
) -> list[tuple[str, pd.DataFrame]]:
    values = table["item"].map(lambda item: read(items[item]) or "not said")
    if values.nunique() < 2:
        return []
    return [(str(value), part) for value, part in table.groupby(values, sort=True)]


def _seen_before(part: tuple[str, str, pd.DataFrame], before: Sequence[tuple[str, str, pd.DataFrame]]) -> bool:
    """Whether another dimension cut the very same slice, e.g. a stratum that is the competency."""
    return any(value == part[1] and frame["item"].equals(part[2]["item"]) for _, value, frame in before)


def _of(
    dimension: str, value: str, part: pd.DataFrame, comparison: PairedComparison | None, sign: float
) -> SliceComparison:
    estimate = float((part["b"] - part["a"]).mean())
    leaning: Leaning = "too few"
    if comparison is not None:
        sure = (comparison.p_adjusted or 0.0) < ALPHA and comparison.estimate != 0
        leaning = "unclear" if not sure else "better" if sign * comparison.estimate > 0 else "worse"
    return SliceComparison(
        dimension=dimension,
        value=value,
        n_items=len(part),
        n_clusters=int(part["cluster"].nunique()),
        estimate=estimate,
        leaning=leaning,
        comparison=comparison,
    )
