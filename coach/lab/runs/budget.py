"""A run's cost limit that always binds: what is spent and what every open call may cost at most stay within it.

What a call may cost at most: a tokeniser over bytes makes no more tokens than there are bytes, the vendor writes no
more than `max_output_tokens`, and the ladder of repairs makes at most `MAX_CALLS` calls.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from pydantic import Field

from coach.brain.evaluation.repair import MAX_CALLS
from coach.brain.prompts.bundle import PromptBundle
from coach.contracts.base import Strict
from coach.contracts.evaluation import Evaluation
from coach.contracts.usage import UsageEvent
from coach.errors import InputError
from coach.lab.runs.dataset import Item
from coach.lab.runs.judge import Pricer
from coach.lab.runs.variant import Variant

PER = Decimal(1_000_000)
ENVELOPE_TOKENS = 600
"""Roles, separators and a correction's sentence, all beyond the texts that are counted; generous."""
INPUT_KINDS = ("input", "cached_input", "cache_write")


class ModelPrice(Strict):
    """USD for a million tokens of a model without an entry in the price book; 0 for a server of one's own."""

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)


@dataclass(slots=True)
class RunBudget:
    """Money of one run. `limit_usd` None binds nothing."""

    limit_usd: Decimal | None = None
    spent_usd: Decimal = Decimal(0)
    reserved_usd: Decimal = Decimal(0)

    def fits(self, most_usd: Decimal) -> bool:
        """Whether something that costs this at most can still be paid."""
        return self.limit_usd is None or self.spent_usd + self.reserved_usd + most_usd <= self.limit_usd

    def reserve(self, most_usd: Decimal) -> bool:
        """Sets money aside for a call; False when it does not fit."""
        if not self.fits(most_usd):
            return False
        self.reserved_usd += most_usd
        return True

    def settle(self, reserved_usd: Decimal, cost_usd: Decimal) -> None:
        """A call is over: what was set aside is free again, what it cost is spent."""
        self.reserved_usd -= reserved_usd
        self.spent_usd += cost_usd


@dataclass(slots=True)
class CallCeilings:
    """What a call of a variant on an item may cost at most, in USD; 0 for the coach that runs here."""

    price: Pricer
    default_model: str
    _rates: dict[tuple[str, bool], tuple[Decimal, Decimal]] = field(default_factory=dict)

    def evaluation(self, variant: Variant, item: Item) -> Decimal:
        """One answer judged live, with every repair the ladder allows."""
        return self.batched(variant, item, live=True) + (MAX_CALLS - 1) * self.repair(variant, item)

    def repair(self, variant: Variant, item: Item) -> Decimal:
        """One further call after an output that could not be used, live."""
        if variant.brain != "openai":
            return Decimal(0)
        settings = _bundle(variant).model_settings
        return self._cost(variant, item, max(settings.max_output_tokens, settings.retry_output_tokens))

    def batched(self, variant: Variant, item: Item, *, live: bool = False) -> Decimal:
        """The first call alone, at the batch's price unless `live`."""
        if variant.brain != "openai":
            return Decimal(0)
        return self._cost(variant, item, _bundle(variant).model_settings.max_output_tokens, batch=not live)

    def judged(self, model: str, tokens: tuple[int, int]) -> Decimal:
        """A call of a judge prompt that takes so many tokens in and out at most.

        Raises:
            InputError: the model has no price.
        """
        for_input, for_output = self._rate(model, batch=False)
        return tokens[0] * for_input + tokens[1] * for_output

    def _cost(self, variant: Variant, item: Item, output_tokens: int, *, batch: bool = False) -> Decimal:
        bundle = _bundle(variant)
        texts = (bundle.system_prompt, bundle.render_input(item.input), _schema(), _schema())
        tokens = ENVELOPE_TOKENS + sum(len(json.dumps(text, ensure_ascii=False).encode()) for text in texts)
        for_input, for_output = self._rate(bundle.model_settings.model or self.default_model, batch=batch)
        return tokens * for_input + output_tokens * for_output

    def _rate(self, model: str, *, batch: bool) -> tuple[Decimal, Decimal]:
        if (model, batch) not in self._rates:
            self._rates[model, batch] = self._asked(model, batch=batch)
        return self._rates[model, batch]

    def _asked(self, model: str, *, batch: bool) -> tuple[Decimal, Decimal]:
        """USD per token in and out; the dearest kind of input stands for all of it."""
        kinds = (*INPUT_KINDS, "output")
        meters = {kind: f"{model}.batch.{kind}" if batch else f"{model}.{kind}" for kind in kinds}
        priced = self.price([_million_tokens(meter) for meter in meters.values()])
        cost = {event.meter: event.cost_usd for event in priced}
        for_input, for_output = cost[meters["input"]], cost[meters["output"]]
        if for_input is None or for_output is None:
            raise unpriced(meters["input"] if for_input is None else meters["output"])
        dearest = max(cost[meters[kind]] or Decimal(0) for kind in INPUT_KINDS)
        return dearest / PER, for_output / PER


def unpriced(*meters: str) -> InputError:
    """The refusal of a run whose cost could not be kept within its limit."""
    return InputError(
        f"There is no price for {', '.join(meters)}, so the run's cost limit cannot be kept.",
        mend="Give one in the experiment, e.g. `prices: {MODEL: {input: 0.25, output: 2}}` (USD for a million tokens, "
        "0 for a server of your own), or add it to the price book, or leave out `cost_usd`.",
    )


def with_given_prices(price: Pricer, given: Mapping[str, ModelPrice]) -> Pricer:
    """A pricer that asks the price book first and takes an experiment's own prices where that has no entry."""

    def priced(events: list[UsageEvent]) -> list[UsageEvent]:
        return [e if e.cost_usd is not None else _given(e, given) for e in price(events)]

    return priced if given else price


def _given(event: UsageEvent, given: Mapping[str, ModelPrice]) -> UsageEvent:
    model, _, kind = event.meter.rpartition(".")
    found = given.get(model) or given.get(model.removesuffix(".batch"))
    if found is None or event.unit != "token" or kind == "reasoning":
        return event
    rate = found.output if kind == "output" else found.input
    return event.model_copy(update={"cost_usd": event.quantity * rate / PER})


def _million_tokens(meter: str) -> UsageEvent:
    return UsageEvent(
        event_id=f"ceiling-{meter}",
        vendor="openai",
        meter=meter,
        quantity=PER,
        unit="token",
        occurred_at=datetime.now(UTC),
        estimated=True,
    )


@lru_cache(maxsize=32)
def _bundle_of(key: str, body: str) -> PromptBundle:
    return Variant.model_validate_json(body).resolve()


def _bundle(variant: Variant) -> PromptBundle:
    return _bundle_of(variant.key, variant.model_dump_json())


@lru_cache(maxsize=1)
def _schema() -> str:
    return json.dumps(Evaluation.model_json_schema())


Ceiling = Callable[[Variant, Item, int], Decimal]
"""What a call (variant, item, repeat) may cost at most, in USD."""
