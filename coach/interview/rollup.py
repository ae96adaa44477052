"""Which attempt counts, how a question and a session roll up, and when a difference may be called one.

- Best attempt: the highest overall; of equals the earlier.
- Question: its best attempt, or the answer completed by its follow-up where that is better: a follow-up's answer is
  judged together with the question's (`coach.interview.answer.completed`), so it can lift the question, never lower it.
- Session: the mean over answered questions.
- "About the same": two single scorings of one answer differ by `SD * sqrt(2)` from noise alone; a difference within
  1.96 times that is not called one (smallest detectable change at 95 %, Weir 2005, doi:10.1519/15184.1).
"""

import math
from collections.abc import Iterable, Sequence

from coach.contracts.brain import EvaluationResult
from coach.contracts.interview import Attempt, AttemptRank, AttemptStatus, Exchange

UNMEASURED_NOISE_SD = 0.2
"""Assumed scoring noise (SD of overall, 0-10) of a bundle that was never measured."""
_ROUNDING = 0.05
"""Scores have one decimal: less than half a step is never a difference."""


def standing(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Attempts that were not discarded, by number."""
    return sorted((a for a in attempts if a.status != AttemptStatus.DISCARDED), key=lambda a: a.attempt_number)


def best_attempt(attempts: Iterable[Attempt]) -> Attempt | None:
    """The attempt with the highest overall, of equals the earlier; None when none is scored."""
    scored = [a for a in standing(attempts) if a.overall_score is not None]
    return max(scored, key=lambda a: (a.overall_score or 0.0, -a.attempt_number), default=None)


def ranks(attempts: Sequence[Attempt]) -> dict[str, AttemptRank]:
    """Rank of every standing attempt by id: the best, the latest if it is not the best, all others superseded."""
    listed = standing(attempts)
    best = best_attempt(listed)
    out = {a.id: AttemptRank.SUPERSEDED for a in listed}
    if listed:
        out[listed[-1].id] = AttemptRank.CURRENT
    if best:
        out[best.id] = AttemptRank.BEST
    return out


def counted_score(result: EvaluationResult) -> float | None:
    """The overall that enters the roll-up: none while feedback is delayed, none where coaching stopped."""
    if result.status == "fallback" or (result.care and result.care.unscored):
        return None
    return result.evaluation.scoring.overall


def next_number(attempts: Iterable[Attempt]) -> int:
    """The next attempt number; numbers have no gaps because discarded attempts give theirs back."""
    return max((a.attempt_number for a in standing(attempts)), default=0) + 1


def question_score(main: Iterable[Attempt], follow_up: Iterable[Attempt] = ()) -> float | None:
    """Score of a question (0-10, one decimal) from its attempts and those of its follow-up; None when unanswered."""
    best, probe = best_attempt(main), best_attempt(follow_up)
    if best is None or best.overall_score is None:
        return None
    own = best.overall_score
    if probe is None or probe.overall_score is None:
        return own
    return max(own, probe.overall_score)


def session_score(exchanges: Sequence[Exchange], attempts: Sequence[Attempt]) -> float | None:
    """Mean score of the answered questions (0-10, one decimal); None when none was answered."""
    scores = [s for s in (_score_of(e, exchanges, attempts) for e in exchanges if not e.follow_up_of) if s is not None]
    return round(sum(scores) / len(scores), 1) if scores else None


def _score_of(question: Exchange, exchanges: Sequence[Exchange], attempts: Sequence[Attempt]) -> float | None:
    probes = {e.id for e in exchanges if e.follow_up_of == question.id}
    return question_score(
        [a for a in attempts if a.exchange_id == question.id], [a for a in attempts if a.exchange_id in probes]
    )


def smallest_difference(noise_sd: float | None) -> float:
    """The smallest difference of two overall scores that is more than scoring noise at 95 %."""
    sd = UNMEASURED_NOISE_SD if noise_sd is None else noise_sd
    return max(_ROUNDING, 1.96 * math.sqrt(2) * sd)


def comparison(score: float, earlier: Sequence[float], noise_sd: float | None) -> str:
    """One sentence on `score` against the best of the `earlier` ones; empty for a first attempt."""
    if not earlier:
        return ""
    best = max(earlier)
    gap = round(score - best, 1)
    if abs(gap) <= smallest_difference(noise_sd):
        return f"About the same as your best attempt so far ({best:.1f})."
    return f"Up {gap:.1f} on your best attempt so far." if gap > 0 else f"Your best attempt stays at {best:.1f}."
