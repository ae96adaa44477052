"""What happens when an output cannot be used: which failures earn another call, and the evaluation that is always safe.

The ladder: text that is not JSON earns one retry with a correction, an object that breaks the contract earns one retry,
a cut-off output counts as the former, a stream that broke off or stalled earns one too; never more than three calls.
A refusal earns none, nor does a server that cannot be reached: a brain tries that again by itself. After that the safe
minimal evaluation stands in for every section that is still missing.
"""

from dataclasses import dataclass, replace
from typing import Literal

from coach.brain.evaluation.tidy import lightly_cleaned
from coach.brain.guards.context import GuardContext
from coach.brain.guards.limits import cut_at_word
from coach.brain.guards.measured_scores import delivery_numbers, measured_scoring
from coach.brain.port import EvaluationCall
from coach.contracts.evaluation import Evaluation, Scoring

Failure = Literal["invalid_json", "invalid_schema", "truncated", "refused", "vendor", "timeout", "internal"]
MAX_CALLS = 3
CONSERVATIVE = 3.0
"""Content score of an answer that could not be judged, 0-10."""
DELAYED = "Your answer is saved. Feedback is delayed."
_RUNG: dict[str, str] = {
    "invalid_json": "parse",
    "truncated": "parse",
    "invalid_schema": "schema",
    "vendor": "vendor",
    "timeout": "vendor",
}


@dataclass
class RepairLadder:
    """Remembers which rungs are used up. `next_call` gives the repaired call or None when the ladder ends."""

    calls: int = 1

    def __post_init__(self) -> None:
        self._used: set[str] = set()

    def next_call(
        self, call: EvaluationCall, failure: Failure, *, retryable: bool, detail: str
    ) -> EvaluationCall | None:
        """The call to make after `failure`, with the reason as its correction."""
        rung = _RUNG.get(failure)
        if rung is None or rung in self._used or self.calls >= MAX_CALLS or not retryable:
            return None
        self._used.add(rung)
        self.calls += 1
        says = "" if rung == "vendor" else f"{failure}: {detail}".rstrip(": ")
        return replace(call, correction=says or call.correction, call_number=call.call_number + 1)


def safe_minimal(context: GuardContext) -> Evaluation:
    """The evaluation that is always valid: no follow-up, conservative scores, the lightly cleaned transcript.

    Content scores are `CONSERVATIVE` (0 for an empty answer), STAR is "missing" because nothing was assessed, delivery
    is what was measured.
    """
    return Evaluation.model_validate(
        {
            "follow_up": {"should_ask": False, "question_text": "", "reason": "Not assessed yet."},
            "scoring": _conservative_scoring(context),
            "content_feedback": _not_assessed(),
            "delivery_feedback": {
                "headline": "What was measured is shown here.",
                "metrics": delivery_numbers(context.delivery),
                "one_action_tip": "",
            },
            "rewrite": _own_words(context),
            "coach_notes": [],
            "library_suggestion": {"should_save": False, "suggested_title": "", "category": "", "why_save": ""},
            "metadata": {
                "model_version": cut_at_word(context.model, 40),
                "policy_version": context.policy.version,
                "eye_contact_available": context.delivery.scores.eye_contact is not None
                or context.delivery.eye_contact is not None,
                "follow_up_type": "none",
            },
        }
    )


def _conservative_scoring(context: GuardContext) -> dict[str, object]:
    content = CONSERVATIVE if context.has_content else 0.0
    plain = Scoring.model_validate(
        {
            "overall": 0,
            "content": content,
            "delivery": 0,
            "content_breakdown": dict.fromkeys(("star", "relevance", "clarity", "impact"), content),
            "delivery_breakdown": dict.fromkeys(("pace", "fillers", "pauses", "confidence", "eye_contact_proxy"), 0),
        }
    )
    return measured_scoring(plain, context.delivery, context.policy).model_dump()


def _not_assessed() -> dict[str, object]:
    item = {"status": "missing", "note": "Not assessed yet."}
    return {
        "headline": DELAYED,
        "top_strengths": [],
        "top_improvements": [],
        "star_checklist": dict.fromkeys(("situation", "task", "action", "result"), item),
        "relevance_note": "",
        "one_action_tip": "Retry the question now, or move on: the feedback can be produced later.",
    }


def _own_words(context: GuardContext) -> dict[str, object]:
    return {
        "polished_answer": cut_at_word(lightly_cleaned(context.transcript.text), 2200),
        "star_version": dict.fromkeys(("situation", "task", "action", "result"), ""),
        "keywords_to_include": [],
    }
