"""An experiment as YAML, and its run on disk: the same definition on the same answers is the same run, resumed."""

from datetime import UTC, datetime
from decimal import Decimal

from coach.contracts.base import Record
from coach.contracts.usage import UsageEvent
from coach.lab.runs.budget import with_given_prices
from coach.lab.runs.dataset import Dataset, Item
from coach.lab.runs.judge import Pricer
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment

CHARS_PER_TOKEN = 4.0
"""Rule of thumb for English text, used only for the estimate before a run."""
EXPECTED_OUTPUT_TOKENS = 900


class Estimate(Record):
    """What a run may cost, said before it starts. `cost_usd` None: a price is missing, `unpriced` names the meters."""

    calls: int
    cost_usd: Decimal | None
    unpriced: list[str] = []


def estimate_cost(experiment: Experiment, data: Dataset, *, default_model: str, price: Pricer) -> Estimate:
    """Tokens guessed from characters, priced with the price book of today; a batch halves it at the vendor."""
    events: list[UsageEvent] = []
    for variant in experiment.variants:
        if variant.brain == "openai":
            events += _expected_usage(variant, data.items, experiment, default_model)
    priced = with_given_prices(price, experiment.prices)(events)
    unpriced = sorted({e.meter for e in priced if e.cost_usd is None})
    total = None if unpriced else sum((e.cost_usd or Decimal(0) for e in priced), Decimal(0))
    calls = len(data.items) * len(experiment.variants) * experiment.repeats
    return Estimate(calls=calls, cost_usd=total, unpriced=unpriced)


def _expected_usage(
    variant: Variant, items: tuple[Item, ...], experiment: Experiment, default_model: str
) -> list[UsageEvent]:
    bundle, repeats, batch = variant.resolve(), experiment.repeats, experiment.batch
    model = bundle.model_settings.model or default_model
    chars = sum(len(bundle.system_prompt) + len(bundle.render_input(item.input)) for item in items) * repeats
    quantities = {
        "input": Decimal(round(chars / CHARS_PER_TOKEN)),
        "output": Decimal(EXPECTED_OUTPUT_TOKENS * len(items) * repeats),
    }
    return [
        UsageEvent(
            event_id=f"estimate-{variant.key}-{kind}",
            vendor="openai",
            meter=f"{model}.batch.{kind}" if batch else f"{model}.{kind}",
            quantity=quantity,
            unit="token",
            occurred_at=datetime.now(UTC),
            billable=False,
            estimated=True,
        )
        for kind, quantity in quantities.items()
    ]
