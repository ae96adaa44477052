"""What each plan earns: best, expected, worst; limits the worst case allows; retries at which a plan breaks even."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from coach.contracts.base import Record
from coach.economics.model.assumptions import CASES, Assumptions, Case, Point
from coach.economics.model.avatar_minutes import mean_credits_within, pays_by_utterance
from coach.economics.model.distributions import USE_DISPERSION, capped_counts_mean, capped_questions_mean
from coach.economics.model.priced_session import cost_usd, priced_session
from coach.economics.money import ZERO_USD, quantise_usd
from coach.economics.plans import MAX_RETRIES, Plan
from coach.economics.pricebook import PriceBook


@dataclass(frozen=True, slots=True)
class Market:
    """What a plan is judged by: assumptions, prices and the day they are read for."""

    assumptions: Assumptions
    book: PriceBook
    at: date


class PlanCase(Record):
    """One plan in one case. Money in USD per month, pack or trial; margin after Stripe's fee, before taxes."""

    plan: str
    name: str
    kind: str
    case: str
    price_usd: Decimal
    interviews: float
    revenue_usd: Decimal
    overage_usd: Decimal
    stripe_fee_usd: Decimal
    vendor_cost_usd: Decimal
    avatar_cost_usd: Decimal
    margin_usd: Decimal
    margin: float | None
    price_entries: tuple[str, ...]


def plan_table(plans: tuple[Plan, ...], market: Market) -> list[PlanCase]:
    """Best, expected and worst of every plan."""
    return [plan_case(plan, case, market) for plan in plans for case in CASES]


def plan_case(plan: Plan, case: Case, market: Market, *, interviews: float | None = None) -> PlanCase:
    """Margin of one plan in one case; `interviews` sets how many are used instead of the case's own.

    Best uses few interviews, each at its lower bound; expected the means under the plan's limits; worst the hard cap,
    every interview at its bound (longest answers, all follow-ups, all included retries, every call repaired as often as
    it may be, plan and summary at their longest), avatar minutes used up.
    """
    point = market.assumptions.point(case)
    fixed = interviews
    full = full_service_interviews(plan, point) if interviews is None else min(interviews, plan.throttle_after)
    interviews = interviews_used(plan, point) if interviews is None else interviews
    limited = under_limits(plan, point, mean=case == "expected")
    cost, avatar, entries = interview_costs(plan, limited, full, interviews - full, market)
    if case == "expected" and plan.avatar != "drawn" and pays_by_utterance(plan.service.policy):
        exact = _mean_avatar(plan, point, None if fixed is None else round(full), market)
        cost, avatar = quantise_usd(cost - avatar + exact), exact
    overage = _overage(plan, point, interviews) if case == "expected" else ZERO_USD
    revenue = plan.price + overage
    fee = stripe_fee(revenue, market, monthly=plan.kind == "monthly")
    margin = quantise_usd(revenue - fee - cost)
    return PlanCase(
        plan=plan.id,
        name=plan.name,
        kind=plan.kind,
        case=case,
        price_usd=plan.price,
        interviews=round(interviews, 3),
        revenue_usd=quantise_usd(revenue),
        overage_usd=quantise_usd(overage),
        stripe_fee_usd=fee,
        vendor_cost_usd=cost,
        avatar_cost_usd=avatar,
        margin_usd=margin,
        margin=float(margin / revenue) if revenue else None,
        price_entries=entries,
    )


def interviews_used(plan: Plan, point: Point) -> float:
    """Interviews per month, pack or trial in this case."""
    if plan.kind == "trial":
        return float(plan.limits.interviews)
    if plan.kind == "pack":
        return plan.limits.interviews * point.credits_used
    if point.interviews_used >= 1:
        return float(plan.hard_cap)
    return capped_counts_mean(plan.limits.interviews * point.interviews_used, USE_DISPERSION, plan.hard_cap)


def full_service_interviews(plan: Plan, point: Point) -> float:
    """Interviews before the throttle: E[min(N, throttle)] of the distribution the simulation draws."""
    if plan.kind != "monthly" or point.interviews_used >= 1:
        return min(interviews_used(plan, point), plan.throttle_after)
    return capped_counts_mean(plan.limits.interviews * point.interviews_used, USE_DISPERSION, plan.throttle_after)


