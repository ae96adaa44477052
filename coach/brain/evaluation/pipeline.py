"""One evaluation from call to contract: stream, sections, guards, repair; it always ends in a valid evaluation.

Sections are handed over in the contract's order, each the moment it closes. What has been handed over stands: a retry
only fills in what is still missing, so nobody hears a question or sees a score twice.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from coach.brain.care.advice import judged_text
from coach.brain.evaluation.call_reader import CallReader
from coach.brain.evaluation.deadlines import Timeouts
from coach.brain.evaluation.draft import Tally
from coach.brain.evaluation.progress import CareTaken, EvaluationFinished, MarkReached, Progress, SectionReady, StoodIn
from coach.brain.evaluation.repair import RepairLadder
from coach.brain.evaluation.unscored import unscored_steps
from coach.brain.guards.context import GuardContext
from coach.brain.port import Brain, EvaluationCall
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import EvaluationResult
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript
from coach.contracts.usage import UsageEvent
from coach.errors import VendorError

__all__ = [
    "CareTaken",
    "EvaluationFinished",
    "MarkReached",
    "Progress",
    "SectionReady",
    "StoodIn",
    "Timeouts",
    "evaluate_to_end",
    "run_evaluation",
]
log = logging.getLogger(__name__)
UsageSink = Callable[[Sequence[UsageEvent]], None]
ReadApart = Callable[[GuardContext], Awaitable[GuardContext]]
LONG_CHARS = 6_000
"""Some eight minutes of speech."""


async def run_evaluation(
    brain: Brain,
    call: EvaluationCall,
    *,
    transcript: Transcript,
    delivery: DeliveryMetrics,
    policy: Policy,
    timeouts: Timeouts | None = None,
    bundle: str = "",
    on_abandoned: UsageSink | None = None,
    read_apart: ReadApart | None = None,
) -> AsyncGenerator[Progress, None]:
    """Evaluates one answer and reports progress; ends with exactly one `EvaluationFinished`.

    Never raises for vendor trouble. Closing the iterator cancels the call; what was used goes to `on_abandoned`.
    Usage's identity needs a `call.call_number` above any earlier one of the attempt. `read_apart` reads long answers.
    """
    timeouts = timeouts or getattr(brain, "timeouts", None) or Timeouts()
    total_deadline = asyncio.get_running_loop().time() + timeouts.total_s
    unread = GuardContext(call.input, transcript, delivery, policy, brain.model, call.resume_text)
    context = await _read(unread, read_apart)
    care = context.care
    bundle = bundle or getattr(getattr(brain, "bundle", None), "label", "")
    if care and care.unscored:
        for step in unscored_steps(context, care, brain=brain.name, bundle=bundle):
            yield step
        return
    if care:
        yield CareTaken(care)
    tally = _begun(context, brain, bundle)
    try:
        async with aclosing(_to_the_end(brain, _as_data(call, context), tally, timeouts, total_deadline)) as stream:
            async for progress in stream:
                yield progress
    finally:
        tally.abandon(on_abandoned)


def _begun(context: GuardContext, brain: Brain, bundle: str) -> Tally:
    tally = Tally(context, bundle=bundle, brain=brain.name, judges_relevance=brain.judges_relevance)
    if context.instructions:
        tally.note("instructions_ignored", f"{len(context.instructions)} passage(s) addressed to the evaluator")
    return tally


async def _to_the_end(
    brain: Brain, call: EvaluationCall, tally: Tally, timeouts: Timeouts, total_deadline: float
) -> AsyncGenerator[Progress, None]:
    """What calls bring, then what stands in for the rest, then the result.

    A brain that brought nothing at all and names a `stand_in` (a model on this computer: the offline coach) is replaced
    by it; where something was handed over already, two judges never share one evaluation.
    """
    async with aclosing(_climb(brain, call, tally, timeouts, total_deadline)) as stream:
        async for progress in stream:
            yield progress
    stand_in: Brain | None = getattr(brain, "stand_in", None)
    if stand_in and tally.hand_over(stand_in):
        yield StoodIn(stand_in.name)
        deadline = asyncio.get_running_loop().time() + Timeouts().total_s
        async with aclosing(CallReader(stand_in, call, tally, Timeouts(), deadline).read()) as stream:
            async for progress in stream:
                yield progress
    for ready in tally.fill_with_minimal():
        yield ready
    yield EvaluationFinished(await tally.result())


async def _read(context: GuardContext, read_apart: ReadApart | None) -> GuardContext:
    """The answer read for care and for orders to the evaluator; a long one in another process, else in a thread.

    Reading 20,000 characters takes up to 2 s of CPU, in which the interpreter's lock would hold up everybody.
    """
    if read_apart and len(context.transcript.text) > LONG_CHARS:
        try:
            return await read_apart(context)
        except VendorError as error:
            log.warning("a long answer is read in this process: %s", error.code)
    await asyncio.to_thread(lambda: (context.care, context.instructions))
    return context


async def evaluate_to_end(
    brain: Brain,
    call: EvaluationCall,
    *,
    transcript: Transcript,
    delivery: DeliveryMetrics,
    policy: Policy,
    timeouts: Timeouts | None = None,
    bundle: str = "",
    on_abandoned: UsageSink | None = None,
) -> EvaluationResult:
    """The same without progress, for the command line and the lab."""
    steps = run_evaluation(
        brain,
        call,
        transcript=transcript,
        delivery=delivery,
        policy=policy,
        timeouts=timeouts,
        bundle=bundle,
        on_abandoned=on_abandoned,
    )
    async with aclosing(steps) as stream:
        async for progress in stream:
            if isinstance(progress, EvaluationFinished):
                return progress.result
    raise RuntimeError("an evaluation ended without its result")


def _as_data(call: EvaluationCall, context: GuardContext) -> EvaluationCall:
    """What a judge sees: nothing said to it, no threat, admission or strong word; the transcript is kept as it is."""
    said = context.answer.without_instructions() if context.instructions else context.transcript.text
    judged = judged_text(context.care_reading, said)
    if judged == context.transcript.text:
        return call
    answer = call.input.user_answer.model_copy(update={"transcript": judged})
    return replace(call, input=call.input.model_copy(update={"user_answer": answer}))


async def _climb(
    brain: Brain, call: EvaluationCall, tally: Tally, timeouts: Timeouts, total_deadline: float
) -> AsyncGenerator[Progress, None]:
    """Calls, and calls again as long as the ladder allows and something is missing."""
    ladder = RepairLadder()
    next_call: EvaluationCall | None = call
    while next_call is not None:
        reader = CallReader(brain, next_call, tally, timeouts, total_deadline)
        async with aclosing(reader.read()) as stream:
            async for progress in stream:
                yield progress
        if tally.complete:
            if reader.failure:
                tally.note("after_the_end", reader.summary)
            return
        tally.failed(reader)
        log.info("evaluation call %d failed: %s", next_call.call_number, reader.failure)
        if asyncio.get_running_loop().time() >= total_deadline:
            return
        next_call = ladder.next_call(
            next_call, reader.failure or "invalid_schema", retryable=reader.retryable, detail=reader.detail
        )
