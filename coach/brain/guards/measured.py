"""What the server insists on whatever a model says: pure functions from a section to the section that may be shown.

Order within a section: limits, measured values put in, strict validation, then the guards proper. Each intervention is
a `GuardFinding` with a stable rule name:

    truncated, empty_answer, follow_up_gated, follow_up_withdrawn, follow_up_type, no_evidence,
    snippet_not_in_transcript, truth, care, instructions_ignored, key_order, peeled, safe_minimal, repaired,
    vendor_failed, key_refused, after_the_end

What happens to every answer (measured figures put in, overall recomputed, metadata set) is no finding.
"""

import logging
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter

from coach.brain.evaluation.section_reader import strict_bytes
from coach.brain.guards.care import care_guard
from coach.brain.guards.context import GuardContext
from coach.brain.guards.limits import cut_at_word, fit
from coach.brain.guards.measured_scores import delivery_numbers, eye_contact, measured_scoring
from coach.brain.guards.prose import guard_content, guard_library, guard_notes, guard_rewrite
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import Evidence, GuardFinding
from coach.contracts.evaluation import (
    CoachNote,
    ContentFeedback,
    DeliveryFeedback,
    FollowUp,
    FollowUpType,
    LibrarySuggestion,
    Metadata,
    Rewrite,
    Scoring,
)

log = logging.getLogger(__name__)
ADAPTERS: dict[str, TypeAdapter[object]] = {
    "follow_up": TypeAdapter(FollowUp),
    "scoring": TypeAdapter(Scoring),
    "content_feedback": TypeAdapter(ContentFeedback),
    "delivery_feedback": TypeAdapter(DeliveryFeedback),
    "rewrite": TypeAdapter(Rewrite),
    "coach_notes": TypeAdapter(list[CoachNote]),
    "library_suggestion": TypeAdapter(LibrarySuggestion),
    "metadata": TypeAdapter(Metadata),
}


@dataclass(frozen=True)
class Guarded:
    """A section that may be shown, what was changed, what it rests on, and the model's own validated section."""

    value: Any
    original: Any
    findings: tuple[GuardFinding, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def guard_section(name: str, raw: object, context: GuardContext) -> Guarded:
    """Turns a raw section into one that may be shown.

    Raises:
        pydantic.ValidationError: the section does not follow the contract.
    """
    fitted, findings = fit(name, raw)
    fitted = _with_measured(name, fitted, context)
    section = ADAPTERS[name].validate_json(strict_bytes(fitted), strict=True)
    value, more, evidence = _GUARDS[name](section, context)
    cared, noticed = care_guard(name, value, context.care, context.answer)
    return Guarded(cared, section, (*findings, *more, *noticed), tuple(evidence))


def _with_measured(name: str, value: object, context: GuardContext) -> object:
    """Puts our own figures where the contract says they are ours, so that a model's slip there costs no retry."""
    if not isinstance(value, dict):
        return value
    if name == "delivery_feedback" and isinstance(value.get("metrics"), dict):
        numbers = delivery_numbers(context.delivery)
        return {**value, "metrics": {**value["metrics"], **numbers}}
    if name == "metadata":
        return {**value, **{key: ours for key, ours in _our_metadata(context).items() if key in value}}
    return value


def _our_metadata(context: GuardContext) -> dict[str, object]:
    return {
        "model_version": cut_at_word(context.model, 40),
        "policy_version": context.policy.version,
        "eye_contact_available": eye_contact(context.delivery) is not None,
    }


Result = tuple[object, list[GuardFinding], list[Evidence]]


def _guard_follow_up(section: FollowUp, context: GuardContext) -> Result:
    """What can be known before anything else: no second follow-up, no question without text."""
    if section.should_ask and context.input.question.is_follow_up:
        return _silent(section), [GuardFinding(rule="follow_up_gated", detail="this answer is a follow-up already")], []
    if section.should_ask and not section.question_text.strip():
        return _silent(section), [GuardFinding(rule="follow_up_gated", detail="no question was given")], []
    if not section.should_ask and section.question_text:
        return _silent(section), [GuardFinding(rule="follow_up_gated", detail="a question that is not asked")], []
    return section, [], []


def _silent(section: FollowUp) -> FollowUp:
    return section.model_copy(update={"should_ask": False, "question_text": ""})


def _guard_scoring(section: Scoring, context: GuardContext) -> Result:
    findings: list[GuardFinding] = []
    if not context.has_content:
        nothing = section.content_breakdown.model_copy(
            update=dict.fromkeys(("star", "relevance", "clarity", "impact"), 0.0)
        )
        section = section.model_copy(update={"content": 0.0, "content_breakdown": nothing})
        findings.append(GuardFinding(rule="empty_answer", detail="there was no answer to score"))
    return measured_scoring(section, context.delivery, context.policy), findings, []


def _guard_content(section: ContentFeedback, context: GuardContext) -> Result:
    return guard_content(section, context.answer)


def _guard_rewrite(section: Rewrite, context: GuardContext) -> Result:
    return guard_rewrite(section, context.truth)


def _guard_notes(section: list[CoachNote], context: GuardContext) -> Result:
    return guard_notes(section, context.answer, context.truth)


def _guard_library(section: LibrarySuggestion, context: GuardContext) -> Result:
    return guard_library(section, context.truth)


def _unchanged(section: BaseModel, context: GuardContext) -> Result:
    return section, [], []


_GUARDS: dict[str, Any] = {
    "follow_up": _guard_follow_up,
    "scoring": _guard_scoring,
    "content_feedback": _guard_content,
    "delivery_feedback": _unchanged,
    "rewrite": _guard_rewrite,
    "coach_notes": _guard_notes,
    "library_suggestion": _guard_library,
    "metadata": _unchanged,
}


def gate_follow_up(
    follow_up: FollowUp, scoring: Scoring, content: ContentFeedback, context: GuardContext
) -> tuple[FollowUp, list[GuardFinding]]:
    """Takes a follow-up back when all of STAR is present and relevance is strong (contract, server rule 4).

    `content` is what the model itself said about STAR: a question it contradicts itself is not asked, while a status
    lowered afterwards for want of evidence neither asks nor silences.
    """
    policy = context.policy
    weak = policy.relevance_weak(scoring.content_breakdown.relevance)
    if not follow_up.should_ask or weak or policy.star_incomplete(content.star_checklist):
        return follow_up, []
    finding = GuardFinding(rule="follow_up_withdrawn", detail="STAR is complete and the answer is relevant")
    return _silent(follow_up), [finding]


def follow_up_type(follow_up: FollowUp, said: FollowUpType, scoring: Scoring, policy: Policy) -> FollowUpType:
    """The type that fits the decision: none when nothing is asked, else what the model said or what the scores say."""
    if not follow_up.should_ask:
        return FollowUpType.NONE
    if said is not FollowUpType.NONE:
        return said
    weak = policy.relevance_weak(scoring.content_breakdown.relevance)
    return FollowUpType.LOW_RELEVANCE if weak else FollowUpType.MISSING_STAR
