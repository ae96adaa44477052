"""Evaluates one stored answer through a variant with the very pipeline that serves people."""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from coach.brain.evaluation.pipeline import run_evaluation
from coach.brain.evaluation.progress import EvaluationFinished, SectionReady
from coach.brain.port import BATCH_CALL, Brain, EvaluationCall
from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.brain import EvaluationResult
from coach.contracts.interview import new_id
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.contracts.usage import UsageEvent
from coach.delivery.measure import from_input
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.variant import Variant

VENDOR_RULE = "vendor_failed"
BrainFactory = Callable[[Variant, PromptBundle], Brain]
Pricer = Callable[[list[UsageEvent]], list[UsageEvent]]
Meter = Callable[[Sequence[UsageEvent]], None]
OnSection = Callable[[Variant, SectionReady], None]


class PipelineJudge:
    """A `Judge` over brains. One brain per variant, built once, closed at the end."""

    def __init__(
        self, make_brain: BrainFactory, price: Pricer, meter: Meter, on_section: OnSection = lambda _, __: None
    ) -> None:
        """Takes how a variant's brain is built, how its usage is priced, who writes it down, who sees each section."""
        self._meter = meter
        self._on_section = on_section
        self._make_brain = make_brain
        self._price = price
        self._ready: dict[str, tuple[Brain, PromptBundle]] = {}

    async def __call__(self, variant: Variant, item: Item, repeat: int) -> Outcome:
        """One call; provider trouble becomes the outcome's `error`, never a statement about quality."""
        brain, bundle = self._of(variant)
        call = lab_call(variant, bundle, item, repeat)
        answer = call.input.user_answer
        started = time.perf_counter()
        first_section_ms: float | None = None
        result: EvaluationResult | None = None
        async for progress in run_evaluation(
            brain,
            call,
            transcript=_typed(answer.transcript, answer.duration_seconds),
            delivery=from_input(call.input.delivery_metrics),
            policy=bundle.policy,
            bundle=bundle.label,
            on_abandoned=self._used,
        ):
            if isinstance(progress, SectionReady):
                first_section_ms = first_section_ms or 1000 * (time.perf_counter() - started)
                self._on_section(variant, progress)
            if isinstance(progress, EvaluationFinished):
                result = progress.result
                self._used(result.usage)
        total_ms: float | None = 1000 * (time.perf_counter() - started)
        if getattr(brain, "recorded", False):
            first_section_ms = total_ms = None
        return self._outcome(variant, item, repeat, result, first_section_ms, total_ms)

    def _used(self, usage: Sequence[UsageEvent]) -> None:
        """Every call of the lab is paid for, also the same one made again; a batch was metered when it was read."""
        live = [event for event in usage if event.call_id != BATCH_CALL]
        self._meter([e.model_copy(update={"event_id": new_id(), "billable": False}) for e in live])

    def replace_brain(self, variant: Variant, wrap: Callable[[Brain], Brain]) -> None:
        """Puts a wrapped brain in the place of a variant's own, e.g. one that has its answers from a batch."""
        brain, bundle = self._of(variant)
        self._ready[variant.key] = wrap(brain), bundle

    def _of(self, variant: Variant) -> tuple[Brain, PromptBundle]:
        if variant.key not in self._ready:
            bundle = variant.resolve()
            self._ready[variant.key] = self._make_brain(variant, bundle), bundle
        return self._ready[variant.key]

    def _outcome(
        self,
        variant: Variant,
        item: Item,
        repeat: int,
        result: EvaluationResult | None,
        first_section_ms: float | None,
        total_ms: float | None,
    ) -> Outcome:
        usage = self._price(result.usage) if result else []
        failed = result is None or provider_failed(result)
        return Outcome(
            variant=variant.name,
            variant_key=variant.key,
            item_id=item.id,
            repeat=repeat,
            result=None if failed else result,
            error="VENDOR" if failed else "",
            first_section_ms=None if failed else first_section_ms,
            total_ms=None if failed else total_ms,
            usage=usage,
            cost_usd=sum((u.cost_usd or Decimal(0) for u in usage), Decimal(0)),
            finished_at=datetime.now(UTC),
        )

    async def close(self) -> None:
        """Closes every brain."""
        for brain, _ in self._ready.values():
            await brain.close()
        self._ready.clear()


def lab_call(variant: Variant, bundle: PromptBundle, item: Item, repeat: int) -> EvaluationCall:
    """The call a variant makes on an item; its attempt id is the same whenever it is made."""
    data = item.input.model_copy(update={"policy_version": bundle.policy.version})
    return EvaluationCall(input=data, attempt_id=lab_attempt_id(variant, item, repeat), resume_text=item.resume_text)


def lab_attempt_id(variant: Variant, item: Item, repeat: int) -> str:
    """The identity of a call: content of the variant, item, number of the repeat."""
    return "lab-" + hashlib.sha256(f"{variant.key}\x1f{item.id}\x1f{repeat}".encode()).hexdigest()[:24]


def provider_failed(result: EvaluationResult) -> bool:
    """True when the evaluation stands in for one the provider did not deliver (not for one it delivered badly)."""
    return result.status == "fallback" and any(g.rule == VENDOR_RULE for g in result.guards)


def _typed(text: str, duration_s: float) -> Transcript:
    return Transcript(
        text=text, duration_s=duration_s, transcriber="stored", source=TranscriptSource.TYPED, verbatim=True
    )
