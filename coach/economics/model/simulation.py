"""The model drawn: 100,000 sessions at once and months per plan, in whole nano-USD so that sums are exact.

All plans are evaluated on the same draws (common random numbers), which makes their differences sharper and the
whole faster. PCG64 with a named seed; the same seed gives the same figures on every machine.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from coach.economics.model.assumptions import MAX_QUESTIONS, MAX_REPAIRS, Point
from coach.economics.model.distributions import USE_DISPERSION, Ints, draw_answers, draw_counts, draw_questions
from coach.economics.model.unit_cost import Counts, Service, avatar_credits, joined_within_s, quantities
from coach.economics.money import NANO_PER_USD
from coach.economics.plans import MAX_RETRIES, Plan
from coach.economics.pricebook import PriceBook

SESSIONS = 100_000
MAX_ATTEMPTS = MAX_QUESTIONS * 2 + MAX_RETRIES


@dataclass(frozen=True, slots=True)
class Draws:
    """What people want to do in each session, before any plan limits it. First axis: sessions."""

    seed: int
    point: Point
    questions: Ints
    follow_up: NDArray[np.bool_]
    """(n, 5): would question i get a follow-up."""
    retries: Ints
    answered_s: NDArray[np.float32]
    """(n, MAX_ATTEMPTS + 1): seconds of the first k answers."""

    @property
    def size(self) -> int:
        """Number of sessions."""
        return len(self.questions)


@dataclass(frozen=True, slots=True)
class SessionCosts:
    """Costs in nano-USD: `parts[(vendor, meter)][session]`; `total` is their exact sum."""

    counts: Counts
    parts: dict[tuple[str, str], Ints]
    extra_retries: Ints

    @property
    def total(self) -> Ints:
        """Per session."""
        return np.add.reduce(list(self.parts.values()))


@dataclass(frozen=True, slots=True)
class Months:
    """Subscriber-months (or packs, or trials) of one plan, in nano-USD."""

    plan: Plan
    interviews: Ints
    revenue: Ints
    fees: Ints
    cost: Ints

    @property
    def margin(self) -> Ints:
        """Gross margin per month: revenue less Stripe's fee less vendor cost."""
        return self.revenue - self.fees - self.cost


def draw_sessions(point: Point, *, sessions: int = SESSIONS, seed: int = 7) -> Draws:
    """Draws what happens in `sessions` sessions."""
    rng = np.random.Generator(np.random.PCG64(seed))
    answered = np.zeros((sessions, MAX_ATTEMPTS + 1), dtype=np.float32)
    answers = draw_answers(rng, point.answer_s, point.answer_spread, (sessions, MAX_ATTEMPTS))
    np.cumsum(answers, axis=1, out=answered[:, 1:])
    return Draws(
        seed=seed,
        point=point,
        questions=draw_questions(rng, point.questions, sessions),
        follow_up=rng.random((sessions, MAX_QUESTIONS), dtype=np.float32) < point.follow_up_rate,
        retries=np.minimum(draw_counts(rng, point.retries, point.retries_dispersion, sessions), MAX_RETRIES),
        answered_s=answered,
    )


def limited_counts(draws: Draws, *, questions: int, retries: int, uptake: float = 0.0) -> tuple[Counts, Ints]:
    """The draws under a plan's limits; also the retries over the limit that are paid for (share `uptake`)."""
    point = draws.point
    rng = np.random.Generator(np.random.PCG64(draws.seed + 1))
    asked = np.minimum(draws.questions, questions)
    followed = draws.follow_up & (np.arange(MAX_QUESTIONS) < asked[:, None])
    follow_ups = followed.sum(axis=1)
    short = np.diff(draws.answered_s[:, : MAX_QUESTIONS + 1], axis=1) <= joined_within_s(point)
    extra = np.maximum(draws.retries - retries, 0)
    extra = rng.binomial(extra, uptake) if uptake else np.zeros_like(extra)
    attempts = asked + follow_ups + np.minimum(draws.retries, retries) + extra
    answered = draws.answered_s[np.arange(draws.size), attempts].astype(np.float64)
    restarts = rng.poisson(point.restarts * attempts)
    calls = attempts + rng.binomial(attempts * MAX_REPAIRS, point.repair_rate / MAX_REPAIRS)
    counts = Counts(
        questions=asked,
        follow_ups=follow_ups,
        attempts=attempts,
        answered_s=answered,
        restarted_s=restarts * point.restart_share * answered / attempts,
        calls=calls,
        cache_hits=rng.binomial(calls, point.cache_hit_rate),
        joined=(followed & short).sum(axis=1),
    )
    return counts, extra


def price_sessions(
    counts: Counts, extra: Ints, point: Point, service: Service, book: PriceBook, at: date
) -> SessionCosts:
    """Prices simulated sessions; each part is rounded to whole nano-USD, so the total is the exact sum of parts."""
    size = len(extra)
    parts = {}
    for (vendor, meter), used in quantities(counts, point, service).items():
        entry = book.find(vendor, meter, at)
        nano = float(entry.price * NANO_PER_USD / entry.per)
        parts[vendor, meter] = np.rint(np.broadcast_to(used, size) * nano).astype(np.int64)
    return SessionCosts(counts, parts, extra)


