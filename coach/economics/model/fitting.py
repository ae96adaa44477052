"""Assumptions fitted from recorded attempts, where enough of them exist; each says so and by how many."""

from collections import Counter, defaultdict
from statistics import fmean, pvariance

import numpy as np

from coach.economics.model.assumptions import MAX_ANSWER_S, MAX_QUESTIONS, MIN_ANSWER_S, Assumptions
from coach.store.repositories.recorded_use import AnswerFact, RecordedFacts

ENOUGH = 20
"""Observations from which a mean replaces an assumption; below, its standard error exceeds a fifth of its spread."""
NEARLY_POISSON = 50.0


def fit(base: Assumptions, facts: RecordedFacts) -> Assumptions:
    """Means, spread and shapes by the method of moments; what has fewer than `ENOUGH` observations stays assumed."""
    fitted = base
    for values, n in (_sessions(facts), _answers(facts), _calls(facts), _hearings(facts)):
        if n >= ENOUGH and values:
            fitted = fitted.with_overrides(values, source="fitted", n=n)
    return fitted


def _sessions(facts: RecordedFacts) -> tuple[dict[str, float], int]:
    if not facts.interviews or not facts.questions:
        return {}, 0
    retries: Counter[str] = Counter()
    for answer in facts.answers:
        retries[answer.interview_id] += answer.attempt_number > 1 and not answer.discarded
    counts = [*retries.values()]
    values = {
        "questions": min(max(facts.questions / facts.interviews, 1.0), float(MAX_QUESTIONS)),
        "follow_up_rate": min(facts.follow_ups / facts.questions, 1.0),
    }
    if counts:
        mean, variance = fmean(counts), pvariance(counts)
        values["retries"] = mean
        shape = mean**2 / (variance - mean) if variance > mean else NEARLY_POISSON
        values["retries_dispersion"] = min(shape, NEARLY_POISSON)
    return {name: value for name, value in values.items() if value or name != "retries_dispersion"}, facts.interviews


def _answers(facts: RecordedFacts) -> tuple[dict[str, float], int]:
    kept = [answer for answer in facts.answers if not answer.discarded]
    if not kept:
        return {}, 0
    lengths = np.clip([answer.duration_s for answer in kept], MIN_ANSWER_S + 0.1, MAX_ANSWER_S - 0.1)
    values = {
        "answer_s": float(lengths.mean()),
        "answer_spread": max(float(np.log(lengths).std()), 0.05),
        "restarts": (len(facts.answers) - len(kept)) / len(kept),
    }
    return values | _pace(kept), len(kept)


def _pace(kept: list[AnswerFact]) -> dict[str, float]:
    counted = [(answer.word_count, answer.duration_s) for answer in kept if answer.word_count]
    seconds = sum(duration for _, duration in counted)
    return {"words_per_minute": sum(words for words, _ in counted) / seconds * 60} if seconds else {}


def _calls(facts: RecordedFacts) -> tuple[dict[str, float], int]:
    calls: dict[str, dict[str, float]] = defaultdict(dict)
    for call, kind, quantity in facts.tokens:
        calls[call][kind] = quantity
    if not calls:
        return {}, 0
    outputs = [kinds["output"] for kinds in calls.values() if kinds.get("output")]
    values = {"cache_hit_rate": sum(kinds.get("cached_input", 0) > 0 for kinds in calls.values()) / len(calls)}
    return values | ({"output_tokens": fmean(outputs)} if outputs else {}), len(calls)


def _hearings(facts: RecordedFacts) -> tuple[dict[str, float], int]:
    heard = facts.heard
    return ({"batch_share": heard.again / heard.live} if heard.live else {}), heard.live
