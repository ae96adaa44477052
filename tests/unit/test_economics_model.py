"""Closed form and simulation are one model; plans keep what they promise; scenarios change only what they name."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
import yaml

from coach.avatar.policy import Utterance
from coach.brain.evaluation.repair import MAX_CALLS
from coach.economics.model import report
from coach.economics.model.assumptions import MAX_REPAIRS, AssumptionError, Parameter, assumptions, load_assumptions
from coach.economics.model.break_even import break_even, recommended_limits
from coach.economics.model.distributions import (
    capped_counts_mean,
    capped_questions_mean,
    clipped_lognormal_mean,
    draw_counts,
    draw_questions,
    lognormal_location,
)
from coach.economics.model.fitting import ENOUGH, fit
from coach.economics.model.margins import Market, plan_case
from coach.economics.model.priced_session import by_vendor, cost_usd, session_lines
from coach.economics.model.scenario import Scenario, ScenarioError, apply, from_share_token, parse_scenario, share_token
from coach.economics.model.sensitivity import heat_map, tornado
from coach.economics.model.simulation import draw_sessions, limited_counts, simulate_plan, simulate_sessions
from coach.economics.model.spikes import spikes
from coach.economics.model.unit_cost import FOLLOW_UP_AFTER_S, Counts, Service, avatar_credits, mean_counts, quantities
from coach.economics.money import from_nano
from coach.economics.plans import PLANS_PATH, PlanError, parse_plans, plan_book
from coach.economics.pricebook import PriceBookError, price_book
from coach.settings import Settings
from coach.store.repositories.recorded_use import AnswerFact, HeardFact, RecordedFacts

DAY = date(2026, 11, 22)
MARKET = Market(assumptions(), price_book(), DAY)
PLANS = plan_book()
EXPECTED = assumptions().point("expected")


@pytest.fixture(scope="module")
def draws():
    return draw_sessions(EXPECTED, sessions=100_000, seed=11)


@pytest.mark.parametrize("avatar", ["drawn", "on_demand", "opening", "per_utterance", "always_on"])
def test_closed_form_and_simulation_agree_within_four_standard_errors(draws, avatar):
    service = Service(avatar=avatar)
    point = replace(EXPECTED, retries=capped_counts_mean(EXPECTED.retries, EXPECTED.retries_dispersion, 10))
    closed = float(cost_usd(session_lines(point, service, price_book(), DAY)))
    total = simulate_sessions(draws, service, price_book(), DAY).total * 1e-9
    assert abs(total.mean() - closed) < 4 * total.std() / np.sqrt(draws.size)


@pytest.mark.parametrize("plan", PLANS.plans, ids=lambda plan: plan.id)
def test_expected_margin_of_a_plan_agrees_with_its_simulated_months(draws, plan):
    months = simulate_plan(plan, draws, price_book(), DAY)
    simulated = months.margin * 1e-9
    closed = float(plan_case(plan, "expected", MARKET).margin_usd)
    assert abs(simulated.mean() - closed) < 4 * simulated.std() / np.sqrt(len(simulated)) + 0.005


def test_sum_of_parts_is_the_total_for_a_hundred_thousand_sessions(draws):
    costs = simulate_sessions(draws, Service(), price_book(), DAY)
    parts = np.stack(list(costs.parts.values()))
    assert parts.dtype == np.int64 and (parts.sum(axis=0) == costs.total).all()
    total = sum((from_nano(int(part.sum())) for part in costs.parts.values()), Decimal(0))
    assert total == from_nano(int(costs.total.sum()))


def test_the_ledgers_parts_add_up_in_every_case():
    for case in ("best", "expected", "worst"):
        lines = session_lines(assumptions().point(case), Service(), price_book(), DAY)
        assert sum(by_vendor(lines).values(), Decimal(0)) == cost_usd(lines)


def test_the_worked_session_is_three_questions_and_a_retry():
    assert (EXPECTED.questions, EXPECTED.retries, EXPECTED.answer_s) == (3, 1, 90)
    worst = assumptions().point("worst")
    assert (worst.questions, worst.follow_ups, worst.retries, worst.answer_s) == (5, 5, 10, 180)
    counts = mean_counts(EXPECTED)
    assert counts.attempts == pytest.approx(5.2) and counts.answered_s == pytest.approx(468)


def test_a_recording_is_heard_again_as_often_as_the_coach_does_it():
    """The share of the model is that of the setting the coach draws its sample by; at worst it is every answer."""
    assert EXPECTED.batch_share == Settings.model_fields["coach_verbatim_check"].default
    assert assumptions().point("worst").batch_share == 1
    seconds = {line.meter: float(line.quantity) for line in session_lines(EXPECTED, Service(), price_book(), DAY)}
    assert seconds["nova-3.batch"] == pytest.approx(mean_counts(EXPECTED).answered_s * 0.05)


@pytest.mark.parametrize("plan", [plan for plan in PLANS.plans if plan.price], ids=lambda plan: plan.id)
def test_subscriptions_pay_stripe_billing_0_7_percent_more_than_packs(plan):
    billing = price_book().find("stripe", "billing.percentage", DAY)
    assert billing.price == Decimal("0.007")
    case = plan_case(plan, "worst", MARKET)
    card = case.revenue_usd * Decimal("0.029") + Decimal("0.30")
    more = case.revenue_usd * Decimal("0.007") if plan.kind == "monthly" else Decimal(0)
    assert abs(case.stripe_fee_usd - card - more) < Decimal("1e-6")
    assert case.margin_usd == case.revenue_usd - case.stripe_fee_usd - case.vendor_cost_usd
    assert (billing.id in case.price_entries) == (plan.kind == "monthly")


def test_start_overs_cost_speech_and_nothing_else():
    calm, restless = (replace(EXPECTED, restarts=rate) for rate in (0.0, 2.0))
    before, after = (
        {line.meter: line.cost_usd for line in session_lines(each, Service(), price_book(), DAY)}
        for each in (calm, restless)
    )
    assert {meter for meter in before if before[meter] != after[meter]} == {"nova-3.live"}


def test_distributions_have_the_means_they_are_named_for():
    rng = np.random.default_rng(3)
    assert clipped_lognormal_mean(lognormal_location(90, 0.45), 0.45) == pytest.approx(90)
    assert draw_questions(rng, 3, 200_000).mean() == pytest.approx(3, abs=0.02)
    retries = draw_counts(rng, 1.0, 1.5, 200_000)
    assert np.minimum(retries, 2).mean() == pytest.approx(capped_counts_mean(1.0, 1.5, 2), abs=0.01)
    asked = draw_questions(rng, 3.4, 200_000)
    assert np.minimum(asked, 3).mean() == pytest.approx(capped_questions_mean(3.4, 3), abs=0.01)


def test_the_same_seed_gives_the_same_figures(draws):
    again = draw_sessions(EXPECTED, sessions=100_000, seed=11)
    other = draw_sessions(EXPECTED, sessions=100_000, seed=12)
    totals = [simulate_sessions(each, Service(), price_book(), DAY).total for each in (draws, again, other)]
    assert (totals[0] == totals[1]).all() and (totals[0] != totals[2]).any()


def test_limits_bound_what_is_drawn(draws):
    counts, _ = limited_counts(draws, questions=3, retries=1)
    assert counts.questions.max() == 3 and counts.attempts.max() <= 3 + 3 + 1
    assert (counts.follow_ups <= counts.questions).all() and (counts.cache_hits <= counts.calls).all()


def test_every_limit_of_the_plan_file_is_within_the_worst_case_bound():
    for plan in PLANS.plans:
        for check in recommended_limits(plan, MARKET, minimum_margin=PLANS.minimum_worst_margin):
            assert check.holds, check
            if check.limit == "interviews":
                limits = plan.limits.model_copy(update={"interviews": check.recommended + 1})
                beyond = plan_case(plan.model_copy(update={"limits": limits}), "worst", MARKET)
                assert beyond.margin_usd < plan.price * PLANS.minimum_worst_margin


def test_there_is_a_trial_packs_and_two_monthly_tiers():
    kinds = [plan.kind for plan in PLANS.plans]
    assert kinds.count("trial") == 1 and kinds.count("pack") >= 2 and kinds.count("monthly") >= 2


def test_cases_are_ordered_and_the_throttle_is_cheaper():
    for plan in PLANS.plans:
        best, expected, worst = (plan_case(plan, case, MARKET) for case in ("best", "expected", "worst"))
        assert best.margin_usd > expected.margin_usd > worst.margin_usd
        share = Decimal("0.036") if plan.kind == "monthly" else Decimal("0.029")
        fee = Decimal(0) if plan.kind == "trial" else expected.revenue_usd * share + Decimal("0.30")
        assert abs(expected.stripe_fee_usd - fee) < Decimal("1e-6")
        full, cheap = (
            cost_usd(session_lines(EXPECTED, service, price_book(), DAY))
            for service in (Service(avatar="on_demand", model="gpt-6.1-terra"), plan.service.throttled())
        )
        assert cheap < full / 2


def test_break_even_retries_leave_nothing():
    plan = PLANS.plan("pro")
    even = break_even(plan, MARKET)
    cost = even.cost_per_retry_usd * Decimal(str(even.break_even_retries * even.interviews))
    assert float(cost) == pytest.approx(float(even.margin_without_retries_usd), rel=1e-4)
    assert break_even(PLANS.plan("trial"), MARKET).break_even_retries is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limits": {"interviews": 0}}, "interviews"),
        ({"limits": {"questions_per_interview": 0}}, "questions_per_interview"),
        ({"limits": {"retries_per_interview": 0}}, "retries_per_interview"),
        ({"limits": {"avatar_minutes": 0}}, "avatar_minutes"),
        ({"limits": {"questions_per_interview": 6}}, "questions_per_interview"),
        ({"price": "0"}, "only the trial is free"),
        ({"price": "19.005"}, "whole cents"),
        ({"guardrails": {"soft_cap": 1, "throttle_at": "0.5", "hard_cap": 1}}, "soft_cap"),
        ({"kind": "lifetime"}, "kind"),
        ({"id": "pro"}, "twice"),
        ({"name": "Pro"}, "twice"),
        ({"limits": {"interviews": 10**9}}, "interviews"),
        ({"limits": {"avatar_minutes": 10**9}}, "avatar_minutes"),
        ({"guardrails": {"hard_cap": 10**6}}, "hard_cap"),
        ({"overage": {"retry": "0.355"}}, "whole cents"),
        ({"price": "1e30"}, "price"),
        ({"price": "0", "kind": "trial", "overage": None, "guardrails": {"hard_cap": 1}}, "one trial"),
    ],
)
def test_a_plan_that_cannot_be_sold_is_refused_by_name(change, words):
    raw = yaml.safe_load(PLANS_PATH.read_text("utf8"))
    plan = next(plan for plan in raw["plans"] if plan["id"] == "plus")
    plan.update({key: {**plan[key], **value} if isinstance(value, dict) else value for key, value in change.items()})
    with pytest.raises(PlanError, match=words) as refused:
        parse_plans(raw)
    assert "plus" in str(refused.value) or "pro" in str(refused.value).lower()


def test_scenarios_change_what_they_name_and_travel_in_a_link():
    scenario = parse_scenario(
        {
            "name": "Heavy",
            "assumptions": {"retries": 4},
            "prices": {"deepgram/nova-3.live": "promotional", "liveavatar/lite.credits": "×1.5"},
            "plans": {"plus": {"price": "24", "limits": {"interviews": 8}}},
        }
    )
    applied = apply(scenario, today=DAY)
    assert applied.market.assumptions.parameters["retries"].source == "scenario"
    assert applied.market.book.find("liveavatar", "lite.credits", DAY).price == Decimal("28.5")
    assert applied.plans.plan("plus").limits.interviews == 8 and applied.plans.plan("plus").price == 24
    assert plan_book().plan("plus").price == 19 and price_book().find("deepgram", "nova-3.live", DAY).price == Decimal(
        "0.0077"
    )
    assert from_share_token(share_token(scenario)) == scenario


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({"assumptions": {"luck": 1}}, AssumptionError),
        ({"assumptions": {"cache_hit_rate": 1.5}}, AssumptionError),
        ({"assumptions": {"questions": 9}}, AssumptionError),
        ({"prices": {"deepgram/none": 1}}, PriceBookError),
        ({"plans": {"gold": {"price": "9"}}}, PlanError),
        ({"plans": {"plus": {"colour": "red"}}}, PlanError),
        ({"plans": {"plus": {"limits": {"interviews": 0}}}}, PlanError),
        ({"plans": {"plus": {"price": {"of": 1}}}}, PlanError),
        ({"plans": {"plus": {"limits": [1]}}}, PlanError),
        ({"plans": {"plus": {"limits": {"interviews": 10**9}}}}, PlanError),
        ({"plans": {"plus": {"price": "1e30"}}}, PlanError),
        ({"prices": {"deepgram/nova-3.live": "×much"}}, PriceBookError),
        ({"prices": {"deepgram/nova-3.live": "×-1"}}, PriceBookError),
        ({"prices": {"deepgram/nova-3.live": "×NaN"}}, PriceBookError),
        ({"prices": {"deepgram/nova-3.live": "×1e999999"}}, PriceBookError),
        ({"assumptions": {"output_tokens": float("inf")}}, AssumptionError),
        ({"assumptions": {"output_tokens": 1e300}}, AssumptionError),
        ({"assumptions": {"restart_share": 2}}, AssumptionError),
        ({"assumptions": {"answer_spread": 10}}, AssumptionError),
        ({"moon": 1}, ScenarioError),
        ({"sessions": 5}, ScenarioError),
        ("text", ScenarioError),
    ],
)
def test_a_scenario_that_cannot_be_used_says_why(raw, error):
    with pytest.raises(error):
        apply(parse_scenario(raw), today=DAY)


@pytest.mark.parametrize("token", ["", "abc", "eNoli0sKwCAQQ", "%%%"])
def test_a_damaged_link_is_an_error_not_a_crash(token):
    with pytest.raises(ScenarioError):
        from_share_token(token)


@pytest.mark.parametrize(
    "raw",
    [
        {"assumptions": {"answer_s": 179, "answer_spread": 3}},
        {"assumptions": {"answer_s": 5.1, "answer_spread": 3}},
        {"assumptions": {"restarts": 10**6, "output_tokens": 10**6, "question_characters": 10**6}},
        {"plans": {"plus": {"limits": {"interviews": 200}, "guardrails": {"hard_cap": 5}}}, "sessions": 1000},
        {"assumptions": {"interviews_used": 0, "credits_used": 0}},
        {"prices": {"deepgram/nova-3.live": "×1000"}},
    ],
)
def test_whatever_a_scenario_may_say_is_computed(raw):
    applied = apply(parse_scenario(raw | {"sessions": 1000}), today=DAY)
    report.session_report(applied)
    report.simulation_report(applied)


def test_sensitivity_moves_what_it_says():
    pro = PLANS.plan("pro")
    bars = tornado(pro, MARKET)
    assert [bar.swing_usd for bar in bars] == sorted((bar.swing_usd for bar in bars), reverse=True)
    assert {"interviews_used", "follow_up_rate", "liveavatar/lite.credits"} <= {bar.input for bar in bars[:6]}
    rows = {(row.spike, row.plan): row for row in spikes(PLANS.plans, MARKET)}
    assert rows["Avatar always on", "pro"].change_usd < rows["Longer answers", "pro"].change_usd < 0
    assert rows["Speech at promotional price", "pro"].change_usd > 0
    assert rows["Avatar always on", "trial"].change_usd == 0
    cells = heat_map(pro, MARKET)
    by_place = {(cell.retries, cell.answer_s): cell.margin_usd for cell in cells}
    assert by_place[0, 30] > by_place[0, 180] > by_place[10, 180]


def test_assumptions_are_fitted_only_from_enough_recordings():
    answers = tuple(
        AnswerFact(f"i{n // 4}", 2 if n % 4 == 3 else 1, False, n % 10 == 9, 60.0 + n % 5, 140)
        for n in range(4 * ENOUGH)
    )
    tokens = tuple((f"c{n}", kind, 800.0) for n in range(ENOUGH) for kind in ("output", "input"))
    fitted = fit(
        assumptions(), RecordedFacts(ENOUGH, ENOUGH * 3, ENOUGH, answers, tokens, HeardFact(4 * ENOUGH, ENOUGH))
    ).parameters
    assert (
        fitted["questions"].expected == 3 and fitted["questions"].source == "fitted" and fitted["questions"].n == ENOUGH
    )
    assert fitted["follow_up_rate"].expected == pytest.approx(1 / 3)
    assert fitted["answer_s"].expected == pytest.approx(62, abs=0.5)
    assert fitted["restarts"].expected == pytest.approx(8 / 72) and fitted["restarts"].n == 72
    assert fitted["cache_hit_rate"].expected == 0 and fitted["output_tokens"].expected == 800
    assert fitted["batch_share"].expected == 0.25 and fitted["batch_share"].n == 4 * ENOUGH
    assert fitted["churn"].source == "assumed"
    few = fit(assumptions(), RecordedFacts(3, 9, 1, answers[:12], (), HeardFact(12, 12))).parameters
    assert {parameter.source for parameter in few.values()} == {"assumed"}


def test_a_parameter_file_with_something_missing_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("parameters: {questions: {best: 3, expected: 3, worst: 5, unit: q, distribution: d}}")
    with pytest.raises(AssumptionError, match="missing"):
        load_assumptions(path)
    with pytest.raises(ValueError, match="exceed 1"):
        Parameter(name="churn", best=0, expected=0.1, worst=2, unit="", distribution="")


def test_every_record_names_its_price_source():
    applied = apply(Scenario(sessions=2_000), today=DAY)
    answers = report.session_report(applied)
    for name in ("session", "costs", "cost_by_part", "plans", "limits", "sensitivity", "break_even"):
        assert answers[name] and all(row["price_source"] for row in answers[name]), name
    assert all(row["source"] for row in answers["prices"])
    simulated = report.simulation_report(applied)
    assert simulated["session"]["sum_of_parts_usd"] == simulated["session"]["total_usd"]
    assert all(row["price_source"] for row in simulated["plans"])
    trial = next(row for row in simulated["plans"] if row["plan"] == "trial")
    assert trial["probability_of_loss"] == 1.0


def part(line) -> bool:
    return line.vendor == "liveavatar"


def test_a_session_pays_for_started_minutes_of_the_avatar():
    at = {name: Service(avatar=name) for name in ("on_demand", "per_utterance", "opening", "always_on")}
    credits = {
        name: float(
            next(
                line.quantity
                for line in session_lines(EXPECTED, service, price_book(), DAY)
                if line.vendor == "liveavatar"
            )
        )
        for name, service in at.items()
    }
    assert credits["per_utterance"] == pytest.approx(EXPECTED.questions + EXPECTED.follow_ups)
    assert credits["opening"] < credits["on_demand"] <= credits["per_utterance"] < credits["always_on"]
    worst = assumptions().point("worst")
    assert avatar_credits(mean_counts(worst), worst, at["on_demand"]) == 10, "five questions, five follow-ups"


def test_the_model_counts_follow_ups_as_the_policy_does(draws):
    """Per session: each question with its follow-up replayed on the policy object the conversation acts on."""
    counts, _ = limited_counts(draws, questions=5, retries=10)
    credits = avatar_credits(counts, EXPECTED, Service())
    policy, lengths = Service().policy, np.diff(draws.answered_s, axis=1)
    question_s = EXPECTED.question_characters / EXPECTED.characters_per_s + EXPECTED.avatar_overhead_s
    words_s = EXPECTED.follow_up_characters / EXPECTED.characters_per_s
    for n in range(300):
        total = 0
        for q in range(int(counts.questions[n])):
            said = [Utterance(0.0, question_s, "question")]
            if draws.follow_up[n, q]:
                at = question_s + float(lengths[n, q]) + FOLLOW_UP_AFTER_S
                joined = at < policy.close_at(0.0, question_s)
                said.append(Utterance(at, words_s + (0 if joined else EXPECTED.avatar_overhead_s), "follow_up"))
            total += sum(c.credits for c in policy.connections(said, ended_s=1e4))
        assert total == credits[n]


def test_full_use_is_every_included_interview():
    rows = {(row.spike, row.plan): row for row in spikes(PLANS.plans, MARKET)}
    for plan in PLANS.plans:
        full = plan_case(plan, "expected", MARKET, interviews=plan.limits.interviews)
        assert full.interviews == plan.limits.interviews
        assert rows["Full use", plan.id].margin_usd == full.margin_usd


def test_what_heavy_retries_bring_is_an_assumption_that_can_be_moved():
    rows = {(row.spike, row.plan): row for row in spikes(PLANS.plans, MARKET)}
    paid, refused = rows["Heavy retries", "plus"], rows["Heavy retries, none paid for", "plus"]
    assert paid.overage_usd > 0 and refused.overage_usd == 0
    assert refused.margin_usd < paid.margin_usd and refused.change_usd < 0
    none = Market(assumptions().with_overrides({"overage_uptake": 0.0}), price_book(), DAY)
    assert plan_case(PLANS.plan("plus"), "expected", none).overage_usd == 0


def test_no_session_that_can_happen_costs_more_than_the_worst_case():
    worst = assumptions().point("worst")
    bound = cost_usd(session_lines(worst, Service(), price_book(), DAY))
    answered = 20 * 180.0
    happened = Counts(5, 5, 20, answered, answered * 0.5, 20 * (1 + MAX_REPAIRS), 0)
    assert (
        sum(
            price_book().find(*key, DAY).cost(Decimal(str(units)))
            for key, units in quantities(happened, worst, Service()).items()
        )
        <= bound
    )
    assert MAX_REPAIRS == MAX_CALLS - 1
