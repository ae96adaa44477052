"""The offline coach: judges an answer by rules and small shipped models, with no key and no network.

Deterministic: the same input gives the same text, byte for byte. It streams its JSON in contract order like a model, so
that sectioning, guards and pages know one path only. See `docs/offline-coach.md` for the method and its figures.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from coach.brain.offline.compose import compose
from coach.brain.offline.judge_pool import JudgePool
from coach.brain.offline.rewrite import MAX_WORDS
from coach.brain.planning.planner import plan_interview
from coach.brain.planning.summary import summarise_offline
from coach.brain.port import (
    BrainChunk,
    EvaluationCall,
    InterviewPlan,
    PlanRequest,
    RequestSent,
    StreamEnd,
    SummaryItem,
    TextDelta,
)
from coach.brain.reading.answer import read
from coach.contracts.brain import EvaluationInput, JobContext
from coach.contracts.evaluation import Evaluation
from coach.contracts.interview import SessionSummary
from coach.contracts.usage import UsageEvent

MODEL = "offline-coach-1"
CHUNK_CHARS = 256


def evaluation_of(given: EvaluationInput, max_words: int = MAX_WORDS) -> Evaluation:
    """The evaluation of one answer; pure and deterministic."""
    return compose(read(given), MODEL, max_words)


def as_json(evaluation: Evaluation) -> str:
    """The text a model would have streamed."""
    return json.dumps(evaluation.model_dump(mode="json"), ensure_ascii=False)


class OfflineCoach:
    """A `Brain` without a vendor."""

    name = "offline"
    label = "offline coach"
    model = MODEL
    judges_relevance = False

    def __init__(self, rewrite_words: int = MAX_WORDS, pool: JudgePool | None = None) -> None:
        """`rewrite_words` is the longest rewrite the policy allows; without a `pool` this process judges itself."""
        self._max_words = rewrite_words
        self._pool = pool

    async def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        """Streams the evaluation in pieces of 256 characters; uses nothing that costs."""
        yield RequestSent()
        if self._pool:
            text = await self._pool.judge(call.input, self._max_words)
        else:
            text = as_json(await asyncio.to_thread(self.evaluate_now, call))
        for start in range(0, len(text), CHUNK_CHARS):
            yield TextDelta(text[start : start + CHUNK_CHARS])
        yield StreamEnd("complete", MODEL)

    def evaluate_now(self, call: EvaluationCall) -> Evaluation:
        """The whole evaluation at once."""
        return evaluation_of(call.input, self._max_words)

    async def plan(self, request: PlanRequest) -> InterviewPlan:
        """Parses the posting and picks questions from the bank."""
        return await asyncio.to_thread(plan_interview, request)

    async def summarise(
        self, items: tuple[SummaryItem, ...], job: JobContext, *, interview_id: str
    ) -> tuple[SessionSummary, tuple[UsageEvent, ...]]:
        """What the session showed, from the best attempts."""
        return summarise_offline(items, job), ()

    async def warm_up(self) -> None:
        """Loads what the first answer would wait for."""
        if self._pool:
            await self._pool.warm_up()

    async def close(self) -> None:
        """The pool belongs to whoever made it."""
