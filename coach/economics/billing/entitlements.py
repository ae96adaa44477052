"""What a plan includes right now: told at the soft cap, served cheaper at the throttle, offered more at the hard cap.

Asked before a session and before a retry only, so nothing is ever cut off in the middle of an answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import Any

from coach.avatar.policy import avatar_policy
from coach.contracts.usage import usage_event_id
from coach.economics.money import format_usd
from coach.economics.plans import MAX_RETRIES, Plan, PlanBook, plan_book
from coach.interview.ports import Entitlement
from coach.store import SqlStore
from coach.store.repositories import billing
from coach.store.repositories.billing import Account, AvatarUse, Credits, Standing, Use

GRACE = timedelta(days=3)
"""How long a subscription goes on after a failed payment or a late renewal notice."""
PAYING = frozenset({"active", "trialing", "past_due"})
LOCAL = "local"
LITE_CREDITS = avatar_policy().tariff.credits_per_minute
"""Credits of one included avatar minute."""


def use_id_of(interview_id: str) -> str:
    """The permanent identity of one interview's use: the id of its usage event."""
    return usage_event_id(interview_id, "interview", "interview.used")


class PlanEntitlements:
    """Checks against the plan in force, from our own ledger (Stripe's balance lags behind)."""

    def __init__(self, store: SqlStore, plans: PlanBook | None = None, *, clock: Callable[[], datetime] | None = None):
        """`clock` gives the present in UTC; tests hand in their own."""
        self._store = store
        self._plans = plans or plan_book()
        self._clock = clock or _now

    async def before_session(self, user_id: str, interview_id: str, *, questions: int) -> Entitlement:
        """See `coach.interview.ports.Entitlements`."""
        now = self._clock()
        use_id = use_id_of(interview_id)

        def decide(standing: Standing) -> tuple[Entitlement, Use | None]:
            return decide_session(standing, self._plans, now, use_id=use_id, questions=questions)

        return await self._store.arun(billing.reserve, user_id, use_id, now, decide)

    async def before_retry(self, user_id: str, interview_id: str) -> Entitlement:
        """See `coach.interview.ports.Entitlements`."""
        use = await self._store.arun(billing.find_use, use_id_of(interview_id))
        if use is None:
            return Entitlement(allowed=True, plan=LOCAL)
        again = await self.before_session(user_id, interview_id, questions=1)
        if not again.allowed:
            return again
        use = await self._store.arun(billing.find_use, use_id_of(interview_id)) or use
        retries = await self._store.arun(billing.retries_of, interview_id)
        account = await self._store.arun(billing.account_of, user_id)
        return decide_retry(self._plans.plan(use.plan_id), use, retries=retries, overage_agreed=account.overage_agreed)

    async def avatar_credits_left(self, interview_id: str) -> int | None:
        """Avatar credits an interview's source has left by the ledger; None = no limit. See `coach.avatar.governed`."""
        use_id, now = use_id_of(interview_id), self._clock()
        user_id = await self._store.arun(billing.user_of, use_id)
        if user_id is None:
            return None
        standing = await self._store.arun(billing.standing, user_id, now)
        use = next((each for each in standing.uses if each.use_id == use_id), None)
        if use is None:
            return 0
        found = [source for source in sources_of(standing, self._plans, now) if source.name == use.source]
        return max(0, floor(avatar_left(standing, found[0]) * LITE_CREDITS)) if found else 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the next interview could be taken from, and the time its allowance runs over."""

    name: str
    plan: Plan
    since: datetime
    until: datetime | None = None


def decide_session(
    standing: Standing, plans: PlanBook, now: datetime, *, use_id: str, questions: int
) -> tuple[Entitlement, Use | None]:
    """Takes the next interview from the subscription, else from the pack that expires first, else from the trial.

    Returns what is allowed and the use to store (None when refused or already stored).
    """
    known = next((use for use in standing.uses if use.use_id == use_id), None)
    if known is not None:
        return _entitlement(known, plans.plan(known.plan_id), questions), None
    sources = sources_of(standing, plans, now)
    for source in sources:
        used = used_of(standing, source)
        if used < source.plan.hard_cap:
            return _granted(standing, source, used, use_id, questions, now)
    return Entitlement(allowed=False, plan=sources[0].plan.id, offer=_offer(sources[0], plans)), None


def decide_retry(plan: Plan, use: Use, *, retries: int, overage_agreed: bool) -> Entitlement:
    """`retries` is the number of retries this interview has had, running ones included."""
    left = plan.limits.retries_per_interview - retries
    base = _entitlement(use, plan, plan.limits.questions_per_interview)
    if left > 0:
        last = "This is the last retry included in this interview." if left == 1 else ""
        return _with(base, notice=last)
    if plan.overage and overage_agreed and retries < MAX_RETRIES:
        price = plan.overage.retry
        return _with(base, notice=f"This extra retry costs {format_usd(price)}.", extra_charge_usd=price)
    return _with(base, allowed=False, offer=_retry_offer(plan, retries))


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


def _granted(
    standing: Standing, source: Source, used: int, use_id: str, questions: int, now: datetime
) -> tuple[Entitlement, Use]:
    plan = source.plan
    throttled = used >= plan.throttle_after
    has_avatar = plan.avatar != "drawn" and not throttled and avatar_left(standing, source) > 0
    level = "throttled" if throttled else "full" if has_avatar or plan.avatar == "drawn" else "drawn"
    use = Use(use_id, plan.id, source.name, level, now, False)
    notices = [
        _payment_notice(standing.account),
        _count_notice(plan, used),
        "The avatar minutes are used up; your coach is drawn and speaks as before." if level == "drawn" else "",
    ]
    return _with(_entitlement(use, plan, questions), notice=" ".join(filter(None, notices))), use


def _entitlement(use: Use, plan: Plan, questions: int) -> Entitlement:
    limit = plan.limits.questions_per_interview
    return Entitlement(
        allowed=True,
        plan=plan.id,
        level="throttled" if use.level == "throttled" else "full",
        avatar=use.level == "full" and plan.avatar != "drawn",
        max_questions=limit,
        notice=f"{plan.name} has {limit} questions per interview." if questions > limit else "",
    )


def _count_notice(plan: Plan, used: int) -> str:
    included, now_taken = plan.limits.interviews, used + 1
    if now_taken > plan.throttle_after:
        left = plan.hard_cap - now_taken
        return (
            f"The {included} included interviews are used; this one runs in the light mode, {left} more are possible."
        )
    if plan.kind != "trial" and included > 1 and now_taken >= plan.soft_cap:
        return f"{included - now_taken} of {included} interviews are left after this one."
    return ""


def _payment_notice(account: Account) -> str:
    return "The last payment failed; please check your card." if account.payment_failed else ""


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


def _offer(source: Source, plans: PlanBook) -> str:
    """What helps now: packs, and every tier that is more than what the person has."""
    subscribed = source.plan.kind == "monthly"
    packs = [plan for plan in plans.plans if plan.kind == "pack"]
    tiers = [
        plan for plan in plans.plans if plan.kind == "monthly" and plan.price > (source.plan.price if subscribed else 0)
    ]
    offers = [f"{plan.name} for {format_usd(plan.price)}" for plan in packs]
    offers += [f"{plan.name} for {format_usd(plan.price)} a month" for plan in tiers]
    renewal = f" New interviews from {source.until.date().isoformat()}." if subscribed and source.until else ""
    return f"{source.plan.name}: all interviews are used.{renewal} To go on now: {' · '.join(offers)}."


def _retry_offer(plan: Plan, retries: int) -> str:
    said = f"The {plan.limits.retries_per_interview} retries of this interview are used. Go on to the next question"
    if plan.overage and retries < MAX_RETRIES:
        return f"{said}, or switch on extra retries at {format_usd(plan.overage.retry)} each."
    return f"{said}; a new interview has retries again."


def _with(entitlement: Entitlement, *, notice: str = "", **changes: Any) -> Entitlement:
    joined = " ".join(filter(None, (notice, entitlement.notice)))
    return replace(entitlement, notice=joined, **changes)


def _now() -> datetime:
    return datetime.now(UTC)
