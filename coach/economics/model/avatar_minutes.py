"""How many avatar credits a plan's month really pays for: the mean of what is wanted, cut at what is included.

The mean of a minimum is not the minimum of means. Credits of a session are small whole numbers, so their distribution
is added up exactly: questions 1 + Binomial(4, p) cut at the plan's limit, one charge for each, one more for each
follow-up that does not fall into a paid minute; then as many sessions as the distribution of interviews says.
"""

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from coach.avatar.policy import AvatarPolicy
from coach.economics.model.assumptions import MAX_QUESTIONS, Point
from coach.economics.model.distributions import USE_DISPERSION, answers_within
from coach.economics.model.unit_cost import Service, credits_of_an_utterance, joined_within_s
from coach.economics.plans import Plan

Chances = NDArray[np.float64]


def mean_credits_within(plan: Plan, point: Point, interviews: int | None) -> float:
    """E[min(credits wanted, credits included)] of one month (pack, trial) of a policy that pays by utterance.

    Args:
        plan: limits and policy.
        point: means before the plan's limits.
        interviews: how many are served in full; None = as the distribution of the plan's kind says.
    """
    policy = plan.service.policy
    included = plan.limits.avatar_minutes * policy.tariff.credits_per_minute
    session = _session(point, plan.service, plan.limits.questions_per_interview)
    served = (
        _served(plan, point) if interviews is None else tuple(float(n == interviews) for n in range(interviews + 1))
    )
    return _mean_within(session, served, included)


def pays_by_utterance(policy: AvatarPolicy) -> bool:
    """Whether a session's credits are those of its questions and follow-ups, one by one."""
    return policy.hold != "interview" and policy.wants_live("question")


def _session(point: Point, service: Service, most: int) -> tuple[float, ...]:
    question, follow_up = credits_of_an_utterance(point, service)
    joined = answers_within(joined_within_s(point), point.answer_s, point.answer_spread)
    again = point.follow_up_rate * (1 - (joined if service.policy.hold == "paid_minute" else 0.0))
    chances = np.zeros(most * (question + follow_up) + 1)
    for asked, weight in enumerate(_questions(point.questions, most), 1):
        for more in range(asked + 1):
            chance = scipy.special.comb(asked, more) * again**more * (1 - again) ** (asked - more)
            chances[asked * question + more * follow_up] += weight * chance
    return tuple(float(chance) for chance in chances)


def _questions(mean: float, most: int) -> Chances:
    values, p = np.arange(MAX_QUESTIONS), (mean - 1) / (MAX_QUESTIONS - 1)
    weights = scipy.special.comb(MAX_QUESTIONS - 1, values) * p**values * (1 - p) ** (MAX_QUESTIONS - 1 - values)
    return np.append(weights[: most - 1], weights[most - 1 :].sum())


def _served(plan: Plan, point: Point) -> tuple[float, ...]:
    """Chances of 0, 1, ... interviews at full service."""
    included, most = plan.limits.interviews, plan.throttle_after
    numbers = np.arange(most)
    if plan.kind == "trial":
        chances = (numbers == included).astype(float)
    elif plan.kind == "pack":
        used = point.credits_used
        chances = scipy.special.comb(included, numbers) * used**numbers * (1 - used) ** (included - numbers)
    else:
        mean = included * point.interviews_used
        beyond = scipy.special.betainc(numbers + 1, USE_DISPERSION, mean / (USE_DISPERSION + mean))
        chances = np.concatenate(([1.0], beyond[:-1])) - beyond
    return tuple(float(chance) for chance in np.append(chances, 1 - chances.sum()))


@lru_cache(maxsize=4096)
def _mean_within(session: tuple[float, ...], served: tuple[float, ...], included: int) -> float:
    total, mean = np.ones(1), 0.0
    for chance in served:
        mean += chance * float(np.minimum(np.arange(len(total)), included) @ total)
        total = np.convolve(total, session)
    return mean
