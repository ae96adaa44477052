"""Large replays through a batch: the answers come from the batch, everything after is the same pipeline.

A call the batch did not answer, or answered so that a repair is needed, goes to the live brain behind it.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
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


class RecordedBrain:
    """A brain that has its answers already; `recorded` keeps them out of latency figures."""

    recorded = True

    def __init__(self, live: Brain, answers: Mapping[str, BatchedAnswer]) -> None:
        """`answers` by attempt id; `live` answers what is not there and repairs."""
        self._live = live
        self._answers = answers
        self.name, self.label, self.model = live.name, live.label, live.model
        self.judges_relevance = live.judges_relevance

    async def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        """The recorded text in one piece, or the live brain's stream."""
        answer = self._answers.get(call.attempt_id)
        if answer is None or answer.error or call.call_number > 1:
            async for chunk in self._live.evaluate(call):
                yield chunk
            return
        yield RequestSent()
        if answer.text:
            yield TextDelta(answer.text)
        yield Used(answer.usage)
        yield StreamEnd(answer.ended, self.model)

    async def plan(self, request: PlanRequest) -> InterviewPlan:
        """The live brain's."""
        return await self._live.plan(request)

    async def summarise(
        self, items: tuple[SummaryItem, ...], job: JobContext, *, interview_id: str
    ) -> tuple[SessionSummary, tuple[UsageEvent, ...]]:
        """The live brain's."""
        return await self._live.summarise(items, job, interview_id=interview_id)

    async def close(self) -> None:
        """Closes the live brain."""
        await self._live.close()


async def collect(
    batch: Batch,
    calls: Sequence[EvaluationCall],
    ticket: Path,
    on_progress: Callable[[int, int], None] | None = None,
) -> Mapping[str, BatchedAnswer]:
    """Answers to `calls`; the batch's id is written to `ticket` before waiting, so that a restart waits for the same.

    Raises:
        VendorError: the batch could not be started or failed.
    """
    wanted = sorted(call.attempt_id for call in calls)
    if ticket.exists():
        known = json.loads(ticket.read_text("utf8"))
        if known["calls"] == wanted:
            return await batch.answers(known["batch"], on_progress)
    batch_id = await batch.submit(calls)
    ticket.parent.mkdir(parents=True, exist_ok=True)
    ticket.write_text(json.dumps({"batch": batch_id, "calls": wanted}), "utf8")
    return await batch.answers(batch_id, on_progress)
