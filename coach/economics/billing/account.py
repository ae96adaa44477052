"""What a person sees of their plan: what is included, used and left, until when, and what else is on offer."""

from datetime import UTC, datetime
from decimal import Decimal

from coach.contracts.base import Record
from coach.economics.billing.sources import PAYING, avatar_left, sources_of, used_of
from coach.economics.money import format_usd
from coach.economics.plans import Plan, PlanBook, plan_book
from coach.store import SqlStore
from coach.store.repositories import billing


class Offer(Record):
    """Something to buy. `text` says what it includes."""

    plan_id: str
    name: str
    kind: str
    price: Decimal
    text: str


class AccountView(Record):
    """One person's plan now. Interviews and minutes are those of the source the next interview is taken from.

    `until` is when the allowance ends (renewal or expiry), None for the trial; `overage_price` is None where the plan
    has no paid extras; `manageable` tells whether there is something to manage at Stripe.
    """

    plan_id: str
    name: str
    kind: str
    used: int
    included: int
    light_left: int
    avatar_minutes_left: int | None
    retries_per_interview: int
    until: datetime | None
    payment_failed: bool
    overage_price: Decimal | None
    overage_agreed: bool
    manageable: bool
    credits: list[Offer]
    tiers: list[Offer]

    @property
    def left(self) -> int:
        """Interviews at full service that are left."""
        return max(0, self.included - self.used)


def account_view(
    store: SqlStore, user_id: str, *, plans: PlanBook | None = None, now: datetime | None = None
) -> AccountView:
    """Reads the standing of one person; blocking."""
    book, now = plans or plan_book(), now or datetime.now(UTC)
    standing = store.run(billing.standing, user_id, now)
    sources = sources_of(standing, book, now)
    source = next((each for each in sources if used_of(standing, each) < each.plan.hard_cap), sources[0])
    plan, used, account = source.plan, used_of(standing, source), standing.account
    minutes = None if plan.avatar == "drawn" else max(0, int(avatar_left(standing, source)))
    return AccountView(
        plan_id=plan.id,
        name=plan.name,
        kind=plan.kind,
        used=min(used, plan.limits.interviews),
        included=plan.limits.interviews,
        light_left=max(0, plan.hard_cap - max(used, plan.limits.interviews)),
        avatar_minutes_left=minutes,
        retries_per_interview=plan.limits.retries_per_interview,
        until=source.until,
        payment_failed=account.payment_failed,
        overage_price=plan.overage.retry if plan.overage else None,
        overage_agreed=account.overage_agreed,
        manageable=account.stripe_customer_id is not None,
        credits=[_offer(each) for each in book.plans if each.kind == "pack"],
        tiers=[] if account.status in PAYING else [_offer(each) for each in book.plans if each.kind == "monthly"],
    )


def _offer(plan: Plan) -> Offer:
    limits, monthly = plan.limits, plan.kind == "monthly"
    count = "1 interview" if limits.interviews == 1 else f"{limits.interviews} interviews"
    text = f"{count}, up to {limits.questions_per_interview} questions and {limits.retries_per_interview} retries each"
    price = format_usd(plan.price) + (" a month" if monthly else "")
    return Offer(plan_id=plan.id, name=plan.name, kind=plan.kind, price=plan.price, text=f"{price}: {text}.")


def agree_to_extras(store: SqlStore, user_id: str, *, agreed: bool) -> None:
    """Remembers whether the person pays for extras once what the plan includes is used; blocking."""
    store.run(billing.change_account, user_id, overage_agreed=agreed)