def simulate_sessions(draws: Draws, service: Service, book: PriceBook, at: date) -> SessionCosts:
    """Costs of the drawn sessions under the product's own limits, no plan's."""
    counts, extra = limited_counts(draws, questions=MAX_QUESTIONS, retries=MAX_RETRIES)
    return price_sessions(counts, extra, draws.point, service, book, at)


def simulate_plan(plan: Plan, draws: Draws, book: PriceBook, at: date) -> Months:
    """Months of one plan: sessions are handed to people, throttled and capped as the plan says."""
    point, limits = draws.point, plan.limits
    counts, extra = limited_counts(
        draws,
        questions=limits.questions_per_interview,
        retries=limits.retries_per_interview,
        uptake=point.overage_uptake if plan.overage else 0.0,
    )
    full = price_sessions(counts, extra, point, plan.service, book, at)
    cheap = price_sessions(counts, extra, point, plan.service.throttled(), book, at)
    interviews = _interviews(plan, point, draws)
    ends = np.cumsum(interviews)
    person = np.repeat(np.arange(len(interviews)), interviews)
    nth = np.arange(ends[-1]) - np.repeat(ends - interviews, interviews)
    throttled = nth >= plan.throttle_after
    avatar = _avatar_within(plan, full, person, throttled, len(interviews), counts, point)
    without_avatar = full.total - sum(cost for key, cost in full.parts.items() if key[0] == "liveavatar")
    cost = np.where(throttled, cheap.total[: ends[-1]], without_avatar[: ends[-1]])
    extra_retries = _sum_by(person, extra[: ends[-1]], len(interviews))
    revenue = _nano(float(plan.price)) + extra_retries * _nano(float(plan.overage.retry) if plan.overage else 0.0)
    fees = _fees(revenue, book, at, monthly=plan.kind == "monthly")
    return Months(plan, interviews, revenue, fees, _sum_by(person, cost, len(interviews)) + avatar)


def simulate_lifetimes(months: Months, point: Point, *, seed: int, longest: int = 36) -> Ints:
    """Margin over a subscriber's life: geometric number of months (churn), each one of the simulated months."""
    rng = np.random.Generator(np.random.PCG64(seed + 3))
    lives = np.minimum(rng.geometric(max(point.churn, 1 / longest), min(len(months.margin), 10_000)), longest)
    drawn = months.margin[rng.integers(0, len(months.margin), int(lives.sum()))]
    return _sum_by(np.repeat(np.arange(len(lives)), lives), drawn, len(lives))


def _interviews(plan: Plan, point: Point, draws: Draws) -> Ints:
    """Interviews per person, as many people as the drawn sessions suffice for."""
    rng = np.random.Generator(np.random.PCG64(draws.seed + 2))
    included = plan.limits.interviews
    people = draws.size
    if plan.kind == "monthly":
        wanted = np.minimum(draw_counts(rng, included * point.interviews_used, USE_DISPERSION, people), plan.hard_cap)
    elif plan.kind == "pack":
        wanted = rng.binomial(included, point.credits_used, people)
    else:
        wanted = np.full(people, included)
    enough = int(np.searchsorted(np.cumsum(wanted), draws.size, side="right"))
    return wanted[: max(enough, 1)]


def _avatar_within(
    plan: Plan,
    full: SessionCosts,
    person: Ints,
    throttled: NDArray[np.bool_],
    people: int,
    counts: Counts,
    point: Point,
) -> Ints:
    """Avatar cost per person: drawn avatar once the included minutes, as the vendor counts them, are used up."""
    parts = [cost for key, cost in full.parts.items() if key[0] == "liveavatar"]
    if not parts:
        return np.zeros(people, np.int64)
    used = ~throttled
    credits = np.broadcast_to(avatar_credits(counts, point, plan.service), len(full.extra_retries))
    wanted = np.bincount(person, weights=credits[: len(person)] * used, minlength=people)
    cost = _sum_by(person, parts[0][: len(person)] * used, people)
    included = plan.limits.avatar_minutes * plan.service.policy.tariff.credits_per_minute
    share = np.minimum(1.0, included / np.maximum(wanted, 1e-9))
    return np.rint(cost * share).astype(np.int64)


def _sum_by(person: Ints, values: Ints, people: int) -> Ints:
    """Exact integer sums per person (persons are consecutive)."""
    running = np.concatenate(([0], np.cumsum(values)))
    ends = np.searchsorted(person, np.arange(people), side="right")
    starts = np.concatenate(([0], ends[:-1]))
    return running[ends] - running[starts]


def _fees(revenue: Ints, book: PriceBook, at: date, *, monthly: bool) -> Ints:
    share = float(book.find("stripe", "card.percentage", at).price)
    share += float(book.find("stripe", "billing.percentage", at).price) if monthly else 0.0
    fixed = _nano(float(book.find("stripe", "card.fixed", at).price))
    return np.where(revenue > 0, np.rint(revenue * share).astype(np.int64) + fixed, 0)


def _nano(usd: float) -> int:
    return round(usd * NANO_PER_USD)
