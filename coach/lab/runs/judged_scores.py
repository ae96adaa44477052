"""Scores that judge prompts gave: asked once, kept beside the run, within the run's limits."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.lab.runs.appending import append_line
from coach.lab.runs.budget import RunBudget
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.own_scorers import JudgePrompt, material


class AnswerJudge(Protocol):
    """A model that scores one evaluation by a prompt."""

    @property
    def model(self) -> str:
        """Which model scores."""

    def most_tokens(self, prompt: str, shown: Mapping[str, object], low: float, high: float) -> tuple[int, int]:
        """Tokens in and out that one score may take at most."""

    async def score(self, prompt: str, shown: Mapping[str, object], low: float, high: float) -> float:
        """A score between `low` and `high`.

        Raises:
            VendorError: no usable score was had.
        """

    async def close(self) -> None:
        """Frees the client."""


UsageSink = Callable[[Sequence[UsageEvent]], None]
JudgeFactory = Callable[[UsageSink], AnswerJudge]


class ScoreBook:
    """Append-only JSONL of judged scores; a half-written line is ignored, what follows it is not."""

    def __init__(self, path: Path) -> None:
        """Reads what stands at `path`."""
        self._path = path
        self._scores: dict[tuple[str, ...], float] = {}
        self.spent_usd = Decimal(0)
        """What the scores cost so far, failed calls too."""
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
                if "usd" in row:
                    self.spent_usd += Decimal(row["usd"])
                    continue
                self._scores[tuple(row["of"])] = float(row["score"])
            except (ValueError, KeyError, TypeError, ArithmeticError):
                continue

    def of(self, key: str, outcome: Outcome) -> float | None:
        """The score of an outcome by the prompt `key`; None where it was not asked."""
        return self._scores.get(_identity(key, outcome))

    def keep(self, key: str, outcome: Outcome, score: float) -> None:
        """Remembers a score, on disk before it counts."""
        identity = _identity(key, outcome)
        self._write({"of": identity, "score": score})
        self._scores[identity] = score

    def pay(self, usd: Decimal) -> None:
        """Remembers what a call cost, so that a limit binds after a restart too."""
        self._write({"usd": str(usd)})
        self.spent_usd += usd

    def _write(self, row: Mapping[str, object]) -> None:
        append_line(self._path, json.dumps(row))


def _identity(key: str, outcome: Outcome) -> tuple[str, ...]:
    """Without the variant's name, which a comparison over two runs changes."""
    return key, outcome.variant_key, outcome.item_id, str(outcome.repeat)


class PromptScoring:
    """Has judge prompts score outcomes within the run's money; `notes` says what was left out and why."""

    def __init__(
        self,
        judge: AnswerJudge,
        book: ScoreBook,
        *,
        concurrency: int,
        budget: RunBudget,
        ceiling: Callable[[str, tuple[int, int]], Decimal],
    ) -> None:
        """`budget` is told what calls cost by whoever meters them; `ceiling` prices a model's tokens."""
        self._judge, self._book, self._concurrency = judge, book, concurrency
        self._budget, self._ceiling = budget, ceiling
        self._open, self._over = 0, asyncio.Event()
        self._failed = self._left = 0
        self.notes: list[str] = []

    async def score(self, prompts: Sequence[JudgePrompt], outcomes: Sequence[Outcome], items: Sequence[Item]) -> None:
        """Asks for every score that is not in the book, as many at once as the run allows.

        The cost limit binds as for every other call: what a call may cost at most is set aside before it is made.

        Raises:
            InputError: there is a limit, and the judge's model has no price.
        """
        by_id = {item.id: item for item in items}
        queue = iter(
            [
                (prompt, outcome)
                for prompt in prompts
                for outcome in outcomes
                if outcome.result is not None and self._book.of(prompt.key, outcome) is None
            ]
        )
        await asyncio.gather(*(self._work(queue, by_id) for _ in range(self._concurrency)))
        if self._left:
            self.notes.append(f"The cost limit is reached: {self._left} scores of judge prompts were not asked.")
        if self._failed:
            self.notes.append(f"{self._failed} scores of judge prompts could not be had from the provider.")

    async def _work(self, queue: Iterator[tuple[JudgePrompt, Outcome]], items: Mapping[str, Item]) -> None:
        for prompt, outcome in queue:
            assert outcome.result is not None
            shown = material(items[outcome.item_id], outcome.result)
            most = await self._set_aside(prompt, shown)
            if most is None:
                self._left += 1
                continue
            try:
                await self._one(prompt, outcome, shown)
            finally:
                self._budget.settle(most, Decimal(0))
                self._open -= 1
                self._over.set()

    async def _set_aside(self, prompt: JudgePrompt, shown: Mapping[str, object]) -> Decimal | None:
        """Reserves what a call may cost, waiting for open ones that may leave more; None when it does not fit."""
        most = Decimal(0)
        if self._budget.limit_usd is not None:
            most = self._ceiling(self._judge.model, self._judge.most_tokens(prompt.prompt, shown, *prompt.head.scale))
        while not self._budget.reserve(most):
            if not self._open:
                return None
            self._over.clear()
            await self._over.wait()
        self._open += 1
        return most

    async def _one(self, prompt: JudgePrompt, outcome: Outcome, shown: Mapping[str, object]) -> None:
        low, high = prompt.head.scale
        try:
            score = await self._judge.score(prompt.prompt, shown, low, high)
        except CoachError:
            self._failed += 1
            return
        self._book.keep(prompt.key, outcome, score)
