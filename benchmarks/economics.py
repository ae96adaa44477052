"""Monte Carlo of 100,000 sessions with all plans, against the same model as a plain Python loop in the same run.

The loop draws the same distributions with the standard library's `random` and adds up floats, session by session; it
runs on fewer sessions and is scaled. Also: one interaction of the sensitivity section, and the whole session report.
"""

import json
import math
import random
import time
from collections.abc import Callable
from datetime import date

from coach.economics.model import report_records
from coach.economics.model.assumptions import MAX_ANSWER_S, MIN_ANSWER_S, Point, assumptions
from coach.economics.model.distributions import lognormal_location
from coach.economics.model.report import session_report
from coach.economics.model.scenario import Scenario, apply
from coach.economics.model.simulation import SESSIONS, draw_sessions, simulate_plan
from coach.economics.model.unit_cost import Counts, quantities
from coach.economics.plans import MAX_RETRIES, Plan, plan_book
from coach.economics.pricebook import price_book
from coach.views import margins, margins_figures

DAY = date(2026, 11, 22)
LOOP_SESSIONS = 2_000
ROUNDS = 3


def vectorised() -> float:
    """Mean monthly margin of the last plan, after simulating all of them."""
    draws = draw_sessions(assumptions().point("expected"), sessions=SESSIONS)
    months = [simulate_plan(plan, draws, price_book(), DAY) for plan in plan_book().plans]
    return float(months[-1].margin.mean()) * 1e-9


def loop(sessions: int) -> float:
    """The reference: mean session cost of the last plan, after pricing every session under every plan one by one."""
    rng = random.Random(7)
    point = assumptions().point("expected")
    location = lognormal_location(point.answer_s, point.answer_spread)
    costs = [0.0]
    for _ in range(sessions):
        wanted = _session(rng, point, location)
        costs = [_cost(_limited(wanted, plan, point, rng), plan, point) for plan in plan_book().plans]
    return costs[-1]


def _session(rng: random.Random, point: Point, location: float) -> tuple[int, int, list[float]]:
    questions = 1 + sum(rng.random() < (point.questions - 1) / 4 for _ in range(4))
    shape = rng.gammavariate(point.retries_dispersion, point.retries / point.retries_dispersion)
    retries, left = 0, math.exp(-shape)
    drawn = rng.random()
    while left < drawn and retries < MAX_RETRIES:
        retries += 1
        left += math.exp(-shape) * shape**retries / math.factorial(retries)
    lengths = [
        min(max(math.exp(rng.gauss(location, point.answer_spread)), MIN_ANSWER_S), MAX_ANSWER_S) for _ in range(20)
    ]
    return questions, retries, lengths


def _limited(wanted: tuple[int, int, list[float]], plan: Plan, point: Point, rng: random.Random) -> Counts:
    questions = min(wanted[0], plan.limits.questions_per_interview)
    follow_ups = sum(rng.random() < point.follow_up_rate for _ in range(questions))
    attempts = questions + follow_ups + min(wanted[1], plan.limits.retries_per_interview)
    answered = sum(wanted[2][:attempts])
    calls = attempts + sum(rng.random() < point.repair_rate for _ in range(attempts))
    restarts = sum(rng.random() < point.restarts for _ in range(attempts))
    hits = sum(rng.random() < point.cache_hit_rate for _ in range(calls))
    again = restarts * point.restart_share * answered / attempts
    return Counts(questions, follow_ups, attempts, answered, again, calls, hits)


def _cost(counts: Counts, plan: Plan, point: Point) -> float:
    used = quantities(counts, point, plan.service)
    book = price_book()
    return sum(units * float(book.find(*key, DAY).unit_price) for key, units in used.items())


def interaction() -> None:
    """What the sensitivity section computes when a slider moves: figures of the head, tornado, heat map, spikes."""
    applied = apply(Scenario(name="x", assumptions={"retries": 2.5}), today=DAY)
    plan = applied.plans.plan("pro")
    margins.headline(applied)
    margins_figures.tornado(margins.frame(report_records.tornado_records(applied, plan)), {})
    margins_figures.heat_map(
        margins.frame(report_records.heat_records(applied, plan)), plan.limits.retries_per_interview
    )
    report_records.spike_records(applied)
    report_records.break_even_records(applied)


def timed(action: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Best of some rounds: wall and processor time, in seconds (they differ on a busy machine)."""
    spans = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        spans.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(span[0] for span in spans), min(span[1] for span in spans)


def main() -> None:
    """Prints the figures as JSON."""
    vectorised()
    interaction()
    ours, ours_cpu = timed(vectorised)
    _, loop_cpu = timed(lambda: loop(LOOP_SESSIONS), 1)
    moved, moved_cpu = timed(interaction)
    told, _ = timed(lambda: session_report(apply(Scenario(), today=DAY)))
    reference = loop_cpu * SESSIONS / LOOP_SESSIONS
    result = {
        "benchmark": "economics",
        "monte_carlo_100k_sessions_all_plans_s": round(ours, 3),
        "monte_carlo_cpu_s": round(ours_cpu, 3),
        "target_s": 1.0,
        "reference_python_loop_cpu_s": round(reference, 1),
        "reference_sessions_run": LOOP_SESSIONS,
        "times_faster_cpu": round(reference / ours_cpu, 1),
        "sensitivity_interaction_ms": round(moved * 1000, 1),
        "sensitivity_interaction_cpu_ms": round(moved_cpu * 1000, 1),
        "interaction_target_ms": 300,
        "session_report_ms": round(told * 1000, 1),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
