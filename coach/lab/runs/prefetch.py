"""Has the models' calls of a run answered by batches before the replay reads the answers, within the run's budget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from coach.brain.port import EvaluationCall
from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.usage import UsageEvent
from coach.lab.runs.batched import Batch, BatchedAnswer, BatchParts, RecordedBrain
from coach.lab.runs.budget import CallCeilings, RunBudget
from coach.lab.runs.dataset import Item
from coach.lab.runs.judge import Meter, PipelineJudge, Pricer, lab_attempt_id, lab_call
from coach.lab.runs.replay import Replay
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Workspace

BatchFactory = Callable[[Variant, PromptBundle], Batch]


class Prefetch:
    """The batched half of one run: what a batch cost is spent here, and the replay counts it no second time."""

    def __init__(self, ceilings: CallCeilings, price: Pricer, meter: Meter, workspace: Workspace, run_id: str) -> None:
        """`ceilings` bound calls, `price` and `meter` value and write down what they used."""
        self.budget = RunBudget()
        self._ceilings, self._price, self._meter = ceilings, price, meter
        self._workspace, self._run_id = workspace, run_id
        self._paid: dict[str, Decimal] = {}

    def ceiling(self, variant: Variant, item: Item, repeat: int) -> Decimal:
        """What is still to be paid for a call at most: nothing where a batch has answered it."""
        paid = self._paid and lab_attempt_id(variant, item, repeat) in self._paid
        return Decimal(0) if paid else self._ceilings.evaluation(variant, item)

    def already_spent(self, variant: Variant, item: Item, repeat: int) -> Decimal:
        """What a batch took for a call."""
        return self._paid.get(lab_attempt_id(variant, item, repeat), Decimal(0)) if self._paid else Decimal(0)

    async def answer(self, replay: Replay, judge: PipelineJudge, make_batch: BatchFactory) -> None:
        """Fetches an answer to every open call of a model and puts them in the place of the models.

        Raises:
            VendorError: a batch could not be started or failed.
        """
        self.budget.limit_usd, self.budget.spent_usd = replay.limits.cost_usd, replay.spent_before()
        waiting = replay.open_calls()
        for variant in replay.variants:
            if variant.brain == "openai":
                mine = {
                    (item.id, repeat): (item, repeat) for asked, item, repeat in waiting if asked.key == variant.key
                }
                await self._variant(variant, list(mine.values()), judge, make_batch)

    async def _variant(
        self, variant: Variant, open_calls: Sequence[tuple[Item, int]], judge: PipelineJudge, make_batch: BatchFactory
    ) -> None:
        bundle = variant.resolve()
        calls = [lab_call(variant, bundle, item, repeat) for item, repeat in open_calls]
        items = {call.attempt_id: item for call, (item, _) in zip(calls, open_calls, strict=True)}
        ticket = self._workspace.ticket(self._run_id, variant.key)
        parts = BatchParts(make_batch(variant, bundle), ticket, self.budget, self._cost)
        answers = await parts.collect(calls, lambda call: self._dearest(variant, items, call))
        self._meter([u.model_copy(update={"billable": False}) for a in answers.values() for u in a.usage])
        self._paid |= {key: self._cost(answer) for key, answer in answers.items() if not answer.error}
        judge.replace_brain(variant, partial(RecordedBrain, answers=answers, purse=self._purse(variant, items)))

    def _purse(self, variant: Variant, items: Mapping[str, Item]) -> "RepairPurse":
        dearest = Decimal(0)
        if self.budget.limit_usd is not None:
            dearest = max((self._ceilings.repair(variant, item) for item in items.values()), default=dearest)
        return RepairPurse(self.budget, dearest, self._paid, self._price)

    def _dearest(self, variant: Variant, items: dict[str, Item], call: EvaluationCall) -> Decimal:
        return Decimal(0) if self.budget.limit_usd is None else self._ceilings.batched(variant, items[call.attempt_id])

    def _cost(self, answer: BatchedAnswer) -> Decimal:
        return _total(self._price, answer.usage)


@dataclass(frozen=True, slots=True)
class RepairPurse:
    """Pays for live repairs of recorded answers, each at most `dearest_usd`."""

    budget: RunBudget
    dearest_usd: Decimal
    paid: dict[str, Decimal]
    price: Pricer

    def reserve(self) -> Decimal | None:
        """Sets aside what a repair may cost; None when there is no room."""
        return self.dearest_usd if self.budget.reserve(self.dearest_usd) else None

    def spend(self, attempt_id: str, reserved: Decimal, used: Sequence[UsageEvent]) -> None:
        """What a repair took is spent, and known as paid for."""
        cost = _total(self.price, used)
        self.budget.settle(reserved, cost)
        self.paid[attempt_id] += cost


def _total(price: Pricer, used: Sequence[UsageEvent]) -> Decimal:
    return sum((event.cost_usd or Decimal(0) for event in price(list(used))), Decimal(0))
