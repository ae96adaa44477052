"""A plan tried on real use, who comes back, what a customer brings, and commitments whose unused units are cost."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import yaml

from coach.contracts.usage import UsageEvent
from coach.economics.backtest import backtest, backtest_uses
from coach.economics.commitments import commitment_months
from coach.economics.customers import monthly_margins
from coach.economics.model.margins import stripe_fee
from coach.economics.model.scenario import Scenario, apply
from coach.economics.pricebook import PRICE_BOOK_PATH, PriceBookError, load_price_book, price_book
from coach.economics.retention import LEAST_CUSTOMERS, lifetime_value, retention
from coach.store import SqlStore
from coach.store.repositories import billing, interviews, recorded_use
from coach.store.repositories.billing_records import Payment
from coach.store.repositories.recorded_use import InterviewUse
from tests.fakes import records as make

DAY = datetime(2026, 9, 10, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture
def store(tmp_path):
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}") as opened:
        yield opened


def used(
    count: int, user: str = "ada", *, cost: str = "0.20", at: datetime = DAY, retries: int = 0
) -> list[InterviewUse]:
    return [
        InterviewUse(f"{user}-{at:%m}-{n}", user, at + timedelta(hours=n), Decimal(cost), retries) for n in range(count)
    ]


def tried(uses, plan: str, **changes):
    return next(row for row in backtest_uses(uses, apply(Scenario(**changes))) if row.plan == plan)


def test_a_monthly_plan_is_paid_in_every_month_throttled_and_capped_as_it_says():
    plan = apply(Scenario()).plans.plan("plus")
    uses = used(plan.hard_cap + 3) + used(2, at=DAY + timedelta(days=31)) + used(1, "bo", cost="0")
    row = tried(uses, "plus")
    assert (row.cases, row.interviews, row.refused) == (3, len(uses), 3)
    assert row.throttled == plan.hard_cap - plan.throttle_after
    assert row.revenue_usd == 3 * plan.price
    full = Decimal("0.20") * (plan.throttle_after + 2)
    assert full <= row.vendor_cost_usd < full + Decimal("0.20") * row.throttled or not row.throttled
    assert row.margin_usd == row.revenue_usd - row.stripe_fee_usd - row.vendor_cost_usd
    assert row.stripe_fee_usd == 3 * stripe_fee(plan.price, apply(Scenario()).market, monthly=True)
    assert row.worst_case == "ada 2026-09"


def test_packs_are_bought_as_often_as_needed_and_a_trial_ends():
    ten = next(plan for plan in apply(Scenario()).plans.plans if plan.kind == "pack" and plan.limits.interviews == 10)
    row = tried(used(21), ten.id)
    assert (row.cases, row.served, row.refused, row.revenue_usd) == (1, 21, 0, 3 * ten.price)
    trial = tried(used(5), "trial")
    assert trial.served == apply(Scenario()).plans.plan("trial").limits.interviews
    assert trial.margin is None and trial.cases_at_a_loss == 1


def test_another_price_and_cap_change_the_answer_as_they_should():
    uses = used(6, cost="4", retries=9)
    base = tried(uses, "plus")
    dearer = tried(uses, "plus", plans={"plus": {"price": "40"}})
    assert dearer.revenue_usd == 40 and dearer.vendor_cost_usd == base.vendor_cost_usd
    assert dearer.margin_usd > base.margin_usd and base.extra_retries > 0


def test_samples_are_nobodys_use(store):
    for sample in (False, True):
        interview = make.interview(user_id="ada", is_sample=sample)
        attempt = make.attempt(make.exchange(interview))
        asyncio.run(store.create_interview(interview, []))
        store.run(interviews.add_usage, [make.usage(attempt, cost_usd=Decimal("0.5"))])
    rows = backtest(store, apply(Scenario()))
    assert {row.interviews for row in rows} == {1}
    assert next(row for row in rows if row.plan == "plus").vendor_cost_usd == Decimal("0.5")


def test_of_very_many_customers_the_same_ones_are_tried_with_all_they_did(store):
    for user in ("ada", "bo", "cy", "di"):
        for _ in range(2):
            interview = make.interview(user_id=user)
            asyncio.run(store.create_interview(interview, []))
            store.run(interviews.add_usage, [make.usage(make.attempt(make.exchange(interview)), user_id=user)])
    asyncio.run(store.create_interview(make.interview(user_id="not billed yet"), []))
    some, again = (store.run(recorded_use.use_of_customers, customers=2) for _ in range(2))
    assert some == again and (some.customers, some.of_customers) == (2, 5)
    assert sorted(Counter(use.user_id for use in some.interviews).values()) in ([2, 2], [2])
    every = {(row.customers, row.of_customers, row.interviews) for row in backtest(store, apply(Scenario()))}
    assert every == {(4, 4, 8)}


def test_nothing_recorded_is_no_row(store):
    assert backtest(store, apply(Scenario())) == [] and commitment_months(store, price_book()) == []
    assert retention({}, TODAY) == [] and lifetime_value({}, TODAY) == []


def margins(*people: dict[int, str]) -> dict[str, dict[date, Decimal]]:
    return {
        f"u{n}": {date(2026, month, 1): Decimal(usd) for month, usd in months.items()}
        for n, months in enumerate(people)
    }


def test_who_comes_back_counts_months_that_are_over():
    cells = retention(margins({8: "5", 10: "5"}, {8: "5"}, {9: "1", 10: "1"}, {11: "1"}), TODAY)
    assert [(c.cohort, c.age, c.active, c.customers) for c in cells] == [
        ("2026-08", 0, 2, 2),
        ("2026-08", 1, 0, 2),
        ("2026-08", 2, 1, 2),
        ("2026-09", 0, 1, 1),
        ("2026-09", 1, 1, 1),
    ]


def test_lifetime_value_is_the_sum_of_means_of_those_old_enough():
    old = [{8: "10", 9: "5", 10: "1"}] * LEAST_CUSTOMERS
    young = [{10: "40"}] * LEAST_CUSTOMERS
    curve = lifetime_value(margins(*old, *young), TODAY)
    assert [(p.age, p.customers, int(p.margin_usd)) for p in curve] == [(0, 10, 25), (1, 5, 30), (2, 5, 31)]
    assert all(p.low_usd <= p.margin_usd <= p.high_usd for p in curve)
    assert curve == lifetime_value(margins(*old, *young), TODAY)
    assert lifetime_value(margins(*old[:-1]), TODAY) == [], "too few to tell"


def test_months_of_a_customer_are_payments_less_fees_and_use(store):
    store.run(billing.change_account, "ada", stripe_customer_id="cus_ada")
    store.run(billing.keep_payment, Payment("in_1", "cus_ada", "paid", 1900, DAY))
    store.run(billing.keep_payment, Payment("re_1", "cus_ada", "refunded", -900, DAY + timedelta(days=31)))
    attempt = make.attempt(make.exchange(make.interview()))
    store.run(interviews.add_usage, [make.usage(attempt, user_id="ada", occurred_at=DAY, cost_usd=Decimal("0.5"))])
    fee = stripe_fee(Decimal(19), apply(Scenario()).market, monthly=True)
    assert monthly_margins(store, price_book()) == {
        "ada": {date(2026, 9, 1): 19 - fee - Decimal("0.5"), date(2026, 10, 1): Decimal(-9)}
    }


@pytest.mark.parametrize(("credits", "cheapest"), [("40", "Starter"), ("900", "Pro"), ("4900", "Scale")])
def test_unused_units_of_a_commitment_are_cost(store, credits, cheapest):
    event = UsageEvent(
        event_id="c", vendor="liveavatar", meter="lite.credits", quantity=Decimal(credits), unit="credit",
        occurred_at=DAY, cost_usd=Decimal("1"),
    )  # fmt: skip
    store.run(interviews.add_usage, [event])
    rows = {row.commitment: row for row in commitment_months(store, price_book())}
    starter, pro = rows["Starter"], rows["Pro"]
    assert [row.commitment for row in rows.values() if row.cheapest] == [cheapest]
    assert starter.cost_usd == 19 + max(Decimal(0), Decimal(credits) - 150) * Decimal("0.12")
    assert pro.unused_usd == Decimal(99) * max(Decimal(0), 1000 - Decimal(credits)) / 1000
    assert starter.as_billed_usd == 1 and starter.month == "2026-09"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"meters": ["lite.minutes"]}, "does not have"),
        ({"unit": "second"}, "does not have"),
        ({"included": "0"}, "included"),
        ({"source": ""}, "source"),
        ({"name": "Pro"}, "twice"),
        ({"valid_to": "2025-01-01"}, "valid_to"),
    ],
)
def test_a_commitment_that_cannot_be_is_refused(tmp_path, change, words):
    raw = yaml.safe_load(PRICE_BOOK_PATH.read_text("utf8"))
    raw["commitments"][0] |= change
    path = tmp_path / "book.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(PriceBookError, match=words):
        load_price_book(path)
