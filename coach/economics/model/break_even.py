"""How far a plan may be used before it earns nothing: recommended limits and break-even."""

from dataclasses import replace
from decimal import Decimal
from math import ceil

from coach.contracts.base import Record
from coach.economics.model.margins import (
    Market,
    cost_per_retry,
    interview_costs,
    interviews_used,
    plan_case,
    stripe_fee,
    under_limits,
)
from coach.economics.model.unit_cost import avatar_credits, mean_counts
from coach.economics.money import quantise_usd
from coach.economics.plans import MAX_RETRIES, Plan


class LimitCheck(Record):
    """A limit as configured beside the largest one the worst case allows."""

    plan: str
    limit: str
    configured: int
    recommended: int
    worst_margin_usd: Decimal
    holds: bool


class BreakEven(Record):
    """Retries per interview at which a plan earns nothing, limits aside."""

    plan: str
    interviews: float
    included_retries: int
    cost_per_retry_usd: Decimal
    margin_without_retries_usd: Decimal
    break_even_retries: float | None


def recommended_limits(plan: Plan, market: Market, *, minimum_margin: Decimal) -> list[LimitCheck]:
    """The largest interviews, retries and avatar minutes whose worst case still leaves `minimum_margin`.

    Each limit is searched with the others as configured. Trials earn nothing; they are bounded by their cost instead.
    """
    floor = plan.price * minimum_margin
    worst = plan_case(plan, "worst", market).margin_usd
    checks: list[LimitCheck] = []
    if plan.kind == "trial":
        return checks
    for limit, highest in _search_bounds(plan, market).items():
        configured = getattr(plan.limits, limit)
        best = _largest(plan, limit, highest, floor, market)
        checks.append(
            LimitCheck(
                plan=plan.id,
                limit=limit,
                configured=configured,
                recommended=best,
                worst_margin_usd=worst,
                holds=configured <= best,
            )
        )
    return checks


def break_even(plan: Plan, market: Market) -> BreakEven:
    """Retries per interview that eat the expected margin; None when even none earns (trial), or none costs anything."""
    point = market.assumptions.point("expected")
    interviews = interviews_used(plan, point)
    base = replace(under_limits(plan, point, mean=True), retries=0.0)
    full = min(interviews, plan.throttle_after)
    margin = (
        plan.price
        - stripe_fee(plan.price, market, monthly=plan.kind == "monthly")
        - interview_costs(plan, base, full, interviews - full, market)[0]
    )
    per_retry = cost_per_retry(plan, base, market)
    all_retry = per_retry * Decimal(str(interviews))  # one retry more in each; 0 where nothing is used, or it is free
    retries = float(margin / all_retry) if margin > 0 and all_retry > 0 else None
    return BreakEven(
        plan=plan.id,
        interviews=round(interviews, 3),
        included_retries=plan.limits.retries_per_interview,
        cost_per_retry_usd=per_retry,
        margin_without_retries_usd=quantise_usd(margin),
        break_even_retries=retries,
    )


def _search_bounds(plan: Plan, market: Market) -> dict[str, int]:
    """How far each limit is searched; more avatar minutes than the worst case can use are no larger limit."""
    bounds = {"interviews": 200, "retries_per_interview": MAX_RETRIES}
    if plan.avatar != "drawn":
        point = under_limits(plan, market.assumptions.point("worst"), mean=False)
        credits = avatar_credits(mean_counts(point), point, plan.service) * plan.throttle_after
        bounds["avatar_minutes"] = ceil(credits / plan.service.policy.tariff.credits_per_minute)
    return bounds


def _largest(plan: Plan, limit: str, highest: int, floor: Decimal, market: Market) -> int:
    low, high = 0, highest
    while low < high:
        middle = (low + high + 1) // 2
        tried = plan.model_copy(update={"limits": plan.limits.model_copy(update={limit: middle})})
        if plan_case(tried, "worst", market).margin_usd >= floor:
            low = middle
        else:
            high = middle - 1
    return low
