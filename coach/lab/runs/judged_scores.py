"""Scores that judge prompts gave: asked once, kept beside the run, within the run's limits."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from coach.contracts.usage import UsageEvent
from coach.errors import CoachError
from coach.lab.runs.dataset import Item
from coach.lab.runs.experiment import LimitsFile
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.own_scorers import JudgePrompt, material


class AnswerJudge(Protocol):
    """A model that scores one evaluation by a prompt."""

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
    """Append-only JSONL of judged scores; a half-written last line is ignored on reading."""

    def __init__(self, path: Path) -> None:
        """Reads what stands at `path`."""
        self._path = path
        self._scores: dict[tuple[str, ...], float] = {}
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
                self._scores[tuple(row["of"])] = float(row["score"])
            except (ValueError, KeyError, TypeError):
                continue

    def of(self, key: str, outcome: Outcome) -> float | None:
        """The score of an outcome by the prompt `key`; None where it was not asked."""
        return self._scores.get(_identity(key, outcome))

    def keep(self, key: str, outcome: Outcome, score: float) -> None:
        """Remembers a score, on disk before it counts."""
        identity = _identity(key, outcome)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf8") as file:
            file.write(json.dumps({"of": identity, "score": score}) + "\n")
        self._scores[identity] = score


def _identity(key: str, outcome: Outcome) -> tuple[str, ...]:
    """Without the variant's name, which a comparison over two runs changes."""
    return key, outcome.variant_key, outcome.item_id, str(outcome.repeat)


class PromptScoring:
    """Has judge prompts score outcomes. `spent_usd` grows call by call; `notes` says what was left out and why."""

    def __init__(
        self, judge: AnswerJudge, book: ScoreBook, limits: LimitsFile, *, spent_usd: Callable[[], Decimal]
    ) -> None:
        """`spent_usd` tells what the run has cost so far, these calls included."""
        self._judge, self._book, self._limits, self._spent = judge, book, limits, spent_usd
        self.notes: list[str] = []

    async def score(self, prompts: Sequence[JudgePrompt], outcomes: Sequence[Outcome], items: Sequence[Item]) -> None:
        """Asks for every score that is not in the book, as many at once as the run allows.

        The cost limit binds: no more calls are made at once than fit, each taken to cost as much as the dearest so far.
        """
        by_id = {item.id: item for item in items}
        waiting = [
            (prompt, outcome)
            for prompt in prompts
            for outcome in outcomes
            if outcome.result is not None and self._book.of(prompt.key, outcome) is None
        ]
        dearest, failed, total = Decimal(0), 0, len(waiting)
        while waiting:
            if self._limits.cost_usd is not None and dearest == 0 and len(waiting) < total:
                self.notes.append(
                    "The judge's model has no price, so the cost limit cannot bind: the rest was not asked."
                )
                return
            size = self._fitting(dearest, first=dearest == 0)
            if size == 0:
                self.notes.append(f"The cost limit is reached: {len(waiting)} scores of judge prompts were not asked.")
                return
            now, waiting = waiting[:size], waiting[size:]
            before = self._spent()
            done = await asyncio.gather(*(self._one(prompt, outcome, by_id) for prompt, outcome in now))
            dearest = max(dearest, (self._spent() - before) / len(now))
            failed += done.count(False)
        if failed:
            self.notes.append(f"{failed} scores of judge prompts could not be had from the provider.")

    def _fitting(self, dearest: Decimal, *, first: bool) -> int:
        most, limit = self._limits.concurrency, self._limits.cost_usd
        if limit is None:
            return most
        left = limit - self._spent()
        if left <= 0:
            return 0
        return 1 if first else min(most, int(left / dearest))

    async def _one(self, prompt: JudgePrompt, outcome: Outcome, items: Mapping[str, Item]) -> bool:
        assert outcome.result is not None
        low, high = prompt.head.scale
        try:
            shown = material(items[outcome.item_id], outcome.result)
            score = await self._judge.score(prompt.prompt, shown, low, high)
        except CoachError:
            return False
        self._book.keep(prompt.key, outcome, score)
        return True