def under_limits(plan: Plan, point: Point, *, mean: bool) -> Point:
    """The point as the plan's limits leave it; with `mean` the exact means of the capped distributions."""
    limits = plan.limits
    if not mean:
        questions = min(point.questions, limits.questions_per_interview)
        return replace(point, questions=questions, retries=min(point.retries, limits.retries_per_interview))
    retries = capped_counts_mean(point.retries, point.retries_dispersion, limits.retries_per_interview)
    retries += _extra_retries(plan, point)
    questions = capped_questions_mean(point.questions, limits.questions_per_interview)
    return replace(point, questions=questions, retries=retries)


def stripe_fee(revenue: Decimal, market: Market, *, monthly: bool) -> Decimal:
    """Stripe's share of one charge, for a subscription that of Stripe Billing too; nothing for nothing."""
    if not revenue:
        return ZERO_USD
    shares = [market.book.find("stripe", meter, market.at) for meter in fee_meters(monthly=monthly)]
    return sum((share.cost(revenue) for share in shares), market.book.find("stripe", "card.fixed", market.at).price)


def fee_meters(*, monthly: bool) -> tuple[str, ...]:
    """Meters of Stripe's shares of a charge."""
    return ("card.percentage", "billing.percentage") if monthly else ("card.percentage",)


def cost_per_retry(plan: Plan, point: Point, market: Market) -> Decimal:
    """Vendor cost of one more evaluated answer (speech and model; the avatar does not speak again)."""
    one_more = replace(point, retries=point.retries + 1)
    service = plan.service
    more = cost_usd(priced_session(one_more, service, market.book, market.at))
    return more - cost_usd(priced_session(point, service, market.book, market.at))


def interview_costs(
    plan: Plan, point: Point, full: float, throttled: float, market: Market
) -> tuple[Decimal, Decimal, tuple[str, ...]]:
    """Vendor cost, the avatar's part of it (never above the included minutes), and the price entries used."""
    lines = priced_session(point, plan.service, market.book, market.at)
    cheap = priced_session(point, plan.service.throttled(), market.book, market.at)
    avatar_lines = [line for line in lines if line.part == "avatar"]
    avatar = cost_usd(avatar_lines) * Decimal(str(full))
    if avatar_lines:
        tariff = plan.service.policy.tariff
        entry = market.book.find(tariff.vendor, tariff.meter, market.at)
        included = plan.limits.avatar_minutes * tariff.credits_per_minute
        avatar = min(avatar, entry.cost(Decimal(included)))
    speaking = cost_usd(line for line in lines if line.part != "avatar")
    cost = speaking * Decimal(str(full)) + cost_usd(cheap) * Decimal(str(throttled)) + avatar
    meters = (*fee_meters(monthly=plan.kind == "monthly"), "card.fixed")
    fees = [market.book.find("stripe", meter, market.at).id for meter in meters]
    entries = tuple(sorted({line.entry.id for line in (*lines, *cheap)} | set(fees if plan.price else [])))
    return quantise_usd(cost), quantise_usd(avatar), entries


def _mean_avatar(plan: Plan, point: Point, interviews: int | None, market: Market) -> Decimal:
    """Exact mean of the avatar's cost within the included minutes."""
    tariff = plan.service.policy.tariff
    entry = market.book.find(tariff.vendor, tariff.meter, market.at)
    return entry.cost(Decimal(str(round(mean_credits_within(plan, point, interviews), 9))))


def _extra_retries(plan: Plan, point: Point) -> float:
    if not plan.overage:
        return 0.0
    caps = (MAX_RETRIES, plan.limits.retries_per_interview)
    wanted, included = (capped_counts_mean(point.retries, point.retries_dispersion, cap) for cap in caps)
    return (wanted - included) * point.overage_uptake


def _overage(plan: Plan, point: Point, interviews: float) -> Decimal:
    if not plan.overage:
        return ZERO_USD
    return (plan.overage.retry * Decimal(str(_extra_retries(plan, point) * interviews))).quantize(
        Decimal("0.000001"), rounding=ROUND_FLOOR
    )
