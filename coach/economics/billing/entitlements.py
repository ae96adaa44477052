"""What a plan includes right now: told at the soft cap, served cheaper at the throttle, offered more at the hard cap.

Asked before a session and before a retry only, so nothing is ever cut off in the middle of an answer.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import floor
from typing import Any

from coach.contracts.usage import usage_event_id
from coach.economics.billing.sources import LITE_CREDITS, LOCAL, Source, avatar_left, sources_of, used_of
from coach.economics.money import format_usd
from coach.economics.plans import MAX_RETRIES, Plan, PlanBook, plan_book
from coach.interview.ports import Entitlement
from coach.store import SqlStore
from coach.store.repositories import billing, uses
from coach.store.repositories.billing_records import Account, Standing, Use


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

        return await self._store.arun(uses.reserve, user_id, use_id, now, decide)

    async def before_retry(self, user_id: str, interview_id: str) -> Entitlement:
        """See `coach.interview.ports.Entitlements`."""
        use = await self._store.arun(uses.find_use, use_id_of(interview_id))
        if use is None:
            return Entitlement(allowed=True, plan=LOCAL)
        again = await self.before_session(user_id, interview_id, questions=1)
        if not again.allowed:
            return again
        use = await self._store.arun(uses.find_use, use_id_of(interview_id)) or use
        retries = await self._store.arun(uses.retries_of, interview_id)
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
