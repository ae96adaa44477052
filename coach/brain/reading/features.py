"""Numbers that describe a whole answer, from its clauses: what the small models of `reading.star` weigh.

Every feature is a count (squashed), a maximum or a share, 0-ish to 1-ish, so that coefficients can be compared. None
looks at topic words: an answer about nursing and one about payroll with the same build have the same features.
"""

import math
import re

from coach.brain.reading.clauses import ROLES, ClauseReading
from coach.brain.reading.cues import CUES
from coach.brain.reading.question import Form
from coach.brain.reading.text import AnswerText

Features = dict[str, float]
_PLAIN_FORMS: tuple[Form, ...] = ("explain", "self", "plan")
_WEIGHED_BY_FORM = (
    "steps.mine", "steps.zero", "steps.hypothetical", "steps.present", "steps.two_or_more", "end.hard", "open.scene",
    "numbers", "cue.time", "first_person",
)  # fmt: skip


def squash(value: float, scale: float = 2.0) -> float:
    """Maps a count to 0-1: 1 - exp(-value / scale)."""
    return 1 - math.exp(-max(0.0, value) / scale)


def answer_features(answer: AnswerText, readings: list[ClauseReading], *, form: Form = "story") -> Features:
    """Features of the whole answer.

    Args:
        answer: the answer as read.
        readings: its clauses as read.
        form: what the question asks for; an explanation told as one owes no step.
    """
    words = max(1, answer.word_count)
    features: Features = {
        "words_log": math.log1p(answer.word_count) / 6,
        "short": float(answer.word_count < 30),
        "tiny": float(answer.word_count < 12),
        "story_asked": float(form in ("story", "plan")),
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
    features |= _opening_features(readings)
    features |= _ending_features(readings)
    return features | _form_features(form, features)


def _form_features(form: Form, features: Features) -> Features:
    """The form asked for, and what weighs otherwise where no story is asked for."""
    out = {f"form.{name}": float(form == name) for name in ("story", *_PLAIN_FORMS)}
    return out | {f"form.{form}*{name}": features[name] for name in _WEIGHED_BY_FORM if form in _PLAIN_FORMS}


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
    count = len({(e.verb, r.clause.index) for r, e in concrete}) + 0.5 * len(present)
    return {
        "steps.zero": float(count < 0.5),
        "steps.one": float(0.5 <= count < 1.5),
        "steps.two_or_more": float(count >= 1.5),
        "steps.three_or_more": float(count >= 3),
        "steps.only_we": float(not mine and bool(ours)),
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


def _opening_features(readings: list[ClauseReading]) -> Features:
    """How the answer begins: with a scene, or in the middle of the deed."""
    early = [r for r in readings if r.place < 0.3] or readings[:1]
    first_step = next((r.place for r in readings if any(s.mood == "told" for s in r.own_steps)), 1.0)
    scene = sum(bool(r.cues & _SCENE) for r in early)
    return {
        "open.scene": squash(scene, 1.5),
        "open.scene_cues": squash(sum(len(r.cues & _SCENE) for r in early), 2.5),
        "open.indefinite": float(any(_INDEFINITE.search(r.clause.lower) for r in readings[:2])),
        "open.ours": float(any(_OURS.search(r.clause.lower) for r in early)),
        "open.step_first": float(first_step < 0.05),
        "open.before_step": min(1.0, first_step),
        "open.specific": squash(sum(r.specific for r in early), 5),
        "open.numbers": squash(sum(r.numbers for r in early), 1.5),
        "open.names": squash(sum(r.names for r in early), 1.5),
        "open.others": squash(sum(e.subject != "I" and e.mood in _TELLING for r in early for e in r.events), 2),
        "open.present": float(any(_PRESENT_BE.search(r.clause.lower) for r in readings[:1])),
    }


def _ending_features(readings: list[ClauseReading]) -> Features:
    """What stands after the last own step: an outcome, a moral, or nothing."""
    steps = [i for i, r in enumerate(readings) if any(s.mood == "told" and s.subject == "I" for s in r.own_steps)]
    after = readings[steps[-1] + 1 :] if steps else [r for r in readings if r.place > 0.5]
    quiet = [r for r in readings if r.place > 0.5 and not any(s.mood == "told" for s in r.own_steps)]
    outcome = [r for r in quiet if r.cues & _OUTCOME]
    moral = [r for r in after if r.cues & {"lesson", "habit", "conditional"}]
    last = readings[-3:]
    return {
        "end.after_words": squash(sum(len(r.clause.tokens) for r in after), 15),
        "end.after_moral": squash(len(moral), 1),
        "end.after_plain": squash(len(after) - len(moral), 1.5),
        "end.others_act": squash(sum(e.subject == "other" and e.mood == "told" for r in after for e in r.events), 1.5),
        "end.outcome": squash(len(outcome), 1.5),
        "end.outcome_cues": squash(sum(len(r.cues & _OUTCOME) for r in outcome), 3),
        "end.outcome_numbers": squash(sum(r.numbers for r in outcome), 1.5),
        "end.quiet_numbers": squash(sum(r.numbers for r in quiet if r.place > 0.65), 1.5),
        "end.weak": float(any("result_weak" in r.cues for r in last)),
        "end.weak_only": float(
            any("result_weak" in r.cues for r in quiet) and not any(r.numbers or r.cues & _HARD for r in outcome)
        ),
        "end.hard": squash(sum(bool(r.cues & _HARD) for r in quiet), 1.5),
        "end.last_is_step": float(bool(readings) and bool(readings[-1].own_steps)),
        "end.last_is_moral": float(bool(readings) and bool(readings[-1].cues & {"lesson", "habit"})),
        "end.specific": squash(sum(r.specific for r in outcome), 4),
    }


_OUTCOME = frozenset(
    {
        "result_marker",
        "result_change",
        "result_done",
        "result_absence",
        "result_lasting",
        "result_praise",
        "result_weak",
    }
)
_SCENE = frozenset({"time", "place", "role", "problem", "there_was"})
_TELLING = frozenset({"told", "state"})
_HARD = frozenset({"result_change", "result_absence", "result_lasting", "result_praise"})
_INDEFINITE = re.compile(r"\b(?:an?|some|one of|two|three|four) (?!lot|bit|few|time|problem|team)\w+")
_OURS = re.compile(r"\bour (?!approach|goal)\w+")
_PRESENT_BE = re.compile(r"\b(?:i'm|i am|i always|i just|i think|i believe|i like|it's|you)\b")
