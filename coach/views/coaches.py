"""How far coaches agree who judged the same answers. No Streamlit."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from coach.lab.statistics.agreement import agreement, kappa_interval
from coach.views.review import ENOUGH, kappa_word, latest_words

COLUMNS = ["first", "second", "answers", "kappa", "low", "high", "difference", "first higher by"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two coaches on the answers both judged, overall 0-10.

    Attributes:
        first, second: who.
        answers: how many both judged.
        kappa: quadratic weighted, over half points; None below `ENOUGH` answers or without any spread.
        low, high: its 95 % interval.
        difference: mean distance in points.
        bias: how much higher the first scores.
    """

    first: str
    second: str
    answers: int
    kappa: float | None
    low: float | None
    high: float | None
    difference: float
    bias: float


def pairs(frame: pd.DataFrame, reviews: pd.DataFrame) -> list[Pair]:
    """Every two coaches who judged at least one answer both, those with most answers first.

    Args:
        frame: the answers looked at, with `attempt_id` and `user_id`.
        reviews: of `coach.views.review.all_reviews`; of each coach the latest overall counts.
    """
    wide = _wide(frame, reviews)
    people = frame.drop_duplicates("attempt_id").set_index("attempt_id")["user_id"]
    found = [pair for first, second in combinations(wide.columns, 2) for pair in _pair(wide[[first, second]], people)]
    return sorted(found, key=lambda pair: (-pair.answers, pair.first, pair.second))


def _wide(frame: pd.DataFrame, reviews: pd.DataFrame) -> pd.DataFrame:
    """One row per answer, one column per coach."""
    judged = reviews[reviews["attempt_id"].isin(frame["attempt_id"]) & reviews["overall"].notna()]
    wide = latest_words(judged).pivot(index="attempt_id", columns="coach", values="overall")
    return wide.rename(columns=_names(judged)).astype("float64").sort_index(axis=1).sort_index()


def _names(judged: pd.DataFrame) -> dict[str, str]:
    """What each coach was called last; of two with one name each also shows the beginning of their id."""
    last = judged.drop_duplicates("coach", keep="last").set_index("coach")["reviewer"].astype(str)
    twins = set(last[last.duplicated(keep=False)])
    return {str(coach): f"{name} ({str(coach)[:6]})" if name in twins else name for coach, name in last.items()}


def _pair(two: pd.DataFrame, people: pd.Series) -> Iterator[Pair]:
    both = two.dropna()
    if both.empty:
        return
    names = [str(name) for name in both.columns]
    x, y = both.iloc[:, 0].to_numpy(float), both.iloc[:, 1].to_numpy(float)
    found = agreement(y, x)
    told = found.qwk if len(both) >= ENOUGH else None
    interval = None if told is None else kappa_interval(x, y, people.reindex(both.index).astype(str))
    low, high = interval or (None, None)
    yield Pair(names[0], names[1], found.n, told, low, high, found.mae, found.bias)


def pairs_table(found: list[Pair]) -> pd.DataFrame:
    """One row per pair for the page; kappa is missing below `ENOUGH` answers."""
    rows = [(p.first, p.second, p.answers, p.kappa, p.low, p.high, p.difference, p.bias) for p in found]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:], "float64"))


def in_words(pair: Pair) -> str:
    """One sentence on a pair, with what it rests on."""
    if pair.kappa is None:
        if pair.answers < ENOUGH:
            return f"Both judged {pair.answers} answers; agreement is told from {ENOUGH} on."
        return "One of them gave every answer the same score: agreement cannot be told."
    word = kappa_word(pair.kappa)
    interval = "" if pair.low is None else f" (95 % interval {pair.low:.2f} to {pair.high:.2f})"
    return f"Weighted kappa {pair.kappa:.2f}{interval}, {word}, on {pair.answers} answers."
