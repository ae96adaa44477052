"""The answers as plain records: the same ones on the command line, on the page, in the notebook and in the docs."""

from decimal import Decimal
from typing import Any

from coach.economics.model.assumptions import CASES
from coach.economics.model.margins import plan_case
from coach.economics.model.priced_session import cost_usd, session_lines
from coach.economics.model.report_records import (
    Records,
    break_even_records,
    cost_records,
    guardrail_records,
    heat_records,
    limit_records,
    metering_records,
    part_records,
    period,
    plan_records,
    price_records,
    service_entries,
    sources_of_prices,
    spike_records,
    spread,
    tornado_records,
)
from coach.economics.model.scenario import Applied
from coach.economics.model.simulation import Months, draw_sessions, simulate_lifetimes, simulate_plan, simulate_sessions
from coach.economics.money import ZERO_USD, from_nano


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
        **spread("cost", costs.total),
        "closed_form_mean_usd": closed,
        "sum_of_parts_usd": sum((from_nano(int(part.sum())) for part in costs.parts.values()), ZERO_USD),
        "total_usd": from_nano(int(costs.total.sum())),
        "price_source": sources_of_prices(market, used),
    }
    months = [simulate_plan(plan, draws, market.book, market.at) for plan in applied.plans.plans]
    return {
        **_head(applied),
        "session": session,
        "plans": [month_record(each, applied) for each in months],
        "prices": price_records(applied),
    }


def month_record(months: Months, applied: Applied) -> dict[str, object]:
    """Distribution of one plan's margin per month (pack, trial)."""
    plan, market = months.plan, applied.market
    margin = months.margin
    point = market.assumptions.point("expected")
    expected = plan_case(plan, "expected", market)
    record: dict[str, Any] = {
        "plan": plan.id,
        "name": plan.name,
        "per": period(plan),
        "months": len(margin),
        "interviews_mean": round(float(months.interviews.mean()), 3),
        **spread("margin", margin),
        "probability_of_loss": float((margin < 0).mean()),
        "closed_form_mean_usd": expected.margin_usd,
        "price_source": sources_of_prices(market, expected.price_entries),
    }
    if plan.kind == "monthly":
        lives = simulate_lifetimes(months, point, seed=applied.scenario.seed)
        record |= {
            "lifetime_months": round(1 / point.churn, 2) if point.churn else None,
            **spread("lifetime_margin", lives),
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
            "price_source": sources_of_prices(applied.market, service_entries(applied)),
        }
        for case, point in points.items()
    ]


def assumption_records(applied: Applied) -> Records:
    """Every assumption with its bounds and where it comes from."""
    return [parameter.model_dump() for parameter in applied.market.assumptions.parameters.values()]


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
