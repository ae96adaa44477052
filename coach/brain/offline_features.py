"""Numbers that describe a whole answer, from its clauses: what the small model of `offline_star` weighs.

Every feature is a count (squashed), a maximum or a share, 0-ish to 1-ish, so that coefficients can be compared. None looks
at topic words: an answer about nursing and one about payroll with the same build have the same features.
"""

import math

from coach.brain.offline_cues import CUES
from coach.brain.offline_roles import ROLES, ClauseReading
from coach.brain.offline_text import Answer

Features = dict[str, float]


def squash(value: float, scale: float = 2.0) -> float:
    """Maps a count to 0-1: 1 - exp(-value / scale)."""
    return 1 - math.exp(-max(0.0, value) / scale)


def answer_features(answer: Answer, readings: list[ClauseReading], *, story_asked: float = 1.0) -> Features:
    """Features of the whole answer.

    Args:
        answer: the answer as read.
        readings: its clauses as read.
        story_asked: 1 when the question asks for a story, 0 for an explanation or opinion.
    """
    words = max(1, answer.word_count)
    features: Features = {
        "words_log": math.log1p(answer.word_count) / 6,
        "short": float(answer.word_count < 30),
        "tiny": float(answer.word_count < 12),
        "story_asked": story_asked,
        "first_person": squash(sum(t.text.split("'")[0] == "i" for t in answer.tokens) / words * 100, 5),
        "second_person": squash(sum(t.text.split("'")[0] in ("you", "your") for t in answer.tokens) / words * 100, 3),
        "numbers": squash(sum(r.numbers for r in readings), 3),
        "names": squash(sum(r.names for r in readings), 2),
        "specific": squash(sum(r.specific for r in readings) / words * 100, 12),
        "specific_count": squash(sum(r.specific for r in readings), 15),
    }
    features |= _cue_features(readings)
    features |= _role_features(readings)
    features |= _step_features(readings)
    return features


def _cue_features(readings: list[ClauseReading]) -> Features:
    """How often each cue stands at the start, in the middle and at the end of the answer."""
    out: Features = {}
    for name in CUES:
        hits = [r for r in readings if name in r.cues]
        out[f"cue.{name}"] = squash(len(hits))
        out[f"cue.{name}.start"] = float(any(r.place < 0.4 for r in hits))
        out[f"cue.{name}.end"] = squash(sum(r.place > 0.6 for r in hits), 1.5)
    return out


def _role_features(readings: list[ClauseReading]) -> Features:
    out: Features = {}
    for role in ROLES:
        ranked = sorted((max(0.0, r.scores[role]) for r in readings), reverse=True)
        out[f"role.{role}.top"] = squash(ranked[0] if ranked else 0, 2.5)
        out[f"role.{role}.sum"] = squash(sum(ranked[:4]), 6)
    return out


def _step_features(readings: list[ClauseReading]) -> Features:
    steps = [(r, e) for r in readings for e in r.own_steps]
    told = [(r, e) for r, e in steps if e.mood == "told"]
    concrete = [(r, e) for r, e in told if "generic_action" not in r.cues and "result_change" not in r.cues]
    mine = [e for _, e in concrete if e.subject == "I"]
    ours = [e for _, e in concrete if e.subject == "we"]
    present = [e for r, e in steps if e.mood == "present" and "generic_action" not in r.cues]
    hypothetical = sum(e.mood == "hypothetical" and e.subject == "I" for r in readings for e in r.events)
    return {
        "steps.mine": squash(len(mine), 2.5),
        "steps.mine.two": float(len(mine) >= 2),
        "steps.ours": squash(len(ours), 2.5),
        "steps.any.two": float(len(mine) + len(ours) + 0.5 * len(present) >= 2),
        "steps.present": squash(len(present), 2.5),
        "steps.hypothetical": squash(hypothetical),
        "steps.specific": squash(sum(min(r.specific, 6) for r, _ in concrete), 10),
        "steps.we_share": len(ours) / max(1, len(mine) + len(ours)),
        "steps.none": float(not steps),
        "told.others": squash(sum(e.subject == "other" and e.mood == "told" for r in readings for e in r.events)),
    }
