"""Valid evaluations for tests that need one but do not care how it came about."""

from datetime import UTC, datetime
from decimal import Decimal

from coach.contracts.brain import EvaluationResult
from coach.contracts.evaluation import Evaluation
from coach.lab.runs.outcome import Outcome

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def make_evaluation(*, content: float = 6.0, delivery: float = 6.0, should_ask: bool = False) -> Evaluation:
    """A whole evaluation whose overall follows from content and delivery."""
    star = {name: {"status": "present", "note": "said"} for name in ("situation", "task", "action", "result")}
    return Evaluation.model_validate(
        {
            "follow_up": {"should_ask": should_ask, "question_text": "And then?" if should_ask else "", "reason": ""},
            "scoring": {
                "overall": round((0.7 * content + 0.3 * delivery) * 10) / 10,
                "content": content,
                "delivery": delivery,
                "content_breakdown": dict.fromkeys(("star", "relevance", "clarity", "impact"), content),
                "delivery_breakdown": {
                    **dict.fromkeys(("pace", "fillers", "pauses", "confidence"), delivery),
                    "eye_contact_proxy": 0,
                },
            },
            "content_feedback": {
                "headline": "Clear story",
                "top_strengths": [],
                "top_improvements": [],
                "star_checklist": star,
                "relevance_note": "",
                "one_action_tip": "",
            },
            "delivery_feedback": {
                "headline": "Even pace",
                "metrics": {"wpm": 140, "filler_count": 0, "long_pause_count": 0, "clarity_note": ""},
                "one_action_tip": "",
            },
            "rewrite": {
                "polished_answer": "I moved the stock and the waiting stopped.",
                "star_version": {"situation": "", "task": "", "action": "", "result": ""},
                "keywords_to_include": [],
            },
            "coach_notes": [],
            "library_suggestion": {"should_save": False, "suggested_title": "", "category": "", "why_save": ""},
            "metadata": {
                "model_version": "test",
                "policy_version": "test",
                "eye_contact_available": False,
                "follow_up_type": "missing_star" if should_ask else "none",
            },
        }
    )


def make_outcome(
    variant: str, key: str, item_id: str, repeat: int = 0, *, content: float = 6.0, cost_usd: str = "0.01"
) -> Outcome:
    """A finished call."""
    return Outcome(
        variant=variant,
        variant_key=key,
        item_id=item_id,
        repeat=repeat,
        result=EvaluationResult(evaluation=make_evaluation(content=content)),
        first_section_ms=200,
        total_ms=900,
        cost_usd=Decimal(cost_usd),
        finished_at=NOON,
    )
