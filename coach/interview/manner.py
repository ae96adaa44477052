"""How the interviewer goes on after an answer: probing, neutral or supportive, by the policy of the bundle in force.

Supportive after an answer that was a struggle to give (started over, long pauses, hesitations close together, words
begun again, a low score); probing after one that went well but left a part of the story out; else neutral. Before
a follow-up only kind words are said, after a struggle. Nothing is made of a question that was skipped. After an answer
that was noticed for care, and before the first question, nothing is said. Words: `data/manner/lead_ins.yaml`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import yaml

from coach.brain.prompts.policy import MannerPolicy, Policy
from coach.contracts.evaluation import StarStatus
from coach.contracts.interview import Attempt, AttemptStatus
from coach.settings import DATA

Manner = Literal["probing", "neutral", "supportive"]
PARTS = ("result", "action", "task", "situation")
"""What is asked for first where several parts are missing: what carries the most."""


@lru_cache(maxsize=1)
def _words() -> dict[str, list[str] | dict[str, str]]:
    return dict(yaml.safe_load((DATA / "manner" / "lead_ins.yaml").read_text(encoding="utf8")))


def warm_up() -> None:
    """Reads the wordings."""
    _words()


def lead_in(attempts: Sequence[Attempt], policy: Policy, *, turn: int) -> str:
    """What is said before the next question; `attempts` are those of the question before, discarded ones included.

    `turn` counts the questions asked so far: the wordings of a manner take turns.
    """
    if attempts and all(each.status == AttemptStatus.DISCARDED for each in attempts):
        words = list(_words()["skipped"])
        return words[turn % len(words)]
    answered = [each for each in attempts if each.status != AttemptStatus.DISCARDED and each.transcript]
    if not answered or answered[-1].care is not None:
        return ""
    manner = manner_after(attempts, policy)
    wordings = _words()[manner]
    if isinstance(wordings, dict):
        return wordings[left_out(answered[-1]) or "result"]
    return wordings[turn % len(wordings)]


def follow_up_lead_in(attempts: Sequence[Attempt], policy: Policy, *, turn: int) -> str:
    """What is said before a follow-up: something kind after a struggle, else nothing.

    `attempts` are those of the question, the answer just given last; its scores are not known yet.
    """
    given = [each for each in attempts if each.status != AttemptStatus.DISCARDED]
    if not given or given[-1].care is not None or not struggled(attempts, policy.manner):
        return ""
    words = list(_words()["follow_up"])
    return words[turn % len(words)]


def manner_after(attempts: Sequence[Attempt], policy: Policy) -> Manner:
    """The manner after these attempts at one question."""
    if struggled(attempts, policy.manner):
        return "supportive"
    answered = [each for each in attempts if each.status == AttemptStatus.EVALUATED]
    return "probing" if answered and left_out(answered[-1]) else "neutral"


def struggled(attempts: Sequence[Attempt], policy: MannerPolicy) -> bool:
    """Whether the last answer was a struggle, by what was measured of it."""
    restarts = sum(each.status == AttemptStatus.DISCARDED for each in attempts)
    if restarts >= policy.restarts_from:
        return True
    answered = [each for each in attempts if each.status != AttemptStatus.DISCARDED]
    if not answered:
        return False
    last, heard = answered[-1], answered[-1].delivery
    if last.overall_score is not None and last.overall_score < policy.score_below:
        return True
    if heard is None:
        return False
    stumbles = len(heard.hesitation_clusters) + len(heard.repetitions)
    return heard.long_pause_count >= policy.long_pauses_from or stumbles >= policy.stumbles_from


def left_out(attempt: Attempt) -> str:
    """The part of the story that is missing and matters most; empty where nothing is."""
    if attempt.evaluation is None:
        return ""
    found = attempt.evaluation.content_feedback.star_checklist
    return next((part for part in PARTS if getattr(found, part).status == StarStatus.MISSING), "")
