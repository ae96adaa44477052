"""The answers as plain records: the same ones on the command line, on the page, in the notebook and in the docs."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from pydantic import BaseModel

from coach.economics.model.assumptions import CASES
from coach.economics.model.distributions import Ints
from coach.economics.model.margins import Market, break_even, plan_case, plan_table, recommended_limits
from coach.economics.model.scenario import Applied
from coach.economics.model.sensitivity import heat_map, spikes, tornado
from coach.economics.model.simulation import Months, draw_sessions, simulate_lifetimes, simulate_plan, simulate_sessions
from coach.economics.model.unit_cost import by_vendor, cost_usd, part_of, session_lines
from coach.economics.money import ZERO_USD, from_nano
from coach.economics.plans import Plan

Records = list[dict[str, Any]]
PERCENTILES = (5, 50, 95)


def session_report(applied: Applied) -> dict[str, Any]:
    """All five answers: cost of a session, plans, margins and guardrails, metering, sensitivity."""
    return {
        **_head(applied),
        "session": session_shape(applied),
        "assumptions": assumption_records(applied),
        "costs": cost_records(applied),
        "cost_by_part": part_records(applied),
        "plans": plan_records(applied),
        "limits": limit_records(applied),
        "guardrails": guardrail_records(applied),
        "metering": metering_records(applied),
        "sensitivity": spike_records(applied),
        "break_even": break_even_records(applied),
        "prices": price_records(applied),
    }


def plans_report(applied: Applied) -> dict[str, object]:
    """Plans: margins, recommended limits, guardrails, break-even."""
    return {
        **_head(applied),
        "plans": plan_records(applied),
        "limits": limit_records(applied),
        "guardrails": guardrail_records(applied),
        "break_even": break_even_records(applied),
        "prices": price_records(applied),
    }


def sensitivity_report(applied: Applied) -> dict[str, object]:
    """Tornado of every plan, spikes, retries × answer length, break-even retries."""
    return {
        **_head(applied),
        "tornado": [row for plan in applied.plans.plans for row in tornado_records(applied, plan)],
        "spikes": spike_records(applied),
        "heat_map": [row for plan in applied.plans.plans for row in heat_records(applied, plan)],
        "break_even": break_even_records(applied),
        "prices": price_records(applied),
    }


def simulation_report(applied: Applied) -> dict[str, Any]:
    """Monte Carlo: cost of sessions and monthly margin of every plan."""
    scenario, market = applied.scenario, applied.market
    draws = draw_sessions(market.assumptions.point("expected"), sessions=scenario.sessions, seed=scenario.seed)
    costs = simulate_sessions(draws, applied.service, market.book, market.at)
    closed = cost_usd(session_lines(draws.point, applied.service, market.book, market.at))
    used = sorted({market.book.find(*key, market.at).id for key in costs.parts})
    session = {
        "sessions": scenario.sessions,
        "seed": scenario.seed,
        **_spread("cost", costs.total),
        "closed_form_mean_usd": closed,
        "sum_of_parts_usd": sum((from_nano(int(part.sum())) for part in costs.parts.values()), ZERO_USD),
        "total_usd": from_nano(int(costs.total.sum())),
        "price_source": _sources(market, used),
    }
    months = [simulate_plan(plan, draws, market.book, market.at) for plan in applied.plans.plans]
    return {
        **_head(applied),
        "session": session,
        "plans": [month_record(each, applied) for each in months],
        "prices": price_records(applied),
    }


def month_record(months: Months, applied: Applied) -> dict[str, Any]:
    """Distribution of one plan's margin per month (pack, trial)."""
    plan, market = months.plan, applied.market
    margin = months.margin
    point = market.assumptions.point("expected")
    expected = plan_case(plan, "expected", market)
    record: dict[str, Any] = {
        "plan": plan.id,
        "name": plan.name,
        "per": _period(plan),
        "months": len(margin),
        "interviews_mean": round(float(months.interviews.mean()), 3),
        **_spread("margin", margin),
        "probability_of_loss": float((margin < 0).mean()),
        "closed_form_mean_usd": expected.margin_usd,
        "price_source": _sources(market, expected.price_entries),
    }
    if plan.kind == "monthly":
        lives = simulate_lifetimes(months, point, seed=applied.scenario.seed)
        record |= {
            "lifetime_months": round(1 / point.churn, 2) if point.churn else None,
            **_spread("lifetime_margin", lives),
        }
    if plan.kind == "trial" and point.trial_conversion:
        record["cost_per_converted_usd"] = -record["margin_mean_usd"] / Decimal(str(point.trial_conversion))
    return record


def session_shape(applied: Applied) -> Records:
    """How many questions, follow-ups and retries each case has, and how long the answers are."""
    points = {case: applied.market.assumptions.point(case) for case in CASES}
    return [
        {
            "case": case,
            "questions": point.questions,
            "follow_ups": round(point.follow_ups, 3),
            "retries": point.retries,
            "answers": round(point.attempts, 3),
            "answer_s": point.answer_s,
            "cost_usd": cost_usd(session_lines(point, applied.service, applied.market.book, applied.market.at)),
            "price_source": _sources(applied.market, _service_entries(applied)),
        }
        for case, point in points.items()
    ]


def assumption_records(applied: Applied) -> Records:
    """Every assumption with its bounds and where it comes from."""
    return [parameter.model_dump() for parameter in applied.market.assumptions.parameters.values()]


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
                {"case": case, "part": part, "cost_usd": cost, "share": share, "price_source": _sources(market, used)}
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
            "per": _period(plan),
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


def _head(applied: Applied) -> dict[str, object]:
    return {
        "scenario": applied.scenario.model_dump(exclude_defaults=True) | {"name": applied.scenario.name},
        "at": applied.market.at,
        "prices_label": applied.market.book.label,
        "price_book": applied.market.book.version,
        "plan_file": applied.plans.version,
        "taxes": "excluded",
        "stripe_fee": "included in margins",
    }


def _with_sources(rows: Iterable[BaseModel], applied: Applied) -> Records:
    sources = {
        plan.id: _sources(applied.market, plan_case(plan, "expected", applied.market).price_entries)
        for plan in applied.plans.plans
    }
    records = []
    for row in rows:
        record = row.model_dump()
        record["price_source"] = sources[record["plan"]]
        records.append(record)
    return records


def _service_entries(applied: Applied) -> list[str]:
    point = applied.market.assumptions.point("expected")
    lines = session_lines(point, applied.service, applied.market.book, applied.market.at)
    return [line.price_entry for line in lines]


def _sources(market: Market, entries: Sequence[str]) -> list[str]:
    named = {entry.id: entry.source for entry in market.book.entries}
    return [f"{entry}: {named[entry]}" for entry in entries]


def _spread(name: str, nano: Ints) -> dict[str, Decimal]:
    low, middle, high = np.percentile(nano, PERCENTILES)
    values = {"mean": nano.mean(), "p5": low, "p50": middle, "p95": high}
    return {f"{name}_{key}_usd": from_nano(round(float(value))) for key, value in values.items()}


def _period(plan: Plan) -> str:
    return {"trial": "once", "pack": "pack", "monthly": "month"}[plan.kind]
