"""Where in the transcript every point of the offline evaluation comes from."""

import re

from coach.brain.reading.answer import Reading
from coach.contracts.brain import Evidence
from coach.contracts.evaluation import STAR_ITEMS, Evaluation

_QUOTED = re.compile(r"“([^”]+)”")


def evidence_of(reading: Reading, evaluation: Evaluation) -> list[Evidence]:
    """Evidence for STAR items, strengths, improvements and notes; offsets are code points, end exclusive."""
    found: list[Evidence] = []
    feedback = evaluation.content_feedback
    for name in STAR_ITEMS:
        clause = reading.star[name].evidence
        if clause is not None:
            _cite(found, f"content_feedback.star_checklist.{name}", reading, clause.clause.start, clause.clause.end)
    for key in ("top_strengths", "top_improvements"):
        for number, line in enumerate(getattr(feedback, key)):
            _cite_text(found, f"content_feedback.{key}.{number}", reading, _quoted(line))
    for number, note in enumerate(evaluation.coach_notes):
        _cite_text(found, f"coach_notes.{number}", reading, note.original_snippet)
    return found


def _quoted(line: str) -> str:
    match = _QUOTED.search(line)
    return match.group(1).removesuffix(" …") if match else ""


def _cite_text(found: list[Evidence], path: str, reading: Reading, words: str) -> None:
    start = reading.answer.transcript.find(words) if words else -1
    if start >= 0:
        _cite(found, path, reading, start, start + len(words))


def _cite(found: list[Evidence], path: str, reading: Reading, start: int, end: int) -> None:
    found.append(Evidence(path=path, start=start, end=end, quote=reading.answer.transcript[start:end]))
