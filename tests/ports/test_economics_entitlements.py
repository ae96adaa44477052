"""What a plan includes, checked against both databases; use becomes ledger in the same transaction as feedback."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.economics.billing.entitlements import PlanEntitlements, decide_retry, use_id_of
from coach.economics.billing.giving_back import give_back
from coach.economics.billing.outbox import meter_names
from coach.economics.billing.reconcile import reconcile
from coach.economics.ledger import totals
from coach.economics.metering import MeteredStore
from coach.economics.model.scenario import Scenario, apply
from coach.economics.money import format_usd
from coach.economics.plans import plan_book
from coach.economics.pricebook import PriceBook, price_book
from coach.errors import NotFoundError
from coach.store.repositories import billing, ledger, outbox, outbox_sums, recorded_use, uses
from coach.store.repositories.billing_records import Credits, Use
from coach.views import margins_ledger
from tests.fakes import records as make

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLANS = plan_book()


@pytest_asyncio.fixture
async def metered(sql_url) -> AsyncIterator[MeteredStore]:
    opened = MeteredStore(sql_url, idle_s=60)
    yield opened
    await opened.aclose()


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def gate(metered, clock) -> PlanEntitlements:
    return PlanEntitlements(metered, clock=lambda: clock[0])


async def interviewed(store: MeteredStore, gate: PlanEntitlements, user: str = "ada", *, answers: int = 1):
    """Starts an interview and gives it `answers` attempts at its first question; returns leave, interview, exchange."""
    interview = make.interview(user_id=user)
    leave = await gate.before_session(user, interview.id, questions=3)
    if not leave.allowed:
        return leave, interview, None
    exchange = make.exchange(interview)
    await store.create_interview(interview, [exchange])
    for number in range(1, answers + 1):
        await answered(store, exchange, number)
    return leave, interview, exchange


async def answered(store: MeteredStore, exchange, number: int) -> Attempt:
    attempt = make.evaluated(exchange, attempt_number=number, finished_at=NOW)
    await store.add_attempt(attempt.model_copy(update={"status": AttemptStatus.CAPTURED}))
    await store.complete_attempt(attempt, exchange, [tokens(attempt)])
    return attempt


def tokens(attempt: Attempt) -> UsageEvent:
    return UsageEvent(
        event_id=usage_event_id(attempt.id, "evaluate.1", "gpt-6-luna.output"), vendor="openai",
        meter="gpt-6-luna.output", quantity=Decimal(1000), unit="token", occurred_at=NOW, attempt_id=attempt.id,
        call_id="evaluate.1",
    )  # fmt: skip


def seconds(attempt: Attempt, meter: str) -> UsageEvent:
    return UsageEvent(
        event_id=usage_event_id(attempt.id, meter, meter), vendor="deepgram", meter=meter, quantity=Decimal(30),
        unit="second", occurred_at=NOW, attempt_id=attempt.id, interview_id=attempt.interview_id, call_id=meter,
    )  # fmt: skip


def bought(store: MeteredStore, plan: str, interviews: int, **changes) -> None:
    pack = {
        "id": f"cs_{plan}", "user_id": "ada", "plan_id": plan, "interviews": interviews, "payment_id": "pi",
        "bought_at": NOW - timedelta(days=1), "expires_at": NOW + timedelta(days=364), **changes,
    }  # fmt: skip
    store.run(billing.add_credits, Credits(**pack))


def subscribed(store: MeteredStore, plan: str = "plus", **changes) -> None:
    period = {"period_start": NOW - timedelta(days=10), "period_end": NOW + timedelta(days=20)}
    values = {"plan_id": plan, "subscription_id": "sub_1", "status": "active", **period, **changes}
    store.run(billing.change_account, "ada", **values)


async def test_the_trial_gives_one_interview_and_then_an_offer(metered, gate):
    first, _, _ = await interviewed(metered, gate)
    assert (first.allowed, first.plan, first.avatar) == (True, "trial", False)
    second, _, _ = await interviewed(metered, gate)
    assert not second.allowed and "$4.99" in second.offer
    for tier in (plan for plan in PLANS.plans if plan.kind == "monthly"):
        assert f"{tier.name} for ${tier.price}" in second.offer


async def test_asking_again_for_the_same_interview_takes_nothing_more(metered, gate):
    interview = make.interview(user_id="ada")
    leaves = [await gate.before_session("ada", interview.id, questions=3) for _ in range(3)]
    assert all(leave.allowed for leave in leaves)
    assert len(metered.run(billing.standing, "ada", NOW).uses) == 1


async def test_an_interview_without_feedback_is_not_charged(metered, gate, clock):
    interview = make.interview(user_id="ada")
    assert (await gate.before_session("ada", interview.id, questions=3)).allowed
    assert not (await gate.before_session("ada", "other", questions=3)).allowed
    clock[0] += timedelta(hours=25)
    assert (await gate.before_session("ada", "other", questions=3)).allowed


async def test_deleting_a_session_gives_no_interview_back(metered, gate, clock):
    from coach.store.maintenance.removal import delete_rows

    _, interview, _ = await interviewed(metered, gate)
    metered.run(delete_rows, interview.id)
    clock[0] += timedelta(days=2)
    assert not (await gate.before_session("ada", "next", questions=3)).allowed


async def test_two_starts_at_once_cannot_take_the_same_last_interview(metered, gate):
    leaves = await asyncio.gather(*(gate.before_session("ada", f"i{n}", questions=3) for n in range(6)))
    assert sum(leave.allowed for leave in leaves) == 1


async def test_a_tier_tells_at_the_soft_cap_throttles_and_offers_at_the_hard_cap(metered, gate):
    subscribed(metered)
    metered.run(billing.change_account, "ada", stripe_customer_id="cus_1")
    leaves = [await gate.before_session("ada", f"i{n}", questions=5) for n in range(16)]
    plan = PLANS.plan("plus")
    assert [leave.level for leave in leaves[:15]] == ["full"] * plan.throttle_after + ["throttled"] * 5
    assert leaves[0].notice == "" and leaves[0].avatar
    assert "2 of 10 interviews are left" in leaves[7].notice
    assert "light mode" in leaves[10].notice and not leaves[10].avatar
    assert leaves[15].allowed is True and leaves[15].plan == "trial"
    refused = await gate.before_session("ada", "i99", questions=5)
    assert not refused.allowed and "2026-12-10" in refused.offer


async def test_packs_are_used_after_the_tier_and_the_first_to_expire_first(metered, gate):
    bought(metered, "pack5", 5)
    bought(metered, "single", 1, id="cs_old", expires_at=NOW + timedelta(days=3))
    bought(metered, "pack10", 10, id="cs_gone", expires_at=NOW - timedelta(days=3))
    bought(metered, "pack10", 10, id="cs_refunded", refunded_at=NOW - timedelta(hours=1))
    plans = [(await gate.before_session("ada", f"i{n}", questions=5)).plan for n in range(7)]
    assert plans == ["single"] + ["pack5"] * 5 + ["trial"]
    subscribed(metered)
    assert (await gate.before_session("ada", "i10", questions=5)).plan == "plus"


async def test_a_lapsed_or_failed_payment_is_told_and_ends_after_its_grace(metered, gate, clock):
    subscribed(metered, status="past_due", payment_failed=True)
    assert "payment failed" in (await gate.before_session("ada", "i1", questions=3)).notice
    clock[0] = NOW + timedelta(days=24)
    assert (await gate.before_session("ada", "i2", questions=3)).plan == "trial"
    subscribed(metered, status="canceled")
    clock[0] = NOW
    assert not (await gate.before_session("ada", "i3", questions=3)).allowed


def avatar_use(interview_id: str, credits: int, *, user: str = "ada") -> UsageEvent:
    return UsageEvent(
        event_id=f"avatar-{interview_id}", vendor="liveavatar", meter="lite.credits", quantity=Decimal(credits),
        unit="credit", occurred_at=NOW, user_id=user, interview_id=interview_id,
    )  # fmt: skip


async def test_used_up_avatar_minutes_lead_to_the_drawn_avatar(metered, gate):
    subscribed(metered)
    _, interview, _ = await interviewed(metered, gate)
    assert await gate.avatar_credits_left(interview.id) == PLANS.plan("plus").limits.avatar_minutes
    await metered.add_usage([avatar_use(interview.id, PLANS.plan("plus").limits.avatar_minutes)])
    assert await gate.avatar_credits_left(interview.id) == 0
    leave = await gate.before_session("ada", "i1", questions=3)
    assert leave.allowed and leave.level == "full" and not leave.avatar and "avatar minutes are used up" in leave.notice


async def test_every_pack_brings_its_own_avatar_minutes(metered, gate):
    bought(metered, "single", 1, id="cs_1")
    bought(metered, "single", 1, id="cs_2", bought_at=NOW - timedelta(days=2))
    first, interview, _ = await interviewed(metered, gate)
    await metered.add_usage([avatar_use(interview.id, 99)])
    second, _, _ = await interviewed(metered, gate)
    assert first.avatar and second.avatar, "the second pack's minutes are untouched"


async def test_a_reservation_that_lapsed_is_taken_again_before_its_interview_goes_on(metered, gate, clock):
    bought(metered, "single", 1)
    interview = make.interview(user_id="ada")
    assert (await gate.before_session("ada", interview.id, questions=3)).plan == "single"
    clock[0] += timedelta(hours=25)
    other, _, _ = await interviewed(metered, gate)
    assert other.plan == "single", "its place was free again"
    assert (await gate.before_session("ada", interview.id, questions=3)).plan == "trial"
    late = make.interview(user_id="ada")
    assert not (await gate.before_session("ada", late.id, questions=3)).allowed
    assert not (await gate.before_retry("ada", "never-started")).extra_charge_usd


async def test_a_retry_in_a_lapsed_interview_takes_its_credit_first(metered, gate, clock):
    bought(metered, "single", 1)
    first = make.interview(user_id="ada")
    await gate.before_session("ada", first.id, questions=3)
    clock[0] += timedelta(hours=25)
    for _ in range(2):
        await interviewed(metered, gate)
    refused = await gate.before_retry("ada", first.id)
    assert not refused.allowed and "all interviews are used" in refused.offer


async def test_an_interview_given_back_is_free_again_once(metered, gate, clock):
    bought(metered, "single", 1)
    await interviewed(metered, gate, answers=0)  # takes nothing for good
    clock[0] += timedelta(hours=25)
    _, interview, _ = await interviewed(metered, gate)
    clock[0] += timedelta(days=30)
    given = give_back(metered, interview.id, None, clock=lambda: clock[0])
    assert given.interview and given.user_id == "ada"
    assert not give_back(metered, interview.id, None).interview
    assert metered.run(uses.taken_interviews)[0]["state"] == "given back"
    assert (await gate.before_session("ada", "next", questions=3)).plan == "single"
    product = metered.run(ledger.usage_events, interview_id=interview.id, vendors=["jobfoxy"])
    assert product and not any(event.billable for event in product)
    with pytest.raises(NotFoundError):
        give_back(metered, "nobody's", None)


async def test_what_is_being_sent_when_an_interview_is_given_back_is_not_called_withdrawn(metered, gate, clock):
    metered.run(billing.change_account, "ada", stripe_customer_id="cus_1")
    _, interview, _ = await interviewed(metered, gate, answers=2)
    metered.run(outbox.enqueue, meter_names(PLANS), NOW)
    (claimed,) = metered.run(outbox.claim, NOW + timedelta(hours=1), limit=1, ahead=timedelta(0))
    given = give_back(metered, interview.id, None, clock=lambda: clock[0])
    assert (given.withdrawn, given.waiting_for_stripe) == (2, 1)
    metered.run(outbox.settle, [outbox.Settlement(claimed.event_id, "sent")], NOW)
    (row,) = metered.run(outbox_sums.rows_of, [claimed.event_id])
    assert row.state == "sent", "Stripe has it: a later call takes it back there"
    assert {each.kind for each in reconcile(metered, None).differences} == {"cancelled"}


async def test_past_due_is_served_for_its_grace_although_a_new_period_has_begun(metered, gate, clock):
    subscribed(metered, status="past_due", period_start=NOW, period_end=NOW + timedelta(days=30))
    assert (await gate.before_session("ada", "i1", questions=3)).plan == "plus"
    clock[0] = NOW + timedelta(days=3, hours=1)
    assert (await gate.before_session("ada", "i2", questions=3)).plan == "trial"
    subscribed(metered, status="past_due", past_due_since=NOW + timedelta(days=2))
    assert (await gate.before_session("ada", "i3", questions=3)).plan == "plus", "since the payment failed"


@pytest.mark.parametrize(("have", "offered"), [("plus", ["Pro"]), ("pro", [])])
async def test_the_hard_cap_of_a_tier_offers_every_larger_tier_and_none_that_is_not(metered, gate, have, offered):
    subscribed(metered, plan=have)
    for n in range(PLANS.plan(have).hard_cap + 1):  # the last one is the trial's
        assert (await gate.before_session("ada", f"i{n}", questions=3)).allowed
    refused = await gate.before_session("ada", "one more", questions=3)
    assert not refused.allowed
    tiers = [plan for plan in PLANS.plans if plan.kind == "monthly"]
    assert [
        tier.name for tier in tiers if f"{tier.name} for {format_usd(tier.price)} a month" in refused.offer
    ] == offered
    packs = [plan for plan in PLANS.plans if plan.kind == "pack"]
    assert all(f"{pack.name} for {format_usd(pack.price)}" in refused.offer for pack in packs)


async def test_more_questions_than_the_plan_has_are_left_out(metered, gate):
    leave = await gate.before_session("ada", "i1", questions=5)
    assert leave.allowed and leave.max_questions == 3 and "3 questions" in leave.notice


async def test_retries_end_at_the_limit_unless_extra_ones_are_paid_for(metered, gate):
    subscribed(metered)
    _, interview, exchange = await interviewed(metered, gate, answers=3)
    assert "last retry" in (await gate.before_retry("ada", interview.id)).notice
    await answered(metered, exchange, 4)
    refused = await gate.before_retry("ada", interview.id)
    assert not refused.allowed and "$0.35" in refused.offer
    metered.run(billing.change_account, "ada", overage_agreed=True)
    extra = await gate.before_retry("ada", interview.id)
    assert extra.allowed and extra.extra_charge_usd == Decimal("0.35")
    await answered(metered, exchange, 5)
    meters = [event.meter for event in metered.run(ledger.usage_events, interview_id=interview.id, vendors=["jobfoxy"])]
    assert sorted(meters) == sorted(
        ["interview.used", "answer.evaluated", *["answer.retried"] * 3, "answer.retried_extra"]
    )


def test_no_plan_allows_more_retries_than_the_worst_case_knows():
    use = Use("u", "pro", "subscription:s", "full", NOW, True)
    assert not decide_retry(PLANS.plan("pro"), use, retries=10, overage_agreed=True).allowed


async def test_use_is_completed_priced_and_never_counted_twice(metered, gate):
    subscribed(metered)
    _, interview, exchange = await interviewed(metered, gate)
    attempt = (await metered.load_interview(interview.id)).attempts[0]
    for _ in range(3):
        await metered.complete_attempt(attempt, exchange, [tokens(attempt)])
    events = metered.run(ledger.usage_events, interview_id=interview.id)
    assert [event.meter for event in events if event.vendor == "jobfoxy"].count("answer.evaluated") == 1
    spent = next(event for event in events if event.vendor == "openai")
    assert (spent.cost_usd, spent.user_id) == (Decimal("0.0005"), "ada")
    assert spent.price_entry == "openai/gpt-6-luna.output@2026-09-22"
    assert sum(total.cost_usd for total in totals(events, "vendor")) == Decimal("0.0005")
    assert any(event.event_id == use_id_of(interview.id) for event in events)


async def test_delayed_feedback_and_samples_are_not_charged(metered, gate):
    subscribed(metered)
    _, _, exchange = await interviewed(metered, gate, answers=0)
    attempt = make.evaluated(exchange, status=AttemptStatus.DELAYED)
    await metered.add_attempt(attempt)
    await metered.complete_attempt(attempt, exchange, [])
    sample = make.interview(user_id="ada", is_sample=True)
    question = make.exchange(sample)
    await metered.create_interview(sample, [question])
    await answered(metered, question, 1)
    assert metered.run(ledger.usage_events, vendors=["jobfoxy"]) == []


async def test_a_missing_price_never_stops_an_answer_and_is_filled_in_later(sql_url):
    without = PriceBook([entry for entry in price_book().entries if entry.meter != "gpt-6-luna.output"])
    store = MeteredStore(sql_url, book=without, idle_s=60)
    interview = make.interview(user_id="ada")
    exchange = make.exchange(interview)
    await store.create_interview(interview, [exchange])
    attempt = await answered(store, exchange, 1)
    assert (await store.find_attempt(attempt.id)).status == AttemptStatus.EVALUATED
    await store.aclose()
    later = MeteredStore(sql_url, idle_s=60)
    assert later.price_pending() == 1 and later.price_pending() == 0
    event = next(each for each in later.run(ledger.usage_events) if each.vendor == "openai")
    assert event.cost_usd == Decimal("0.0005")
    await later.aclose()


async def test_how_many_answers_were_heard_again_is_read_from_the_ledger(metered):
    interview = make.interview(user_id="ada")
    exchange = make.exchange(interview)
    await metered.create_interview(interview, [exchange])
    for number, meters in enumerate((("nova-3.live",), ("nova-3.live", "nova-3.batch"), ("nova-3.batch",)), start=1):
        attempt = await answered(metered, exchange, number)
        await metered.add_usage([seconds(attempt, meter) for meter in meters])
    assert metered.run(recorded_use.recorded_facts).heard == recorded_use.HeardFact(live=2, again=1)


@pytest.mark.parametrize("by", ["vendor", "meter", "day", "user", "interview", "attempt", "bundle"])
async def test_sums_of_every_key_equal_the_ledger_and_repricing_changes_nothing(metered, gate, by):
    subscribed(metered)
    for user in ("ada", "ben"):
        await interviewed(metered, gate, user, answers=2 if user == "ada" else 1)
    events = metered.run(ledger.usage_events)
    billed = sum((event.cost_usd or 0 for event in events), Decimal(0))
    dearer = price_book().with_overrides({"openai/gpt-6-luna.output": "5"}, label="x")
    frame = margins_ledger.ledger_frame(metered, dearer, by=by, now=NOW + timedelta(days=1))
    assert frame["as_billed_usd"].sum() == billed == Decimal("0.0015")
    assert frame["repriced_usd"].sum() == Decimal("0.015")
    assert frame["events"].sum() == len(events)
    assert metered.run(ledger.usage_events) == events


async def test_a_running_session_is_seen_against_its_worst_case(metered, gate):
    _, interview, _ = await interviewed(metered, gate)
    (budget,) = margins_ledger.session_budgets(metered, apply(Scenario()), [interview.id])
    assert budget["state"] == "within" and budget["spent_usd"] == Decimal("0.0005")
    assert budget["budget_usd"] > 1 and budget["by_vendor"]["openai"] == Decimal("0.0005")
