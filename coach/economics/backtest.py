"""A plan tried on what customers did: who would have paid what, what it would have cost, who would be refused.

Behaviour is taken as it was: everybody does what they did, and pays for it as the plan says. Monthly plans are tried on
every customer's months, packs and the trial on every customer's whole time. What was refused costs nothing; interviews
past the throttle cost as much less as the cost model says; retries past the included ones are counted but neither paid
nor taken off the cost, so margins err on the low side.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import ceil

from coach.contracts.base import Record
from coach.economics.model.margins import Market, stripe_fee
from coach.economics.model.priced_session import cost_usd, priced_session
from coach.economics.model.scenario import Applied
from coach.economics.money import ZERO_USD, quantise_usd
from coach.economics.plans import Plan
from coach.store import SqlStore
from coach.store.repositories import recorded_use
from coach.store.repositories.recorded_use import InterviewUse


class PlanBacktest(Record):
    """One plan on the recorded use; money in USD.

    `cases` are customer-months of a monthly plan, customers of a pack or trial. `margin` is None without revenue. With
    very many customers it is tried on some, picked by chance: `customers` of `of_customers`.
    `worst_case` names the case with the thinnest margin (`USER` or `USER MONTH`).
    """

    plan: str
    name: str
    kind: str
    cases: int
    interviews: int
    served: int
    throttled: int
    refused: int
    extra_retries: int
    revenue_usd: Decimal
    stripe_fee_usd: Decimal
    vendor_cost_usd: Decimal
    margin_usd: Decimal
    margin: float | None
    cases_at_a_loss: int
    worst_case: str
    worst_margin_usd: Decimal | None
    customers: int
    of_customers: int


class _Case(Record):
    name: str
    served: int
    throttled: int
    refused: int
    extra_retries: int
    revenue_usd: Decimal
    fee_usd: Decimal
    cost_usd: Decimal

    @property
    def margin_usd(self) -> Decimal:
        return self.revenue_usd - self.fee_usd - self.cost_usd


def backtest(store: SqlStore, applied: Applied) -> list[PlanBacktest]:
    """Every plan of a scenario on the recorded use; empty where nobody practised. Samples are left out."""
    recorded = store.run(recorded_use.use_of_customers)
    of_customers = recorded.of_customers if recorded.customers < recorded.of_customers else 0
    return backtest_uses(recorded.interviews, applied, of_customers) if recorded.interviews else []


def backtest_uses(uses: Iterable[InterviewUse], applied: Applied, of_customers: int = 0) -> list[PlanBacktest]:
    """The same on given uses, of so many customers if they are not all; a row per plan, the trial too."""
    known = sorted(uses, key=lambda use: (use.begun_at, use.interview_id))
    people = len({use.user_id for use in known})
    return [_tried(plan, known, applied, (people, max(people, of_customers))) for plan in applied.plans.plans]


def _tried(plan: Plan, uses: Sequence[InterviewUse], applied: Applied, of: tuple[int, int]) -> PlanBacktest:
    groups: dict[str, list[InterviewUse]] = defaultdict(list)
    for use in uses:
        groups[f"{use.user_id} {use.begun_at:%Y-%m}" if plan.kind == "monthly" else use.user_id].append(use)
    share = _throttled_share(plan, applied.market)
    cases = [_case(name, plan, members, share, applied.market) for name, members in sorted(groups.items())]
    worst = min(cases, key=lambda case: case.margin_usd, default=None)
    revenue = sum((case.revenue_usd for case in cases), ZERO_USD)
    margin = sum((case.margin_usd for case in cases), ZERO_USD)
    return PlanBacktest(
        plan=plan.id,
        name=plan.name,
        kind=plan.kind,
        cases=len(cases),
        interviews=len(uses),
        served=sum(case.served for case in cases),
        throttled=sum(case.throttled for case in cases),
        refused=sum(case.refused for case in cases),
        extra_retries=sum(case.extra_retries for case in cases),
        revenue_usd=revenue,
        stripe_fee_usd=sum((case.fee_usd for case in cases), ZERO_USD),
        vendor_cost_usd=sum((case.cost_usd for case in cases), ZERO_USD),
        margin_usd=margin,
        margin=float(margin / revenue) if revenue else None,
        cases_at_a_loss=sum(case.margin_usd < 0 for case in cases),
        worst_case=worst.name if worst else "",
        worst_margin_usd=worst.margin_usd if worst else None,
        customers=of[0],
        of_customers=of[1],
    )


def _case(name: str, plan: Plan, uses: Sequence[InterviewUse], share: Decimal, market: Market) -> _Case:
    packs = ceil(len(uses) / plan.limits.interviews) if plan.kind == "pack" else 1
    most = plan.limits.interviews * packs if plan.kind == "pack" else plan.hard_cap
    served = uses[:most]
    full = len(served) if plan.kind == "pack" else min(len(served), plan.throttle_after)
    cost = sum((use.cost_usd for use in served[:full]), ZERO_USD)
    cost += quantise_usd(sum((use.cost_usd for use in served[full:]), ZERO_USD) * share)
    fee = sum((stripe_fee(plan.price, market, monthly=plan.kind == "monthly") for _ in range(packs)), ZERO_USD)
    return _Case(
        name=name,
        served=len(served),
        throttled=len(served) - full,
        refused=len(uses) - len(served),
        extra_retries=sum(max(0, use.retries - plan.limits.retries_per_interview) for use in served),
        revenue_usd=plan.price * packs,
        fee_usd=fee,
        cost_usd=cost,
    )


def _throttled_share(plan: Plan, market: Market) -> Decimal:
    """What a throttled interview costs of a full one, by the cost model's expected session."""
    point = market.assumptions.point("expected")
    full = cost_usd(priced_session(point, plan.service, market.book, market.at))
    cheap = cost_usd(priced_session(point, plan.service.throttled(), market.book, market.at))
    return min(Decimal(1), cheap / full) if full else Decimal(1)
