"""What one answer of the playground brought, as a table of figures and pairs of texts; pandas, no Streamlit."""

import pandas as pd

from coach.contracts.brain import EvaluationResult
from coach.contracts.evaluation import STAR_ITEMS
from coach.lab.playground import Trial
from coach.lab.runs.outcome import Outcome

NOTHING = "–"


def trial_frame(trial: Trial) -> pd.DataFrame:
    """One row per figure, one column per variant, and `change` where both are numbers: second minus first."""
    columns = {variant.name: _figures(outcome) for variant, outcome in zip(trial.variants, trial.outcomes, strict=True)}
    frame = pd.DataFrame(columns)
    if len(trial.variants) == 2:
        first, second = (pd.to_numeric(frame[v.name], errors="coerce") for v in trial.variants)
        frame["change"] = (second - first).map(lambda d: NOTHING if pd.isna(d) else f"{d:+.4g}")
    return frame.map(_shown).rename_axis("figure").reset_index()


def _figures(outcome: Outcome) -> dict[str, object]:
    result = outcome.result
    if result is None:
        return {"provider": f"failed ({outcome.error})"}
    scoring = result.evaluation.scoring
    checklist = result.evaluation.content_feedback.star_checklist
    parts = scoring.content_breakdown
    return {
        "overall": scoring.overall,
        "content": scoring.content,
        "STAR": parts.star,
        "relevance": parts.relevance if result.relevance_judged else NOTHING,
        "clarity": parts.clarity,
        "impact": parts.impact,
        **{name: getattr(checklist, name).status.value for name in STAR_ITEMS},
        "follow-up": "asked" if result.evaluation.follow_up.should_ask else "none",
        "guard interventions": len(result.guards),
        "rewrite words": len(result.evaluation.rewrite.polished_answer.split()),
        "first section, ms": _rounded(outcome.first_section_ms),
        "whole call, ms": _rounded(outcome.total_ms),
        "tokens": outcome.tokens or NOTHING,
        "cost, USD": f"{outcome.cost_usd:.5f}",
        "asked": "before (from the cache)" if outcome.cached else "now",
    }


def _rounded(ms: float | None) -> object:
    return NOTHING if ms is None else round(ms)


def _shown(value: object) -> str:
    return NOTHING if value is None or value != value else f"{value:g}" if isinstance(value, float) else str(value)


def trial_texts(trial: Trial) -> list[tuple[str, str, str]]:
    """`(what, first variant's words, second variant's words)`; empty unless two variants both answered."""
    results = trial.results()
    if len(results) != 2 or results[0] is None or results[1] is None:
        return []
    first, second = _texts(results[0]), _texts(results[1])
    return [(name, first[name], second[name]) for name in first if first[name] or second[name]]


def _texts(result: EvaluationResult) -> dict[str, str]:
    evaluation = result.evaluation
    content = evaluation.content_feedback
    return {
        "Headline": content.headline,
        "Strengths": "\n".join(content.top_strengths),
        "Improvements": "\n".join(content.top_improvements),
        "Tip": content.one_action_tip,
        "Follow-up": evaluation.follow_up.question_text,
        "Polished answer": evaluation.rewrite.polished_answer,
        "Notes": "\n".join(f"{n.original_snippet} → {n.revised_snippet}" for n in evaluation.coach_notes),
    }
