"""Where an interview can be taken from: the plan in force, then packs, the first to expire first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from coach.avatar.policy import avatar_policy
from coach.economics.plans import Plan, PlanBook
from coach.store.repositories.billing_records import Account, AvatarUse, Credits, Standing

GRACE = timedelta(days=3)
"""How long a subscription goes on after a failed payment or a late renewal notice."""


PAYING = frozenset({"active", "trialing", "past_due"})


LOCAL = "local"


LITE_CREDITS = avatar_policy().tariff.credits_per_minute
"""Credits of one included avatar minute."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the next interview could be taken from, and the time its allowance runs over."""

    name: str
    plan: Plan
    since: datetime
    until: datetime | None = None


def sources_of(standing: Standing, plans: PlanBook, now: datetime) -> list[Source]:
    """Every source there is, best first; the trial always, so that the list is never empty."""
    sources = []
    account = standing.account
    if account.status in PAYING and account.plan_id and account.period_start and account.period_end:
        plan = next((plan for plan in plans.plans if plan.id == account.plan_id), None)
        if plan and account.period_start <= now < account.period_end + GRACE and not _out_of_grace(account, now):
            sources.append(
                Source(f"subscription:{account.subscription_id}", plan, account.period_start, account.period_end)
            )
    sources += [_pack(bought, plans) for bought in standing.credits if _usable(bought, plans, now)]
    trial = next(plan for plan in plans.plans if plan.kind == "trial")
    return [*sources, Source("trial", trial, datetime(2000, 1, 1, tzinfo=UTC))]


def _out_of_grace(account: Account, now: datetime) -> bool:
    """A failed payment is waited for `GRACE`; Stripe begins the next period whether it was paid or not."""
    if account.status != "past_due":
        return False
    since = account.past_due_since or account.period_start or now
    return now >= since + GRACE


def _usable(bought: Credits, plans: PlanBook, now: datetime) -> bool:
    known = any(plan.id == bought.plan_id for plan in plans.plans)
    return known and bought.refunded_at is None and now < bought.expires_at


def _pack(bought: Credits, plans: PlanBook) -> Source:
    plan = plans.plan(bought.plan_id)
    sold = plan.model_copy(update={"limits": plan.limits.model_copy(update={"interviews": bought.interviews})})
    return Source(f"pack:{bought.id}", sold, bought.bought_at, bought.expires_at)


def used_of(standing: Standing, source: Source) -> int:
    """Interviews taken from this source, reserved ones included."""
    return sum(use.source == source.name and use.reserved_at >= source.since for use in standing.uses)


def avatar_left(standing: Standing, source: Source) -> float:
    """Avatar minutes this source has left, as the vendor counts them; below 0 when more was used.

    Every pack and every period of a tier brings its own: only interviews taken from it count.
    """
    mine = [use for use in standing.uses if use.source == source.name and use.reserved_at >= source.since]
    return source.plan.limits.avatar_minutes - sum(_minutes(standing.avatar.get(use.use_id)) for use in mine)


def _minutes(used: AvatarUse | None) -> float:
    """Credits where the vendor's count is known, else started minutes of what was measured."""
    if used is None:
        return 0.0
    return float(used.credits) / LITE_CREDITS if used.credits else float(ceil(used.seconds / 60))
