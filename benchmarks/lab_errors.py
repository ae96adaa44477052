"""How often the lab's verdict is wrong: equal variants, effects too small to matter, and five looks instead of one.

Five answers a person, differences correlated 0.3 within a person, SD 1 point, smallest useful difference 0.2 points.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from benchmarks._playing import table
from coach.lab.runs.looks import ALPHA, Look, standing
from coach.lab.statistics.paired import compare_paired
from coach.lab.statistics.verdict import decide

RUNS = int(os.environ.get("LAB_RUNS", "1000"))
PERSONS = (2, 3, 5, 8, 10, 15, 20, 30, 40)
SMALLEST = 0.2
SD_BETWEEN, SD_WITHIN = 0.3**0.5, 0.7**0.5


def answers(rng: np.random.Generator, persons: int, effect: float) -> pd.DataFrame:
    """One run's pairs in the order of a lot."""
    who = np.repeat(np.arange(persons), 5)
    difference = effect + rng.normal(0, SD_BETWEEN, persons)[who] + rng.normal(0, SD_WITHIN, len(who))
    pairs = pd.DataFrame({"item": np.arange(len(who)), "cluster": who, "a": 0.0, "b": difference})
    return pairs.iloc[rng.permutation(len(who))].reset_index(drop=True)


def ships(pairs: pd.DataFrame, looks: Sequence[int]) -> bool:
    """Whether any look at so many answers ships."""
    taken: list[Look] = []
    for judged in looks:
        look = standing(taken, "p", judged, len(pairs), datetime(2026, 1, 1, tzinfo=UTC))
        taken.append(look)
        alpha = ALPHA if look.judged == look.planned and look.number == 1 else look.alpha
        found = compare_paired(pairs.head(judged), confidence=1 - alpha, bootstrap=False, permutations=999)
        if decide(found, smallest_useful=SMALLEST, alpha=alpha).decision == "ship":
            return True
    return False


def rows() -> Iterator[list[object]]:
    """What was tried, how often, and how often it shipped."""
    for name, effect, peeks in (
        ("equal", 0.0, 1),
        ("a quarter of the smallest useful", SMALLEST / 4, 1),
        ("equal", 0.0, 5),
    ):
        rng, found = np.random.default_rng(26), 0
        for run in range(RUNS):
            persons = PERSONS[run % len(PERSONS)] if peeks == 1 else 40
            size = persons * 5
            found += ships(answers(rng, persons, effect), [round(size * (n + 1) / peeks) for n in range(peeks)])
        yield [name, "2 to 40" if peeks == 1 else "40", peeks, RUNS, f"{found / RUNS:.1%}"]


def main() -> None:
    """Prints the table."""
    table(["variants", "persons", "looks", "runs", "shipped"], list(rows()))


if __name__ == "__main__":
    main()
