"""One price or habit suddenly higher: what a session costs and a plan earns then."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from coach.contracts.base import Record
from coach.economics.model.margins import Market, PlanCase, plan_case
from coach.economics.model.sensitivity import changed_market
from coach.economics.plans import Plan


class SpikeRow(Record):
    """One plan under one spike, beside its base."""

    spike: str
    plan: str
    changed: str
    margin_usd: Decimal
    margin: float | None
    base_margin_usd: Decimal
    change_usd: Decimal
    overage_usd: Decimal
    """What extra retries bring in it, at the assumed uptake; the margin without it is lower by this."""


@dataclass(frozen=True, slots=True)
class Spike:
    """A named change of assumptions, prices or service."""

    name: str
    changed: str
    assumptions: Mapping[str, float]
    prices: Mapping[str, object]
    avatar: str = ""
    full_use: bool = False


SPIKES = (
    Spike("Heavy retries", "retries 1 → 4 per session, extra ones paid for as assumed", {"retries": 4.0}, {}),
    Spike(
        "Heavy retries, none paid for",
        "retries 1 → 4, nobody buys extra ones",
        {"retries": 4.0, "overage_uptake": 0.0},
        {},
    ),
    Spike("Longer answers", "answers 90 s → 150 s", {"answer_s": 150.0}, {}),
    Spike("Everyone starts over", "start-overs 0.25 → 1 per attempt", {"restarts": 1.0}, {}),
    Spike("Avatar always on", "avatar connected all session", {}, {}, avatar="always_on"),
    Spike("Full use", "every included interview used", {}, {}, full_use=True),
    Spike("No prompt cache", "cache hits 70 % → 0", {"cache_hit_rate": 0.0}, {}),
    Spike("Speech price +50 %", "nova-3 live +50 %", {}, {"deepgram/nova-3.live": "×1.5"}),
    Spike("Avatar price +50 %", "LITE credit +50 %", {}, {"liveavatar/lite.credits": "×1.5"}),
    Spike("Speech at promotional price", "nova-3 live $0.0048 per minute", {}, {"deepgram/nova-3.live": "promotional"}),
    Spike(
        "All at once",
        "retries 4, answers 150 s, start-overs 1, prices +50 %",
        {"retries": 4.0, "answer_s": 150.0, "restarts": 1.0},
        {"deepgram/nova-3.live": "×1.5", "liveavatar/lite.credits": "×1.5"},
    ),
)


def spikes(plans: tuple[Plan, ...], market: Market) -> list[SpikeRow]:
    """Every plan under every named spike."""
    bases = {plan.id: plan_case(plan, "expected", market) for plan in plans}
    return [_spike_row(spike, plan, bases[plan.id], market) for spike in SPIKES for plan in plans]


def _spike_row(spike: Spike, plan: Plan, base: PlanCase, market: Market) -> SpikeRow:
    tried = plan
    if spike.avatar and plan.avatar != "drawn":
        tried = plan.model_copy(update={"avatar": spike.avatar})
    moved = changed_market(market, spike.assumptions, spike.prices, spike.name)
    result = plan_case(tried, "expected", moved, interviews=plan.limits.interviews if spike.full_use else None)
    return SpikeRow(
        spike=spike.name,
        plan=plan.id,
        changed=spike.changed,
        margin_usd=result.margin_usd,
        margin=result.margin,
        base_margin_usd=base.margin_usd,
        change_usd=result.margin_usd - base.margin_usd,
        overage_usd=result.overage_usd,
    )
