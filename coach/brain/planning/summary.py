"""What one interview showed, from its best attempts: strengths, gaps, stories to keep, what to practise next.

The readiness score is the mean of the best attempts, less a little for every competency still below the line; it
says how prepared the stories are, never whether somebody should be hired.
"""

from collections import Counter
from statistics import fmean
from typing import Any

from coach.brain.port import SummaryItem
from coach.contracts.brain import JobContext
from coach.contracts.evaluation import STAR_ITEMS
from coach.contracts.interview import SessionSummary
from coach.text.shorten import shorten_end

_READY, SOLID = 7.5, 6.5
BELOW_SOLID = 0.3
"""What every answer below `SOLID` takes off the readiness."""
_NAMES = {"situation": "setting", "task": "own goal", "action": "own steps", "result": "outcome"}
_EXERCISE = {
    "situation": "Open each story with one sentence: where, when, what was at stake.",
    "task": "Write down, for each story, one sentence that starts “My job was to …”.",
    "action": "Tell each story again naming two things you did yourself, in order.",
    "result": "Find one figure or reaction for the end of each story and say it last.",
}


def summarise_offline(items: tuple[SummaryItem, ...], job: JobContext) -> SessionSummary:
    """The summary of a finished interview; empty lists and no score when nothing was answered."""
    if not items:
        return SessionSummary(headline="No answer was given in this session.")
    gaps = _star_gaps(items)
    return SessionSummary(
        headline=_headline(items, gaps),
        strengths=_strengths(items),
        gaps=_gaps(items, gaps, job),
        stories_to_save=[
            _story_line(i) for i in sorted(items, key=lambda i: -i.best_overall) if i.best_overall >= _READY
        ][:3],
        next_plan=_next_plan(items, gaps),
        resume_prompts=_resume_prompts(items),
        readiness_score=readiness(items),
    )


def readiness(items: tuple[SummaryItem, ...]) -> float:
    """Mean best score, minus 0.3 for every answer under 6.5, one decimal, 0-10."""
    mean = fmean(item.best_overall for item in items)
    weak = sum(item.best_overall < SOLID for item in items)
    return round(min(10.0, max(0.0, mean - BELOW_SOLID * weak)), 1)


def _content(item: SummaryItem) -> dict[str, Any]:
    return item.evaluation.get("content_feedback") or {}


def _star(item: SummaryItem) -> dict[str, str]:
    checklist = _content(item).get("star_checklist") or {}
    return {name: (checklist.get(name) or {}).get("status", "missing") for name in STAR_ITEMS}


def _star_gaps(items: tuple[SummaryItem, ...]) -> list[str]:
    """STAR items that are often not there, most often first."""
    counts: Counter[str] = Counter()
    for item in items:
        for name, status in _star(item).items():
            counts[name] += {"missing": 2, "weak": 1}.get(status, 0)
    order = ("result", "action", "task", "situation")
    return [name for name in sorted(order, key=lambda n: -counts[n]) if counts[name] >= max(1, len(items) // 2)]


def _label(item: SummaryItem) -> str:
    return item.competency or shorten_end(item.question, 60)


def _headline(items: tuple[SummaryItem, ...], gaps: list[str]) -> str:
    best = max(items, key=lambda i: i.best_overall)
    if not gaps:
        return f"Your stories stand; the strongest is the one on {_label(best)}."
    return f"Good material; the {_NAMES[gaps[0]]} is what your answers most often leave out."


def _strengths(items: tuple[SummaryItem, ...]) -> list[str]:
    lines = []
    for item in sorted(items, key=lambda i: -i.best_overall):
        first = next(iter(_content(item).get("top_strengths") or []), "")
        if first:
            lines.append(f"{_label(item).capitalize()}: {first}")
    grown = max(items, key=lambda i: i.best_overall - i.first_overall)
    if grown.best_overall - grown.first_overall >= 0.5:
        lines.append(
            f"Practice paid off on {_label(grown)}: from {grown.first_overall:.1f} to {grown.best_overall:.1f} "
            f"in {grown.attempts} attempts."
        )
    return lines[:4]


def _gaps(items: tuple[SummaryItem, ...], gaps: list[str], job: JobContext) -> list[str]:
    lines = []
    for name in gaps[:2]:
        where = [_label(i) for i in items if _star(i)[name] != "present"]
        lines.append(f"The {_NAMES[name]} stays open in {len(where)} of {len(items)} answers ({', '.join(where)}).")
    for item in items:
        scores = ((item.evaluation.get("scoring") or {}).get("content_breakdown")) or {}
        if scores.get("relevance", 10) < 5:
            lines.append(f"On {_label(item)} the answer led away from the question.")
    said = " ".join(i.transcript.lower() for i in items)
    unsaid = [skill for skill in job.key_skills if skill.lower() not in said]
    if unsaid:
        lines.append(f"Not mentioned yet, although the job asks for it: {', '.join(unsaid[:4])}.")
    return lines[:4]


def _story_line(item: SummaryItem) -> str:
    title = (item.evaluation.get("library_suggestion") or {}).get("suggested_title") or shorten_end(item.question, 70)
    return f"{title} ({_label(item)}, {item.best_overall:.1f})"


def _next_plan(items: tuple[SummaryItem, ...], gaps: list[str]) -> list[str]:
    plan = [_EXERCISE[name] for name in gaps[:2]]
    weakest = min(items, key=lambda i: i.best_overall)
    if weakest.best_overall < _READY:
        plan.append(f"Retry: “{shorten_end(weakest.question, 110)}”")
    plan += [tip for i in sorted(items, key=lambda i: i.best_overall) if (tip := _content(i).get("one_action_tip"))]
    return list(dict.fromkeys(plan))[:4]


def _resume_prompts(items: tuple[SummaryItem, ...]) -> list[str]:
    """Bullets to write from the told outcomes; facts stay those of the story."""
    prompts = []
    for item in sorted(items, key=lambda i: -i.best_overall):
        star = (item.evaluation.get("rewrite") or {}).get("star_version") or {}
        result = star.get("result", "")
        if result and item.best_overall >= SOLID:
            prompts.append(f"Turn this into one bullet, verb first: “{shorten_end(result, 150)}”")
    return prompts[:3]
