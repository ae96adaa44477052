"""How margins move: tornado, spikes, retries × answer length; every row says what was changed from what to what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from coach.contracts.base import Record
from coach.economics.model.assumptions import NAMES
from coach.economics.model.margins import Market, PlanCase, fee_meters, plan_case
from coach.economics.model.unit_cost import cost_usd, mean_counts, priced_session, quantities
from coach.economics.money import quantise_usd
from coach.economics.plans import Plan

PRICE_SWING = Decimal("0.5")
"""Prices in the tornado move by ±50 %."""


class TornadoBar(Record):
    """Effect of one input, everything else expected."""

    plan: str
    input: str
    kind: str
    low: str
    high: str
    margin_low_usd: Decimal
    margin_high_usd: Decimal
    base_usd: Decimal
    swing_usd: Decimal
    source: str


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


class HeatCell(Record):
    """Cost of a session and margin of a month at a number of retries and an answer length."""

    plan: str
    retries: int
    answer_s: int
    session_cost_usd: Decimal
    margin_usd: Decimal


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


def tornado(plan: Plan, market: Market) -> list[TornadoBar]:
    """Monthly margin at the best and worst value of each assumption and at ±50 % of each price, widest first."""
    base = plan_case(plan, "expected", market).margin_usd
    bars = [_assumption_bar(plan, name, market, base) for name in NAMES]
    bars += [_price_bar(plan, key, market, base) for key in _priced_meters(plan, market)]
    return sorted((bar for bar in bars if bar.swing_usd), key=lambda bar: bar.swing_usd, reverse=True)


def spikes(plans: tuple[Plan, ...], market: Market) -> list[SpikeRow]:
    """Every plan under every named spike."""
    bases = {plan.id: plan_case(plan, "expected", market) for plan in plans}
    return [_spike_row(spike, plan, bases[plan.id], market) for spike in SPIKES for plan in plans]


def heat_map(
    plan: Plan, market: Market, *, retries: range = range(11), answers_s: range = range(30, 181, 15)
) -> list[HeatCell]:
    """Session cost and monthly margin for exactly so many retries and such answers, the plan's retry limit lifted."""
    base = market.assumptions.point("expected")
    month = plan_case(plan, "expected", market)
    interviews = Decimal(str(month.interviews))
    fixed = plan.price - month.stripe_fee_usd - month.avatar_cost_usd
    cells = []
    for count in retries:
        for answer_s in answers_s:
            lines = priced_session(
                replace(base, retries=count, answer_s=answer_s), plan.service, market.book, market.at
            )
            others = cost_usd(line for line in lines if line.part != "avatar")
            cells.append(
                HeatCell(
                    plan=plan.id,
                    retries=count,
                    answer_s=answer_s,
                    session_cost_usd=cost_usd(lines),
                    margin_usd=quantise_usd(fixed - others * interviews),
                )
            )
    return cells


def changed_market(
    market: Market, assumptions: Mapping[str, float], prices: Mapping[str, object], label: str
) -> Market:
    """The market under a what-if; `×1.5` multiplies the price in force."""
    return Market(
        assumptions=market.assumptions.with_overrides(assumptions),
        book=market.book.with_overrides(_absolute(prices, market), label=label) if prices else market.book,
        at=market.at,
    )


def _absolute(prices: Mapping[str, object], market: Market) -> dict[str, object]:
    absolute = {}
    for key, value in prices.items():
        if isinstance(value, str) and value.startswith("×"):
            vendor, _, meter = key.partition("/")
            value = market.book.find(vendor, meter, market.at).price * Decimal(value[1:])
        absolute[key] = value
    return absolute


def _assumption_bar(plan: Plan, name: str, market: Market, base: Decimal) -> TornadoBar:
    parameter = market.assumptions.parameters[name]
    ends = []
    for value in (parameter.best, parameter.worst):
        moved = market.assumptions.with_overrides({name: _drawable(name, value)})
        ends.append(plan_case(plan, "expected", Market(moved, market.book, market.at)).margin_usd)
    unit = f" {parameter.unit}"
    return _bar(
        plan,
        name,
        "assumption",
        f"{parameter.best:g}{unit}",
        f"{parameter.worst:g}{unit}",
        ends,
        base,
        parameter.source,
    )


def _drawable(name: str, value: float) -> float:
    """Bounds as means: a mean answer of exactly 180 s, or use of exactly 100 %, is the limit of the distribution."""
    return min(value, {"answer_s": 179.0, "interviews_used": 0.99}.get(name, value))


def _price_bar(plan: Plan, key: str, market: Market, base: Decimal) -> TornadoBar:
    vendor, _, meter = key.partition("/")
    entry = market.book.find(vendor, meter, market.at)
    low, high = entry.price * (1 - PRICE_SWING), entry.price * (1 + PRICE_SWING)
    ends = []
    for price in (low, high):
        book = market.book.with_overrides({key: price}, label="tornado")
        ends.append(plan_case(plan, "expected", Market(market.assumptions, book, market.at)).margin_usd)
    return _bar(plan, key, "price", f"${low:f}", f"${high:f}", ends, base, f"{entry.id}, ±50 %")


def _bar(
    plan: Plan, name: str, kind: str, low: str, high: str, ends: list[Decimal], base: Decimal, source: str
) -> TornadoBar:
    return TornadoBar(
        plan=plan.id,
        input=name,
        kind=kind,
        low=low,
        high=high,
        margin_low_usd=ends[0],
        margin_high_usd=ends[1],
        base_usd=base,
        swing_usd=abs(ends[1] - ends[0]),
        source=source,
    )


def _priced_meters(plan: Plan, market: Market) -> list[str]:
    point = market.assumptions.point("expected")
    used = quantities(mean_counts(point), point, plan.service)
    fees = [f"stripe/{meter}" for meter in (*fee_meters(monthly=plan.kind == "monthly"), "card.fixed")]
    return [f"{vendor}/{meter}" for vendor, meter in used] + fees


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
