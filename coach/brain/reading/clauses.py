"""How much every clause speaks for setting, duty, deed and outcome: the evidence behind a STAR status.

Plain weighted sums of cues, position and verbs (see `offline_cues`, `offline_events`). They rank clauses against one
another; whether an item counts as present, weak or missing is decided by `offline_star` over the whole answer.
"""

import re
from dataclasses import dataclass, replace

from coach.brain.reading.cues import CUES, NUMBER
from coach.brain.reading.lexicon import common_words, is_name
from coach.brain.reading.text import AnswerText, Clause, fold
from coach.brain.reading.verbs import Event, Subject, events

ROLES = ("situation", "task", "action", "result")
_OWN_TASK = frozenset({"task_mine", "task_goal", "task_need"})
_REPORTS = re.compile(
    r"\b(?:he|she|they|who|(?:customer|client|woman|man|lady|guy|guest|patient|colleague|caller|tenant|passenger))"
    r" (?:(?:says|goes|replied|shouted|was like)[\s,:]+|said[,:]\s*)[\"“‘']?(?:(?:well|look|listen),? )?$"
)
"""Somebody else's words begin here: the duty they speak of is theirs ("she said, my job is to test people")."""
_SPEAKS = re.compile(r"\b(?:my|i|i'm|i'll|i've)\b")
_BEFORE_CHARS = 60


@dataclass(frozen=True)
class ClauseReading:
    """One clause with what was found in it."""

    clause: Clause
    place: float
    cues: frozenset[str]
    events: tuple[Event, ...]
    numbers: int
    names: int
    specific: int
    """Content words that are not everyday or business-speak."""
    scores: dict[str, float]

    @property
    def own_steps(self) -> tuple[Event, ...]:
        """Steps told by "I" or "we"."""
        return tuple(event for event in self.events if event.own_step)


def read_clauses(answer: AnswerText) -> list[ClauseReading]:
    """Reads all clauses in order; the subject carries over from one to the next.

    Where a scene is set ("last summer at the depot …"), steps in the present tense are a story told in it, not habits.
    """
    scene = bool(CUES["time"].search(answer.lower) or CUES["place"].search(answer.lower))
    readings: list[ClauseReading] = []
    carried: Subject | None = None
    sentence = -1
    acted = 0
    for clause in answer.clauses:
        carried = carried if clause.sentence == sentence else None
        found = [_as_told(event) if scene else event for event in events(clause, carried)]
        carried = next((e.subject for e in reversed(found) if e.subject != "other"), carried)
        sentence = clause.sentence
        reading = _read(answer, clause, found, acted)
        acted += sum(1 for step in reading.own_steps if step.mood == "told")
        readings.append(reading)
    return readings


def _is_reported(answer: AnswerText, clause: Clause) -> bool:
    """True when the clause, or the "my …" or "I …" in it, stands right behind "she said" of somebody else."""
    own = _SPEAKS.search(clause.lower)
    start = clause.start + (own.start() if own else 0)
    return bool(_REPORTS.search(fold(answer.transcript[max(0, start - _BEFORE_CHARS) : start])))


def _as_told(event: Event) -> Event:
    return replace(event, mood="told") if event.mood == "present" and event.own_step else event


def _read(answer: AnswerText, clause: Clause, found: list[Event], acted: int) -> ClauseReading:
    cues = frozenset(name for name, pattern in CUES.items() if pattern.search(clause.lower))
    if _is_reported(answer, clause):
        cues -= _OWN_TASK
    words = clause.tokens
    numbers = len(NUMBER.findall(clause.lower))
    names = sum(1 for i, t in enumerate(words) if is_name(t.raw, first=i == 0))
    specific = sum(1 for t in words if len(t.text) > 3 and t.text not in common_words())
    place = answer.place(clause)
    steps = [e for e in found if e.own_step]
    scores = {
        "situation": _situation(cues, place, numbers, names, acted, len(steps)),
        "task": _task(cues, place, len(steps)),
        "action": _action(cues, steps, specific),
        "result": _result(cues, place, numbers, acted, found),
    }
    return ClauseReading(clause, place, cues, tuple(found), numbers, names, specific, scores)


def _situation(cues: frozenset[str], place: float, numbers: int, names: int, acted: int, steps: int) -> float:
    score = 1.2 * ("time" in cues) + 1.2 * ("place" in cues) + 1.2 * ("role" in cues) + 0.8 * ("problem" in cues)
    score += 0.8 * ("there_was" in cues) + 0.4 * min(numbers, 2) + 0.4 * min(names, 2)
    score += 1.0 if place < 0.25 else 0.0 if place < 0.5 else -2.0
    score -= 0.5 * min(acted, 3) + 0.6 * min(steps, 2) + 1.0 * ("task_mine" in cues) + 0.6 * ("conditional" in cues)
    return score - 0.5 * ("vague_setting" in cues) - 1.0


def _task(cues: frozenset[str], place: float, steps: int) -> float:
    score = (
        2.2 * ("task_team" in cues)
        + 3.0 * ("task_mine" in cues)
        + 1.6 * ("task_goal" in cues)
        + 1.8 * ("task_need" in cues)
        + 0.8 * ("task_shared" in cues)
    )
    score -= 0.8 * ("task_weak" in cues) + 0.5 * min(steps, 2) + 0.8 * ("lesson" in cues)
    return score - (1.2 if place > 0.6 else 0.0) - 0.8


def _action(cues: frozenset[str], steps: list[Event], specific: int) -> float:
    told = sum(1.0 if e.mood == "told" else 0.6 for e in steps)
    score = 1.6 * min(told, 3) + 0.15 * min(specific, 6) + 0.4 * ("sequence" in cues)
    score -= (
        1.4 * ("generic_action" in cues)
        + 0.8 * ("lesson" in cues)
        + 0.6 * ("result_change" in cues)
        + 0.6 * ("task_mine" in cues)
    )
    return score + 0.8 * ("conditional" in cues) - 0.9


def _result(cues: frozenset[str], place: float, numbers: int, acted: int, found: list[Event]) -> float:
    score = 1.2 * ("result_marker" in cues) + 1.6 * ("result_change" in cues) + 0.9 * ("result_done" in cues)
    score += (
        1.0 * ("result_absence" in cues)
        + 0.9 * ("result_lasting" in cues)
        + 1.0 * ("result_praise" in cues)
        + 0.9 * ("result_weak" in cues)
    )
    score += 0.4 * min(numbers, 2) + (1.0 if place > 0.75 else 0.3 if place > 0.55 else -1.6)
    score += 0.4 if acted >= 2 else -0.6
    score += 0.3 * any(e.subject == "other" for e in found)
    score -= (
        0.9 * ("lesson" in cues) + 0.5 * ("conditional" in cues) + 0.8 * ("task_mine" in cues) + 0.5 * ("habit" in cues)
    )
    return score - 1.2
