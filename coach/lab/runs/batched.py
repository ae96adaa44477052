"""Large replays through batches: the answers come from a batch, everything after is the same pipeline.

A call the batch did not answer, or answered so that a repair is needed, goes to the live brain behind it, where the
run's budget has room for that. Batches are cut so that no part can pass the cost limit, at its dearest.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from coach.brain.port import (
    Brain,
    BrainChunk,
    EvaluationCall,
    InterviewPlan,
    PlanRequest,
    RequestSent,
    StreamEnd,
    SummaryItem,
    TextDelta,
    Used,
)
from coach.contracts.brain import JobContext
from coach.contracts.interview import SessionSummary
from coach.contracts.usage import UsageEvent
from coach.errors import VendorLimitError
from coach.lab.runs.appending import append_line
from coach.lab.runs.budget import RunBudget

PART_CALLS = 10_000
"""Below the vendor's own bounds of a batch (50,000 calls, 200 MB) with calls of up to 20 kB."""


class BatchedAnswer(Protocol):
    """One answer of a batch."""

    @property
    def text(self) -> str:
        """What the model said."""

    @property
    def ended(self) -> Any:
        """`complete`, `truncated` or `refused`."""

    @property
    def usage(self) -> tuple[UsageEvent, ...]:
        """What it used, at batch price."""

    @property
    def error(self) -> str:
        """Why there is no answer, else empty."""


class Batch(Protocol):
    """A vendor's batch of one variant."""

    async def submit(self, calls: Sequence[EvaluationCall]) -> str:
        """Starts a batch; returns its id."""

    async def answers(
        self, batch_id: str, on_progress: Callable[[int, int], None] | None = None
    ) -> Mapping[str, BatchedAnswer]:
        """Waits for it."""


class Purse(Protocol):
    """The run's money, as repairs of recorded answers need it."""

    def reserve(self) -> Decimal | None:
        """Sets aside what a repair may cost; None when there is no room."""

    def spend(self, attempt_id: str, reserved: Decimal, used: Sequence[UsageEvent]) -> None:
        """The repair is over."""


class RecordedBrain:
    """A brain that has its answers already; `recorded` keeps them out of latency figures."""

    recorded = True

    def __init__(self, live: Brain, answers: Mapping[str, BatchedAnswer], purse: Purse | None = None) -> None:
        """`answers` by attempt id; `live` answers what is not there, and repairs where `purse` has room."""
        self._live = live
        self._answers = answers
        self._purse = purse
        self.name, self.label, self.model = live.name, live.label, live.model
        self.judges_relevance = live.judges_relevance

    async def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        """The recorded text in one piece, or the live brain's stream.

        Raises:
            VendorLimitError: a recorded answer needs a repair that the cost limit has no room for.
        """
        answer = self._answers.get(call.attempt_id)
        if answer is None or answer.error:
            async for chunk in self._live.evaluate(call):
                yield chunk
        elif call.call_number > 1:
            async for chunk in self._repaired(call):
                yield chunk
        else:
            yield RequestSent()
            if answer.text:
                yield TextDelta(answer.text)
            yield Used(answer.usage)
            yield StreamEnd(answer.ended, self.model)

    async def _repaired(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        reserved = self._purse.reserve() if self._purse else Decimal(0)
        if reserved is None:
            raise VendorLimitError("The run's cost limit has no room for a repair.")
        used: list[UsageEvent] = []
        try:
            async for chunk in self._live.evaluate(call):
                if isinstance(chunk, Used):
                    used.extend(chunk.events)
                yield chunk
        finally:
            if self._purse:
                self._purse.spend(call.attempt_id, reserved, used)

    async def plan(self, request: PlanRequest) -> InterviewPlan:
        """The live brain's."""
        return await self._live.plan(request)

    async def summarise(
        self, items: tuple[SummaryItem, ...], job: JobContext, *, interview_id: str
    ) -> tuple[SessionSummary, tuple[UsageEvent, ...]]:
        """The live brain's."""
        return await self._live.summarise(items, job, interview_id=interview_id)

    async def warm_up(self) -> None:
        """Warms the live brain, which repairs what was recorded."""
        await self._live.warm_up()

    async def close(self) -> None:
        """Closes the live brain."""
        await self._live.close()


class BatchParts:
    """The batches one variant's calls were cut into. `ticket` holds their ids, so that a restart waits for the same."""

    def __init__(self, batch: Batch, ticket: Path, budget: RunBudget, cost: Callable[[BatchedAnswer], Decimal]) -> None:
        """`cost` says what an answer cost, in USD; what a new answer cost is spent from `budget`."""
        self._batch, self._ticket, self._budget, self._cost = batch, ticket, budget, cost

    async def collect(
        self,
        calls: Sequence[EvaluationCall],
        ceiling: Callable[[EvaluationCall], Decimal],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Mapping[str, BatchedAnswer]:
        """Answers to `calls` by attempt id; those are left out that the cost limit has no room for.

        Args:
            calls: what has no answer yet. Parts under way or answered before a restart are read first.
            ceiling: what a call costs at most.
            on_progress: takes how many of how many calls of a part are answered.

        Raises:
            VendorError: a batch could not be started or failed.
        """
        wanted = {call.attempt_id: call for call in calls}
        answers: dict[str, BatchedAnswer] = {}
        for part in self._known_parts():
            answers |= await self._read(part, wanted, on_progress)
        asked = {attempt_id for part in self._known_parts() for attempt_id in part["calls"]}
        waiting = [call for call in calls if call.attempt_id not in asked]
        while part_calls := self._fitting(waiting, ceiling):
            waiting = waiting[len(part_calls) :]
            part = {"batch": await self._batch.submit(part_calls), "calls": [call.attempt_id for call in part_calls]}
            self._remember(part)
            answers |= await self._read(part, wanted, on_progress)
        return answers

    def _fitting(self, calls: Sequence[EvaluationCall], ceiling: Callable[[EvaluationCall], Decimal]) -> list[Any]:
        """The first calls that fit into what is left, all at their dearest."""
        most, part = Decimal(0), []
        for call in calls[:PART_CALLS]:
            most += ceiling(call)
            if not self._budget.fits(most):
                break
            part.append(call)
        return part

    async def _read(
        self, part: Mapping[str, Any], wanted: Mapping[str, EvaluationCall], on_progress: Any
    ) -> dict[str, BatchedAnswer]:
        found = await self._batch.answers(part["batch"], on_progress)
        mine = {attempt_id: answer for attempt_id, answer in found.items() if attempt_id in wanted}
        self._budget.settle(Decimal(0), sum((self._cost(answer) for answer in mine.values()), Decimal(0)))
        return mine

    def _known_parts(self) -> list[dict[str, Any]]:
        """Parts in order; a line that a crash left half-written is no part."""
        found = []
        for line in self._ticket.read_bytes().splitlines() if self._ticket.exists() else ():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def _remember(self, part: Mapping[str, object]) -> None:
        append_line(self._ticket, json.dumps(part))
