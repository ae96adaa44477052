"""The named distributions of the model: their exact means, and how to draw them in bulk."""

from functools import lru_cache
from math import exp, log

import numpy as np
import scipy  # its parts load when they are first asked: what only counts minutes does without
from numpy.typing import NDArray

from coach.economics.model.assumptions import MAX_ANSWER_S, MAX_QUESTIONS, MIN_ANSWER_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
USE_DISPERSION = 3.0
"""Shape of the negative binomial of interviews per month: some people practise daily, most do not (assumed)."""


def clipped_lognormal_mean(mu: float, sigma: float, low: float = MIN_ANSWER_S, high: float = MAX_ANSWER_S) -> float:
    """E[min(max(X, low), high)] for ln X ~ N(mu, sigma²): the standard partial expectation of the log-normal."""
    a, b = (log(low) - mu) / sigma, (log(high) - mu) / sigma
    inside = exp(mu + sigma**2 / 2) * (scipy.special.ndtr(b - sigma) - scipy.special.ndtr(a - sigma))
    return float(low * scipy.special.ndtr(a) + inside + high * scipy.special.ndtr(-b))


@lru_cache(maxsize=1024)
def answers_within(longest: float, mean: float, sigma: float) -> float:
    """P(answer <= longest) of the clipped log-normal with this mean; a mean at its upper end is that end alone."""
    if longest < MIN_ANSWER_S:
        return 0.0
    if longest >= MAX_ANSWER_S:
        return 1.0
    if mean >= MAX_ANSWER_S:
        return 0.0
    return float(scipy.special.ndtr((log(longest) - lognormal_location(mean, sigma)) / sigma))


@lru_cache(maxsize=256)
def lognormal_location(mean: float, sigma: float) -> float:
    """The mu whose clipped log-normal has exactly this mean (root found by Brent's method)."""
    reach = 4 + 8 * sigma  # a mean near either end is reached where nearly every answer lies at it
    low, high = log(MIN_ANSWER_S) - reach, log(MAX_ANSWER_S) + reach
    return float(scipy.optimize.brentq(lambda mu: clipped_lognormal_mean(mu, sigma) - mean, low, high))


def draw_answers(rng: np.random.Generator, mean: float, sigma: float, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Answer lengths in seconds."""
    lengths = rng.standard_normal(shape, dtype=np.float32)
    lengths *= sigma
    lengths += lognormal_location(mean, sigma)
    np.exp(lengths, out=lengths)
    return np.clip(lengths, MIN_ANSWER_S, MAX_ANSWER_S, out=lengths)


def draw_questions(rng: np.random.Generator, mean: float, size: int) -> Ints:
    """Questions per session: 1 + Binomial(4, p), mean as given."""
    return 1 + rng.binomial(MAX_QUESTIONS - 1, (mean - 1) / (MAX_QUESTIONS - 1), size)


def capped_questions_mean(mean: float, cap: int) -> float:
    """E[min(Q, cap)] of the questions per session."""
    values = np.arange(MAX_QUESTIONS)
    trials, p = MAX_QUESTIONS - 1, (mean - 1) / (MAX_QUESTIONS - 1)
    weights = scipy.special.comb(trials, values) * p**values * (1 - p) ** (trials - values)
    return float(np.minimum(values + 1, cap) @ weights)


def draw_counts(rng: np.random.Generator, mean: float, dispersion: float, size: int) -> Ints:
    """Negative binomial counts with this mean; variance = mean + mean²/dispersion."""
    return (
        rng.negative_binomial(dispersion, dispersion / (dispersion + mean), size) if mean else np.zeros(size, np.int64)
    )


def capped_counts_mean(mean: float, dispersion: float, cap: int) -> float:
    """E[min(R, cap)] of a negative binomial count: the sum of its tails P(R > k) = I₁₋ₚ(k + 1, dispersion), k < cap."""
    if not mean:
        return 0.0
    return float(scipy.special.betainc(np.arange(cap) + 1, dispersion, mean / (dispersion + mean)).sum())
