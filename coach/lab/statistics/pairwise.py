"""A model as judge between two variants: every pair in both orders, and its own agreement with people reported.

A vote counts only when it is the same in both orders; the rest is ties (position bias, Zheng et al. 2023, "Judging
LLM-as-a-Judge", section 3.4). The win share is tested with an exact binomial test on the decided pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import scipy

from coach.contracts.evaluation import Evaluation
from coach.errors import InputError
from coach.foreign_data import from_json, lines_of
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome

Side = Literal["first", "second", "tie"]
Winner = Literal["a", "b", "tie"]
WINNERS: tuple[Winner, ...] = ("a", "b", "tie")


class PairJudge(Protocol):
    """Somebody who says which of two evaluations coaches better."""

    async def prefer(self, question: str, answer: str, first: Evaluation, second: Evaluation) -> Side:
        """The better one as shown.

        Raises:
            VendorError: no judgement was had.
        """


@dataclass(frozen=True, slots=True)
class PairVote:
    """One item judged in both orders. `consistent` is False when the order decided; the winner is a tie then."""

    item_id: str
    winner: Winner
    consistent: bool


@dataclass(frozen=True, slots=True)
class PairReport:
    """What the votes come to. `share_b` is of decided pairs; `kappa` is agreement with people, None without any."""

    wins_a: int
    wins_b: int
    ties: int
    share_b: float | None
    low: float | None
    high: float | None
    p_value: float | None
    consistency: float
    kappa: float | None = None
    n_human: int = 0


async def vote(judge: PairJudge, item: Item, a: Evaluation, b: Evaluation) -> PairVote:
    """Asks twice, with the order swapped."""
    question, answer = item.input.question.text, item.input.user_answer.transcript
    forth = await judge.prefer(question, answer, a, b)
    back = await judge.prefer(question, answer, b, a)
    straight: Winner = {"first": "a", "second": "b", "tie": "tie"}[forth]  # type: ignore[assignment]
    swapped: Winner = {"first": "b", "second": "a", "tie": "tie"}[back]  # type: ignore[assignment]
    same = straight == swapped
    return PairVote(item.id, straight if same else "tie", same)


def pairs(
    outcomes: Sequence[Outcome], items: Sequence[Item], *, a: str, b: str
) -> list[tuple[Item, Evaluation, Evaluation]]:
    """Items both variants evaluated, first repeat.

    Raises:
        InputError: there is none.
    """
    found: dict[tuple[str, str], Evaluation] = {}
    for outcome in outcomes:
        if outcome.result is not None and outcome.repeat == 0:
            found[outcome.variant, outcome.item_id] = outcome.result.evaluation
    both = [(i, found[a, i.id], found[b, i.id]) for i in items if (a, i.id) in found and (b, i.id) in found]
    if not both:
        raise InputError(f"No answer was judged by both '{a}' and '{b}'.")
    return both


def report(votes: Sequence[PairVote], human: Mapping[str, Winner] | None = None) -> PairReport:
    """Sums votes up; `human` are people's preferences by item.

    Raises:
        InputError: no vote.
    """
    if not votes:
        raise InputError("No pair was judged.")
    wins_a, wins_b, ties = (sum(v.winner == name for v in votes) for name in WINNERS)
    decided = wins_a + wins_b
    test = scipy.stats.binomtest(wins_b, decided) if decided else None
    interval = test.proportion_ci(method="exact") if test else None
    shared = [(human[v.item_id], v.winner) for v in votes if v.item_id in human] if human else []
    return PairReport(
        wins_a=wins_a,
        wins_b=wins_b,
        ties=ties,
        share_b=wins_b / decided if decided else None,
        low=float(interval.low) if interval else None,
        high=float(interval.high) if interval else None,
        p_value=float(test.pvalue) if test else None,
        consistency=sum(v.consistent for v in votes) / len(votes),
        kappa=_kappa(shared),
        n_human=len(shared),
    )


def _kappa(shared: Sequence[tuple[Winner, Winner]]) -> float | None:
    table = np.zeros((3, 3))
    for person, judge in shared:
        table[WINNERS.index(person), WINNERS.index(judge)] += 1
    if len(shared) < 2 or (table.sum(axis=0) > 0).sum() < 2:
        return None
    from statsmodels.stats.inter_rater import cohens_kappa

    return float(cohens_kappa(table, return_results=True).kappa)


def human_votes(path: Path) -> dict[str, Winner]:
    """People's preferences from JSONL, `{"item": id, "winner": "a" | "b" | "tie"}` a line.

    Raises:
        InputError: the file is no text, or a line cannot be used; names the first.
    """
    found: dict[str, Winner] = {}
    try:
        lines = lines_of(path.read_text("utf8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read as text.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = from_json(line)
            item, winner = str(row["item"]), row["winner"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"Line {number} is not a human vote.") from error
        if winner not in WINNERS:
            raise InputError(f"Line {number}: the winner is a, b or tie.")
        found[item] = winner
    return found
