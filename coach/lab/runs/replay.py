"""Runs stored answers through variants: many at once, within a rate and a cost limit, resumable, never paying twice.

How one answer is evaluated is handed in (`Judge`), so the same engine serves a model, a local server, the offline coach
and the Batch API.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from aiolimiter import AsyncLimiter

from coach.errors import CoachError, InputError
from coach.lab.runs.budget import Ceiling, RunBudget
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.journal import ResponseCache, RunJournal
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant

Call = tuple[Variant, Item, int]
Judge = Callable[[Variant, Item, int], Awaitable[Outcome]]
"""Evaluates one item once. Returns an outcome with `error` when the provider failed; raises only for bad set-up."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How hard and how far a run may go.

    `cost_usd` binds: a call is made only when what is spent and what all calls in flight and this one may cost at most
    stay within it. `answers`: stop after so many of the dataset's answers, drawn by lot once for the whole run.
    """

    concurrency: int = 20
    calls_per_s: float | None = None
    cost_usd: Decimal | None = None
    answers: int | None = None

    def __post_init__(self) -> None:
        """Refuses limits that would never let a call through."""
        if self.concurrency < 1 or (self.calls_per_s is not None and self.calls_per_s <= 0):
            raise InputError("A run needs a concurrency of at least 1 and a rate above 0.")
        if self.cost_usd is not None and self.cost_usd < 0:
            raise InputError("A cost limit cannot be negative.")


@dataclass(slots=True)
class RunReport:
    """Where a run stands. `stopped` says why it ended early, empty when it is complete."""

    total: int
    outcomes: list[Outcome] = field(default_factory=list)
    resumed: int = 0
    spent_usd: Decimal = Decimal(0)
    stopped: str = ""

    @property
    def failures(self) -> int:
        """Calls the provider failed; no statement about quality."""
        return sum(1 for o in self.outcomes if o.error)

    @property
    def cached(self) -> int:
        """Answers taken from earlier identical calls."""
        return sum(1 for o in self.outcomes if o.cached)

    @property
    def done(self) -> int:
        """Calls that have an outcome."""
        return len(self.outcomes)


def _free(_variant: Variant, _item: Item, _repeat: int) -> Decimal:
    return Decimal(0)


@dataclass(slots=True)
class Replay:
    """One run: dataset x variants x repeats.

    Attributes:
        ceiling: what a call may cost at most; asked only where there is a cost limit.
        budget: money shared with others that spend for this run, already less what the journal holds.
        spent_beside: what judge prompts have cost in this run.
        already_spent: what an answer cost that the budget has been told of before, as a batch's.
    """

    dataset: Dataset
    variants: Sequence[Variant]
    judge: Judge
    journal: RunJournal
    cache: ResponseCache | None = None
    repeats: int = 1
    limits: RunLimits = field(default_factory=RunLimits)
    on_progress: Callable[[RunReport], None] = lambda _: None
    ceiling: Ceiling = _free
    budget: RunBudget | None = None
    already_spent: Ceiling = _free
    spent_beside: Decimal = Decimal(0)
    _budget: RunBudget = field(default_factory=RunBudget, init=False)
    _open: int = field(default=0, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        """Refuses a run that could show nothing.

        Raises:
            InputError: an empty dataset, no variant, names used twice, no repeat.
        """
        if not self.dataset.items:
            raise InputError(f"The dataset '{self.dataset.name}' is empty.", mend="Add answers before a run.")
        if not self.variants or self.repeats < 1:
            raise InputError("A run needs at least one variant and one repeat.")
        if len({v.name for v in self.variants}) < len(self.variants):
            raise InputError("Two variants have the same name.", mend="Name each variant differently.")

    async def run(self) -> RunReport:
        """Runs what has no outcome yet and returns the whole run's report."""
        report = RunReport(total=len(self.dataset.items) * len(self.variants) * self.repeats)
        waiting = self._resume(report)
        limiter = AsyncLimiter(1, 1 / self.limits.calls_per_s) if self.limits.calls_per_s else None
        queue = iter(waiting)
        async with _worker_group() as group:
            for _ in range(min(self.limits.concurrency, len(waiting))):
                group.create_task(self._work(queue, limiter, report))
        self.journal.close()
        if self.cache:
            self.cache.close()
        report.stopped = self._why_stopped(report, len(waiting))
        return report

    def _why_stopped(self, report: RunReport, open_before: int) -> str:
        left = report.total - report.done
        if not left:
            return ""
        if report.done - report.resumed < open_before:
            return f"The cost limit of ${self.limits.cost_usd} is reached; {left} calls were not made."
        size = len(self.dataset.items)
        return f"Paused for a look after {self.limits.answers} of {size} answers; raise `limits.answers` to go on."

    def spent_before(self) -> Decimal:
        """What this run has cost so far, failed calls and judge prompts too."""
        return _spent(self._written()) + self.spent_beside

    def open_calls(self) -> list[Call]:
        """Calls without an outcome, neither in this run's journal nor in the cache."""
        waiting = self._resume(RunReport(total=0))
        return [call for call in waiting if self._cached(*call) is None]

    def _written(self) -> list[Outcome]:
        mine = {(v.name, v.key) for v in self.variants}
        return [o for o in self.journal.outcomes() if (o.variant, o.variant_key) in mine]

    def _resume(self, report: RunReport) -> list[Call]:
        written = self._written()
        kept = (o for o in written if not o.error)
        known = {o.identity: o for o in kept}
        report.outcomes = list(known.values())
        report.resumed = len(known)
        report.spent_usd = _spent(written)
        self._budget = self.budget or RunBudget(self.limits.cost_usd, report.spent_usd + self.spent_beside)
        return [
            (variant, item, repeat)
            for item in self._drawn()
            for repeat in range(self.repeats)
            for variant in self.variants
            if (variant.name, variant.key, item.id, repeat) not in known
        ]

    def _drawn(self) -> list[Item]:
        """The answers in the order of one lot, so that whatever is there at a look is a sample of the whole."""
        items = list(self.dataset.items)
        random.Random(self.dataset.content_hash).shuffle(items)
        return items[: self.limits.answers]

    async def _work(self, queue: Iterator[Call], limiter: AsyncLimiter | None, report: RunReport) -> None:
        for call in queue:
            if self.journal.is_forgotten(call[1].id):
                report.total -= 1
                continue
            outcome = self._cached(*call)
            if outcome is None:
                most = await self._set_aside(call)
                if most is None:
                    continue
                if limiter:
                    await limiter.acquire()
                outcome = await self._call(*call)
                self._budget.settle(most, outcome.cost_usd - min(self.already_spent(*call), outcome.cost_usd))
                self._open -= 1
            self._record(call[1], outcome, report)
            self._news.set()

    async def _set_aside(self, call: Call) -> Decimal | None:
        """Reserves what this call may cost, waiting for open calls that may leave more; None when it does not fit."""
        most = Decimal(0) if self._budget.limit_usd is None else self.ceiling(*call)
        while not self._budget.reserve(most):
            if not self._open:
                return None
            self._news.clear()
            await self._news.wait()
        self._open += 1
        return most

    def _cached(self, variant: Variant, item: Item, repeat: int) -> Outcome | None:
        found = self.cache.get(variant.key, item, repeat) if self.cache else None
        if found is None:
            return None
        return found.model_copy(
            update={"cached": True, "variant": variant.name, "item_id": item.id, "cost_usd": Decimal(0)}
        )

    async def _call(self, variant: Variant, item: Item, repeat: int) -> Outcome:
        try:
            return await self.judge(variant, item, repeat)
        except CoachError as error:
            return Outcome(
                variant=variant.name,
                variant_key=variant.key,
                item_id=item.id,
                repeat=repeat,
                error=error.code,
                finished_at=datetime.now(UTC),
            )

    def _record(self, item: Item, outcome: Outcome, report: RunReport) -> None:
        place = self.journal.append(outcome, item.person)
        report.spent_usd += Decimal(0) if outcome.cached else outcome.cost_usd
        if place is None:  # cut out while it was being judged
            report.total -= 1
            return
        if self.cache and not outcome.cached:
            self.cache.put(item, outcome, place)
        report.outcomes.append(outcome)
        self.on_progress(report)


def _spent(outcomes: Sequence[Outcome]) -> Decimal:
    return sum((o.cost_usd for o in outcomes if not o.cached), Decimal(0))


@asynccontextmanager
async def _worker_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the one error that stopped it instead of a group of errors."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except* CoachError as errors:
        raise errors.exceptions[0] from None
