"""Rows of the report's tables, ready for JSON."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from pydantic import BaseModel

from coach.economics.model.assumptions import CASES
from coach.economics.model.break_even import break_even, recommended_limits
from coach.economics.model.distributions import Ints
from coach.economics.model.margins import Market, plan_case, plan_table
from coach.economics.model.priced_session import by_vendor, cost_usd, part_of, session_lines
from coach.economics.model.scenario import Applied
from coach.economics.model.sensitivity import heat_map, tornado
from coach.economics.model.spikes import spikes
from coach.economics.money import from_nano
from coach.economics.plans import Plan

Records = list[dict[str, Any]]


PERCENTILES = (5, 50, 95)


def cost_records(applied: Applied) -> Records:
    """Cost of a session, meter by meter, for each case."""
    market = applied.market
    return [
        {
            "case": case,
            "part": part_of(line.vendor, line.meter),
            **line.model_dump(mode="python"),
            "price_source": f"{line.price_entry}: {line.source}",
        }
        for case in CASES
        for line in session_lines(market.assumptions.point(case), applied.service, market.book, market.at)
    ]


def part_records(applied: Applied) -> Records:
    """Cost of a session by part of the service; the parts of a case add up to its total exactly."""
    market, records = applied.market, []
    for case in CASES:
        lines = session_lines(market.assumptions.point(case), applied.service, market.book, market.at)
        total = cost_usd(lines)
        for part, cost in [*by_vendor(lines).items(), ("total", total)]:
            used = [line.price_entry for line in lines if part in ("total", part_of(line.vendor, line.meter))]
            share = float(cost / total) if total else 0.0
            records.append(
                {
                    "case": case,
                    "part": part,
                    "cost_usd": cost,
                    "share": share,
                    "price_source": sources_of_prices(market, used),
                }
            )
    return records


def plan_records(applied: Applied) -> Records:
    """Best, expected and worst margin of every plan."""
    return _with_sources(plan_table(applied.plans.plans, applied.market), applied)


def limit_records(applied: Applied) -> Records:
    """Configured limits beside the largest ones the worst case allows."""
    floor = applied.plans.minimum_worst_margin
    checks = [
        check
        for plan in applied.plans.plans
        for check in recommended_limits(plan, applied.market, minimum_margin=floor)
    ]
    return _with_sources(checks, applied)


def guardrail_records(applied: Applied) -> Records:
    """What happens at the soft cap, the throttle and the hard cap of every plan."""
    return [
        {
            "plan": plan.id,
            "per": period(plan),
            **plan.limits.model_dump(),
            "soft_cap_at": plan.soft_cap,
            "throttled_after": plan.throttle_after,
            "hard_cap_at": plan.hard_cap,
            "overage_retry_usd": plan.overage.retry if plan.overage else None,
            "price_source": f"plan file {applied.plans.version}",
        }
        for plan in applied.plans.plans
    ]


def metering_records(applied: Applied) -> Records:
    """What is counted, when, with which identity, and the Stripe meter it maps to."""
    return [meter.model_dump() for meter in applied.plans.meters]


def spike_records(applied: Applied) -> Records:
    """Every plan under every spike."""
    return _with_sources(spikes(applied.plans.plans, applied.market), applied)


def tornado_records(applied: Applied, plan: Plan) -> Records:
    """Effect of each input on one plan's margin."""
    return _with_sources(tornado(plan, applied.market), applied)


def heat_records(applied: Applied, plan: Plan) -> Records:
    """Session cost and margin by retries and answer length."""
    return _with_sources(heat_map(plan, applied.market), applied)


def break_even_records(applied: Applied) -> Records:
    """Retries per interview at which each plan earns nothing."""
    return _with_sources([break_even(plan, applied.market) for plan in applied.plans.plans], applied)


def price_records(applied: Applied) -> Records:
    """The price book in force, what-if overrides included."""
    return [{"id": entry.id, **entry.model_dump()} for entry in applied.market.book.entries]


def _with_sources(rows: Iterable[BaseModel], applied: Applied) -> Records:
    sources = {
        plan.id: sources_of_prices(applied.market, plan_case(plan, "expected", applied.market).price_entries)
        for plan in applied.plans.plans
    }
    records = []
    for row in rows:
        record = row.model_dump()
        record["price_source"] = sources[record["plan"]]
        records.append(record)
    return records


def service_entries(applied: Applied) -> list[str]:
    """The price book's entries that a session uses."""
    point = applied.market.assumptions.point("expected")
    lines = session_lines(point, applied.service, applied.market.book, applied.market.at)
    return [line.price_entry for line in lines]


def sources_of_prices(market: Market, entries: Sequence[str]) -> list[str]:
    """Where each price was read."""
    named = {entry.id: entry.source for entry in market.book.entries}
    return [f"{entry}: {named[entry]}" for entry in entries]


def spread(name: str, nano: Ints) -> dict[str, Decimal]:
    """Mean and percentiles of sums in nano-dollars, as US dollars."""
    low, middle, high = np.percentile(nano, PERCENTILES)
    values = {"mean": nano.mean(), "p5": low, "p50": middle, "p95": high}
    return {f"{name}_{key}_usd": from_nano(round(float(value))) for key, value in values.items()}


def period(plan: Plan) -> str:
    """What a plan's price is paid for."""
    return {"trial": "once", "pack": "pack", "monthly": "month"}[plan.kind]
