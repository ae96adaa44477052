"""Closed form of what one session uses and costs, line by line, each with the price entry it came from.

The quantities are linear in the counts of a session and its parameters are independent, so the value at the means is
the exact mean; `coach.economics.model.simulation` draws the same model and a test holds the two together.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from coach.avatar.policy import AvatarPolicy, avatar_policy
from coach.contracts.base import Record
from coach.economics.model.assumptions import Point
from coach.economics.model.distributions import answers_within

Amount = Any
"""A number or a NumPy array of numbers; the formulas are the same."""
FOLLOW_UP_AFTER_S = 3.0
"""From the end of an answer to the words of its follow-up: transcript, model, request (docs/performance.md)."""
SHORT_OUTPUT_SHARE = 0.6
"""What is left of the output when the rewrite is kept short (throttle): rewrite and notes are about 40 % of it."""


@dataclass(frozen=True, slots=True)
class Service:
    """Which vendors' parts a session runs on."""

    avatar: str = "on_demand"
    """Name of the avatar policy."""
    model: str = "gpt-6-luna"
    speech: str = "nova-3"
    voice: str = "aura-2"
    short_rewrite: bool = False

    @property
    def policy(self) -> AvatarPolicy:
        """When the avatar is connected; the same object the conversation acts on."""
        return avatar_policy(self.avatar)

    def throttled(self, *, model: str = "gpt-6-luna") -> "Service":
        """The cheaper path: drawn avatar with the browser's voice, the smaller model, a shorter rewrite."""
        return replace(self, avatar="drawn", voice="browser", model=model, short_rewrite=True)


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in one session (or its mean): numbers, or arrays of one shape with a value per session."""

    questions: Amount
    follow_ups: Amount
    attempts: Amount
    answered_s: Amount
    """Seconds of submitted answers."""
    restarted_s: Amount
    """Seconds of audio sent and then discarded by Start over."""
    calls: Amount
    """Model calls for evaluations, repairs included."""
    cache_hits: Amount
    joined: Amount = 0.0
    """Follow-ups that are said within the minute their question has paid for already."""


class CostLine(Record):
    """One meter of one session."""

    vendor: str
    meter: str
    quantity: Decimal
    unit: str
    price_usd: Decimal
    per: Decimal
    cost_usd: Decimal
    price_entry: str
    source: str
    retrieved_on: date


def mean_counts(point: Point) -> Counts:
    """The mean session of a point."""
    answered = point.attempts * point.answer_s
    calls = point.attempts * (1 + point.repair_rate)
    return Counts(
        questions=point.questions,
        follow_ups=point.follow_ups,
        attempts=point.attempts,
        answered_s=answered,
        restarted_s=answered * point.restarts * point.restart_share,
        calls=calls,
        cache_hits=calls * point.cache_hit_rate,
        joined=point.follow_ups * answers_within(joined_within_s(point), point.answer_s, point.answer_spread),
    )


def quantities(counts: Counts, point: Point, service: Service) -> dict[tuple[str, str], Amount]:
    """Units used per (vendor, meter). Seconds of speech are seconds of audio sent, start-overs included."""
    model = service.model
    output = point.output_tokens * (SHORT_OUTPUT_SHARE if service.short_rewrite else 1)
    transcript_tokens = counts.answered_s / 60 * point.words_per_minute * point.tokens_per_word
    used = {
        ("deepgram", f"{service.speech}.live"): counts.answered_s + counts.restarted_s,
        ("deepgram", f"{service.speech}.batch"): counts.answered_s * point.batch_share,
        ("openai", f"{model}.input"): counts.calls * point.context_tokens
        + transcript_tokens * counts.calls / counts.attempts
        + point.session_input_tokens,
        ("openai", f"{model}.cached_input"): counts.cache_hits * point.prefix_tokens,
        ("openai", f"{model}.cache_write"): (counts.calls - counts.cache_hits) * point.prefix_tokens,
        ("openai", f"{model}.output"): counts.calls * output + point.session_output_tokens,
    }
    characters = counts.questions * point.question_characters + counts.follow_ups * point.follow_up_characters
    if service.voice != "browser":
        used["deepgram", f"{service.voice}.characters"] = characters
    if service.avatar != "drawn":
        tariff = service.policy.tariff
        used[tariff.vendor, tariff.meter] = avatar_credits(counts, point, service)
    return used


def avatar_credits(counts: Counts, point: Point, service: Service) -> Amount:
    """Credits of started minutes under the service's policy (`coach.avatar.policy`).

    Under a policy that holds for the interview the sum is rounded up per session; for a mean, half a minute is added.
    """
    policy = service.policy
    if not policy.live:
        return 0.0
    if policy.hold == "interview":
        return _connected_throughout(counts, point, policy)
    question, follow_up = credits_of_an_utterance(point, service)
    every = policy.wants_live("question")
    asked = counts.questions if every else 1.0 * policy.wants_live("question", first=True)
    joined = counts.joined if every and policy.hold == "paid_minute" else 0.0
    return asked * question + (counts.follow_ups - joined) * follow_up * policy.wants_live("follow_up")


def credits_of_an_utterance(point: Point, service: Service) -> tuple[int, int]:
    """Credits of a connection made for a question, and for a follow-up."""
    tariff = service.policy.tariff
    question = tariff.credits(_question_s(point) + point.avatar_overhead_s)
    return question, tariff.credits(_follow_up_s(point) + point.avatar_overhead_s)


def joined_within_s(point: Point) -> float:
    """The longest answer whose follow-up still fits into the minute that its question has paid for; below 0 none."""
    question = _question_s(point) + point.avatar_overhead_s
    paid = avatar_policy().tariff.minutes(question) * avatar_policy().tariff.minute_s
    return paid - question - FOLLOW_UP_AFTER_S - _follow_up_s(point)


def _question_s(point: Point) -> float:
    return point.question_characters / point.characters_per_s


def _follow_up_s(point: Point) -> float:
    return point.follow_up_characters / point.characters_per_s


def _connected_throughout(counts: Counts, point: Point, policy: AvatarPolicy) -> Amount:
    speaking = counts.questions * _question_s(point) + counts.follow_ups * _follow_up_s(point)
    speaking = speaking + (counts.questions + counts.follow_ups) * point.avatar_overhead_s
    seconds = speaking + counts.answered_s + counts.restarted_s + counts.attempts * point.feedback_s
    minutes = seconds / policy.tariff.minute_s
    started = np.ceil(minutes) if isinstance(minutes, np.ndarray) else minutes + 0.5
    return started * policy.tariff.credits_per_minute
