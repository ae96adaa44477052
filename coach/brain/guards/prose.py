"""Guards over prose: what is said must rest on the answer, and what is rewritten must not go beyond it."""

from coach.brain.guards.evidence import AnswerIndex
from coach.brain.guards.limits import cut_at_word
from coach.brain.truth.guard import TruthGuard
from coach.contracts.brain import Evidence, GuardFinding
from coach.contracts.evaluation import (
    STAR_ITEMS,
    CoachNote,
    ContentFeedback,
    LibrarySuggestion,
    Rewrite,
    StarItem,
    StarStatus,
)

_LOWER = {StarStatus.PRESENT: StarStatus.WEAK, StarStatus.WEAK: StarStatus.MISSING}


def guard_content(
    section: ContentFeedback, answer: AnswerIndex
) -> tuple[ContentFeedback, list[GuardFinding], list[Evidence]]:
    """STAR items without evidence are lowered, strengths without a found quotation dropped; improvements stay."""
    findings: list[GuardFinding] = []
    evidence: list[Evidence] = []
    items = {}
    for name in STAR_ITEMS:
        item: StarItem = getattr(section.star_checklist, name)
        items[name] = _guard_star(name, item, answer, findings, evidence)
    strengths = _proven(section.top_strengths, answer, findings, evidence)
    for number, point in enumerate(section.top_improvements):
        if span := answer.quoted(point):
            evidence.append(answer.cite(f"content_feedback.top_improvements.{number}", span))
    checklist = section.star_checklist.model_copy(update=items)
    update = {"star_checklist": checklist, "top_strengths": strengths}
    return section.model_copy(update=update), findings, evidence


def _guard_star(
    name: str, item: StarItem, answer: AnswerIndex, findings: list[GuardFinding], evidence: list[Evidence]
) -> StarItem:
    if item.status is StarStatus.MISSING:
        return item
    path = f"content_feedback.star_checklist.{name}"
    span = answer.star_evidence(name, item.note)
    if span:
        evidence.append(answer.cite(path, span))
        return item
    lower = _LOWER[item.status] if answer.has_content else StarStatus.MISSING
    findings.append(GuardFinding(rule="no_evidence", detail=f"{path}: {item.status.value} lowered to {lower.value}"))
    return item.model_copy(update={"status": lower})


def _proven(
    points: list[str], answer: AnswerIndex, findings: list[GuardFinding], evidence: list[Evidence]
) -> list[str]:
    kept: list[str] = []
    for point in points:
        if span := answer.proves(point):
            evidence.append(answer.cite(f"content_feedback.top_strengths.{len(kept)}", span))
            kept.append(point)
        else:
            findings.append(
                GuardFinding(rule="no_evidence", detail="content_feedback.top_strengths: one point dropped")
            )
    return kept


def guard_rewrite(section: Rewrite, truth: TruthGuard) -> tuple[Rewrite, list[GuardFinding], list[Evidence]]:
    """Invented facts become placeholders and are listed."""
    findings: list[GuardFinding] = []
    polished = _true("rewrite.polished_answer", section.polished_answer, 2200, truth, findings)
    limits = {"situation": 500, "task": 500, "action": 800, "result": 500}
    parts = {
        name: _true(f"rewrite.star_version.{name}", getattr(section.star_version, name), limit, truth, findings)
        for name, limit in limits.items()
    }
    star = section.star_version.model_copy(update=parts)
    return section.model_copy(update={"polished_answer": polished, "star_version": star}), findings, []


def _true(path: str, text: str, limit: int, truth: TruthGuard, findings: list[GuardFinding]) -> str:
    safe, found = truth.redact(text)
    findings += [GuardFinding(rule="truth", detail=f"{path}: {v.kind} '{v.text}' was never said") for v in found]
    return cut_at_word(safe, limit)


def guard_notes(
    notes: list[CoachNote], answer: AnswerIndex, truth: TruthGuard
) -> tuple[list[CoachNote], list[GuardFinding], list[Evidence]]:
    """Notes whose original words were never spoken are dropped; their snippet becomes the transcript's exact text."""
    findings: list[GuardFinding] = []
    evidence: list[Evidence] = []
    kept: list[CoachNote] = []
    for note in notes:
        span = answer.find(note.original_snippet)
        if span is None or not answer.may_repeat(span):
            findings.append(GuardFinding(rule="snippet_not_in_transcript", detail="one coach note dropped"))
            continue
        path = f"coach_notes.{len(kept)}"
        revised = _true(f"{path}.revised_snippet", note.revised_snippet, 120, truth, findings)
        exact = cut_at_word(answer.text[span[0] : span[1]], 120)
        evidence.append(answer.cite(path, (span[0], span[0] + len(exact))))
        kept.append(note.model_copy(update={"original_snippet": exact, "revised_snippet": revised}))
    return kept, findings, evidence


def guard_library(
    section: LibrarySuggestion, truth: TruthGuard
) -> tuple[LibrarySuggestion, list[GuardFinding], list[Evidence]]:
    """A title must not promise what was never said."""
    findings: list[GuardFinding] = []
    title = _true("library_suggestion.suggested_title", section.suggested_title, 80, truth, findings)
    return section.model_copy(update={"suggested_title": title}), findings, []
