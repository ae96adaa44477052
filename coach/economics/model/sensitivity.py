"""How margins move: tornado, spikes, retries × answer length; every row says what was changed from what to what."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from coach.contracts.base import Record
from coach.economics.model.assumptions import NAMES
from coach.economics.model.margins import Market, fee_meters, plan_case
from coach.economics.model.priced_session import cost_usd, priced_session
from coach.economics.model.unit_cost import mean_counts, quantities
from coach.economics.money import quantise_usd
from coach.economics.plans import Plan
from coach.economics.pricebook import PriceBookError

HIGHEST_FACTOR = 1_000
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


class HeatCell(Record):
    """Cost of a session and margin of a month at a number of retries and an answer length."""

    plan: str
    retries: int
    answer_s: int
    session_cost_usd: Decimal
    margin_usd: Decimal


def tornado(plan: Plan, market: Market) -> list[TornadoBar]:
    """Monthly margin at the best and worst value of each assumption and at ±50 % of each price, widest first."""
    base = plan_case(plan, "expected", market).margin_usd
    bars = [_assumption_bar(plan, name, market, base) for name in NAMES]
    bars += [_price_bar(plan, key, market, base) for key in _priced_meters(plan, market)]
    return sorted((bar for bar in bars if bar.swing_usd), key=lambda bar: bar.swing_usd, reverse=True)


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
            value = market.book.find(vendor, meter, market.at).price * _factor(key, value)
        absolute[key] = value
    return absolute


def _factor(key: str, told: str) -> Decimal:
    """How many times the price in force.

    Raises:
        PriceBookError: it is no number that a price could be multiplied by.
    """
    try:
        found = Decimal(told[1:])
    except InvalidOperation as error:
        raise PriceBookError(f"Price override for {key}: {told!r} is no factor.", mend="Write it as ×1.5.") from error
    if not found.is_finite() or not 0 <= found <= HIGHEST_FACTOR:
        raise PriceBookError(f"Price override for {key}: {told} is no factor.", mend="Write it as ×1.5.")
    return found


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
