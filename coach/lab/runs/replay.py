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

    `cost_usd` binds: a call is made only when what is spent and what all calls in flight and this one may cost, each as
    much as the dearest so far, stay within it. Until a price is known, one call is made at a time.
    """

    concurrency: int = 20
    calls_per_s: float | None = None
    cost_usd: Decimal | None = None

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
    in_flight: int = 0
    dearest_usd: Decimal | None = None

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


@dataclass(slots=True)
class Replay:
    """One run: dataset x variants x repeats."""

    dataset: Dataset
    variants: Sequence[Variant]
    judge: Judge
    journal: RunJournal
    cache: ResponseCache | None = None
    repeats: int = 1
    limits: RunLimits = field(default_factory=RunLimits)
    on_progress: Callable[[RunReport], None] = lambda _: None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

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
        return report

    def _resume(self, report: RunReport) -> list[Call]:
        mine = {(v.name, v.key) for v in self.variants}
        written = [o for o in self.journal.outcomes() if (o.variant, o.variant_key) in mine]
        kept = (o for o in written if not o.error)
        known = {o.identity: o for o in kept}
        report.outcomes = list(known.values())
        report.resumed = len(known)
        report.spent_usd = sum((o.cost_usd for o in written if not o.cached), Decimal(0))
        waiting = [
            (variant, item, repeat)
            for repeat in range(self.repeats)
            for item in self.dataset.items
            for variant in self.variants
            if (variant.name, variant.key, item.id, repeat) not in known
        ]
        random.Random(self.dataset.content_hash).shuffle(waiting)
        return waiting

    async def _work(self, queue: Iterator[Call], limiter: AsyncLimiter | None, report: RunReport) -> None:
        for variant, item, repeat in queue:
            if self._over_budget(report):
                return
            outcome = self._cached(variant, item, repeat)
            if outcome is None:
                if not await self._within_budget(report):
                    return
                if limiter:
                    await limiter.acquire()
                outcome = await self._call(variant, item, repeat)
                report.in_flight -= 1
            self._record(item, outcome, report)
            self._news.set()

    async def _within_budget(self, report: RunReport) -> bool:
        """Waits until this call fits beside those in flight; False when it will not any more."""
        limit = self.limits.cost_usd
        while limit is not None and report.in_flight:
            dearest = report.dearest_usd
            if dearest is not None and report.spent_usd + (report.in_flight + 1) * dearest <= limit:
                break
            self._news.clear()
            await self._news.wait()
        if limit is not None and report.spent_usd + (report.dearest_usd or 0) > limit:
            self._stop(report)
            return False
        report.in_flight += 1
        return True

    def _over_budget(self, report: RunReport) -> bool:
        limit = self.limits.cost_usd
        if limit is None or report.spent_usd < limit:
            return False
        self._stop(report)
        return True

    def _stop(self, report: RunReport) -> None:
        left = report.total - report.done
        report.stopped = f"The cost limit of ${self.limits.cost_usd} is reached; {left} calls were not made."

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
        place = self.journal.append(outcome)
        if self.cache and not outcome.cached:
            self.cache.put(item, outcome, place)
        report.outcomes.append(outcome)
        report.spent_usd += Decimal(0) if outcome.cached else outcome.cost_usd
        if not outcome.cached:
            report.dearest_usd = max(report.dearest_usd or Decimal(0), outcome.cost_usd)
        self.on_progress(report)


@asynccontextmanager
async def _worker_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the one error that stopped it instead of a group of errors."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except* CoachError as errors:
        raise errors.exceptions[0] from None
