"""The care layer as server guard over every section: what must not be praised, repeated, asked or saved.

Threats and admissions end praise, follow-up and saving; strong words are replaced; protected facts leave the rewrite
(the version that tells them is kept beside it, for the person to choose). Every rule looks at the coach's own text, so
that a model which was shown nothing of it cannot bring it back either.
"""

from collections.abc import Callable
from typing import Any

from coach.brain.care.advice import CUT, cleaned, headline_for, repeats, without
from coach.brain.care.reader import CareReading, kinds_in
from coach.brain.guards.evidence import AnswerIndex
from coach.brain.guards.limits import cut_at_word
from coach.contracts.brain import Care, GuardFinding
from coach.contracts.evaluation import CoachNote, ContentFeedback, FollowUp, LibrarySuggestion, Rewrite

_SILENT = ("threat", "misconduct")
"""Kinds that end praise, follow-up and saving for the whole answer."""


def care_guard(name: str, value: Any, care: Care | None, answer: AnswerIndex) -> tuple[Any, list[GuardFinding]]:
    """The section that may be shown, and what was changed; without care it is `value` itself."""
    guard = _GUARDS.get(name)
    if care is None or guard is None:
        return value, []
    kept = guard(value, care, lambda text: bool(repeats(text)) or answer.quotes_unrepeatable(text))
    if kept == value:
        return value, []
    return kept, [GuardFinding(rule="care", detail=f"{name}: {care.kind} is not repeated")]


def told_rewrite(rewrite: Rewrite, reading: CareReading) -> str:
    """The polished answer as the coach wrote it, where protected facts would leave it; "" otherwise."""
    if "protected" not in reading.passages:
        return ""
    told = cleaned(without(rewrite.polished_answer, CUT))
    return told if without(told, ("protected",)) != told else ""


def _follow_up(value: FollowUp, care: Care, repeated: Callable[[str], bool]) -> FollowUp:
    if value.should_ask and (care.kind in _SILENT or repeated(value.question_text)):
        return value.model_copy(update={"should_ask": False, "question_text": "", "reason": ""})
    return value


def _content(value: ContentFeedback, care: Care, repeated: Callable[[str], bool]) -> ContentFeedback:
    star = value.star_checklist
    notes = {
        name: item.model_copy(update={"note": ""})
        for name in type(star).model_fields
        if repeated((item := getattr(star, name)).note)
    }
    headline = headline_for(care.kind) or ("" if repeated(value.headline) else value.headline)
    return value.model_copy(
        update={
            "headline": headline or "Here is what to change next time",
            "top_strengths": [] if care.kind in _SILENT else [p for p in value.top_strengths if not repeated(p)],
            "top_improvements": [p for p in value.top_improvements if not repeated(p)],
            "star_checklist": star.model_copy(update=notes),
            "relevance_note": "" if repeated(value.relevance_note) else value.relevance_note,
            "one_action_tip": "" if repeated(value.one_action_tip) else value.one_action_tip,
        }
    )


def _rewrite(value: Rewrite, care: Care, repeated: Callable[[str], bool]) -> Rewrite:
    def plain(text: str, limit: int) -> str:
        return cut_at_word(cleaned(without(text, (*CUT, "protected"))), limit)

    limits = {"situation": 500, "task": 500, "action": 800, "result": 500}
    star = {name: plain(getattr(value.star_version, name), limit) for name, limit in limits.items()}
    return value.model_copy(
        update={
            "polished_answer": plain(value.polished_answer, 2200),
            "star_version": value.star_version.model_copy(update=star),
            "keywords_to_include": [word for word in value.keywords_to_include if not kinds_in(word)],
        }
    )


def _notes(value: list[CoachNote], care: Care, repeated: Callable[[str], bool]) -> list[CoachNote]:
    return [n for n in value if not any(repeated(t) for t in (n.original_snippet, n.revised_snippet, n.reason))]


def _library(value: LibrarySuggestion, care: Care, repeated: Callable[[str], bool]) -> LibrarySuggestion:
    if care.kind in _SILENT:
        return LibrarySuggestion(should_save=False, suggested_title="", category="", why_save="")
    return value.model_copy(
        update={
            "suggested_title": "" if repeated(value.suggested_title) else value.suggested_title,
            "why_save": "" if repeated(value.why_save) else value.why_save,
        }
    )


_GUARDS: dict[str, Any] = {
    "follow_up": _follow_up,
    "content_feedback": _content,
    "rewrite": _rewrite,
    "coach_notes": _notes,
    "library_suggestion": _library,
}
