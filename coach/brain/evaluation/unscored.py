"""The evaluation of an answer that coaching stops for: nothing judged, praised, asked or saved, and no model called.

The contract's numbers are 0 there because they must be numbers; the record says that there is no score.
"""

from collections.abc import Iterator
from typing import Any

from coach.brain.care.advice import headline_for
from coach.brain.evaluation.progress import CareTaken, EvaluationFinished, Progress, SectionReady
from coach.brain.evaluation.repair import safe_minimal
from coach.brain.guards.context import GuardContext
from coach.contracts.brain import Care, EvaluationResult, GuardFinding
from coach.contracts.evaluation import SECTION_ORDER, Evaluation

_TIPS = {
    "crisis": "Please reach out to somebody now. Practice can wait.",
    "other_language": "Retry the question in English when you like.",
    "not_an_answer": "Read the question again, take your time, then retry it.",
}


def unscored_steps(context: GuardContext, care: Care, *, brain: str, bundle: str) -> Iterator[Progress]:
    """The care first, then every section in the contract's order, then the end."""
    evaluation = unscored_evaluation(context, care)
    yield CareTaken(care)
    for name in SECTION_ORDER:
        yield SectionReady(name, getattr(evaluation, name))
    yield EvaluationFinished(
        EvaluationResult(
            evaluation=evaluation,
            guards=[GuardFinding(rule="care", detail=f"{care.kind}: coaching stopped for this answer")],
            brain=brain,
            model=context.model,
            bundle=bundle,
            relevance_judged=False,
            care=care,
        )
    )


def unscored_evaluation(context: GuardContext, care: Care) -> Evaluation:
    """The safe minimal evaluation with the care's words and zeros; after a crisis it repeats nothing that was said."""
    minimal = safe_minimal(context)
    scoring = minimal.scoring.model_copy(
        update={"overall": 0.0, "content": 0.0, "content_breakdown": _zeros(minimal.scoring.content_breakdown)}
    )
    content = minimal.content_feedback
    star = content.star_checklist
    blank = {name: getattr(star, name).model_copy(update={"note": ""}) for name in type(star).model_fields}
    feedback = content.model_copy(
        update={
            "headline": headline_for(care.kind),
            "star_checklist": star.model_copy(update=blank),
            "one_action_tip": _TIPS[care.kind],
        }
    )
    rewrite = minimal.rewrite.model_copy(update={"polished_answer": ""}) if care.kind == "crisis" else minimal.rewrite
    follow_up = minimal.follow_up.model_copy(update={"reason": ""})
    parts = {"scoring": scoring, "content_feedback": feedback, "rewrite": rewrite, "follow_up": follow_up}
    return minimal.model_copy(update=parts)


def _zeros(breakdown: Any) -> Any:
    return breakdown.model_copy(update=dict.fromkeys(type(breakdown).model_fields, 0.0))
