"""What is measured on every replayed answer: one number per scorer, comparable between variants.

A scorer sees one outcome and its item and returns a number or None ("says nothing here", e.g. no gold label). Latency
and cost come only from calls that were really made: cached answers never enter them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import fuzz

from coach.contracts.brain import EvaluationResult
from coach.contracts.evaluation import STAR_ITEMS
from coach.lab.runs.dataset import Item
from coach.lab.runs.outcome import Outcome
from coach.text.sentences import sentences

LONG_WORD = 7
TRUTH_RULE = "truth"


@dataclass(frozen=True, slots=True)
class Scorer:
    """A named measure. `margin` is how much worse it may become before a variant is held back.

    `own` marks one that came with a bundle.
    """

    name: str
    unit: str
    higher_is_better: bool
    measure: Callable[[Outcome, EvaluationResult, Item], float | None]
    margin: float | None = None
    own: bool = False


def _gold_error(
    of: Callable[[EvaluationResult], float], gold: Callable[[Item], float | None]
) -> Callable[[Outcome, EvaluationResult, Item], float | None]:
    def error(_: Outcome, result: EvaluationResult, item: Item) -> float | None:
        wanted = gold(item)
        return None if wanted is None else abs(of(result) - wanted)

    return error


def _star_accuracy(_: Outcome, result: EvaluationResult, item: Item) -> float | None:
    if not item.gold.star:
        return None
    found = {name: getattr(result.evaluation.content_feedback.star_checklist, name).status.value for name in STAR_ITEMS}
    return sum(found[name] == item.gold.star.get(name) for name in STAR_ITEMS) / len(STAR_ITEMS)


def _follow_up_right(_: Outcome, result: EvaluationResult, item: Item) -> float | None:
    if item.gold.follow_up is None:
        return None
    return float(result.evaluation.follow_up.should_ask == (item.gold.follow_up != "none"))


def _care_right(_: Outcome, result: EvaluationResult, item: Item) -> float | None:
    if item.gold.care is None:
        return None
    return float((result.care.kind if result.care else "none") == item.gold.care)


def _evidence_coverage(_: Outcome, result: EvaluationResult, __: Item) -> float | None:
    checklist = result.evaluation.content_feedback.star_checklist
    points = {
        f"content_feedback.star_checklist.{name}" for name in STAR_ITEMS if getattr(checklist, name).status != "missing"
    }
    if not points:
        return None
    return len(points & {e.path for e in result.evidence}) / len(points)


def _rewrite_overlap(_: Outcome, result: EvaluationResult, item: Item) -> float | None:
    said = item.input.user_answer.transcript
    return fuzz.token_set_ratio(said, result.evaluation.rewrite.polished_answer) / 100 if said else None


def readability_lix(text: str) -> float | None:
    """LIX of `text`: words per sentence plus percentage of words over six letters (Björnsson 1968); None when empty."""
    words = text.split()
    if not words:
        return None
    count = max(1, len(sentences(text)))
    return len(words) / count + 100 * sum(len(w.strip(".,;:!?")) >= LONG_WORD for w in words) / len(words)


SCORERS: tuple[Scorer, ...] = (
    Scorer(
        "content error", "points", False, _gold_error(lambda r: r.evaluation.scoring.content, lambda i: i.gold.content)
    ),
    Scorer(
        "overall error", "points", False, _gold_error(lambda r: r.evaluation.scoring.overall, lambda i: i.gold.overall)
    ),
    Scorer(
        "relevance error",
        "points",
        False,
        _gold_error(lambda r: r.evaluation.scoring.content_breakdown.relevance, lambda i: i.gold.relevance),
    ),
    Scorer("STAR accuracy", "share", True, _star_accuracy),
    Scorer("follow-up right", "share", True, _follow_up_right),
    Scorer("care right", "share", True, _care_right),
    Scorer("overall", "points", True, lambda _, r, __: r.evaluation.scoring.overall),
    Scorer("first try valid", "share", True, lambda _, r, __: float(r.status == "complete"), margin=0.02),
    Scorer("guard interventions", "count", False, lambda _, r, __: float(len(r.guards)), margin=1.0),
    Scorer("evidence coverage", "share", True, _evidence_coverage, margin=0.05),
    Scorer(
        "truth violations",
        "count",
        False,
        lambda _, r, __: float(sum(g.rule.startswith(TRUTH_RULE) for g in r.guards)),
        margin=0.1,
    ),
    Scorer("rewrite words", "words", True, lambda _, r, __: float(len(r.evaluation.rewrite.polished_answer.split()))),
    Scorer("rewrite overlap", "share", True, _rewrite_overlap),
    Scorer("rewrite LIX", "LIX", False, lambda _, r, __: readability_lix(r.evaluation.rewrite.polished_answer)),
    Scorer("first section", "ms", False, lambda o, _, __: None if o.cached else o.first_section_ms, margin=150.0),
    Scorer("whole call", "ms", False, lambda o, _, __: None if o.cached else o.total_ms),
    Scorer("tokens", "tokens", False, lambda o, _, __: float(o.tokens) if o.tokens and not o.cached else None),
    Scorer("cost", "USD", False, lambda o, _, __: None if o.cached else float(o.cost_usd)),
)
SCORER_BY_NAME = {scorer.name: scorer for scorer in SCORERS}


def score_table(
    outcomes: Iterable[Outcome], items: Iterable[Item], scorers: Sequence[Scorer] = SCORERS
) -> pd.DataFrame:
    """Long table `variant, item, cluster, repeat, scorer, value`; failed calls are left out, they are not quality."""
    by_id = {item.id: item for item in items}
    rows = [
        (o.variant, o.item_id, by_id[o.item_id].person, o.repeat, scorer.name, value)
        for o in outcomes
        if o.result is not None and o.item_id in by_id
        for scorer in scorers
        if (value := scorer.measure(o, o.result, by_id[o.item_id])) is not None
    ]
    return pd.DataFrame(rows, columns=["variant", "item", "cluster", "repeat", "scorer", "value"])


def paired_table(scores: pd.DataFrame, *, scorer: str, a: str, b: str) -> pd.DataFrame:
    """Columns `item, cluster, a, b` for `compare_paired`: only items both variants answered, repeats averaged."""
    one = scores[scores["scorer"] == scorer]
    wide = one.pivot_table(index=["item", "cluster"], columns="variant", values="value", aggfunc="mean")
    if a not in wide or b not in wide:
        return pd.DataFrame(columns=["item", "cluster", "a", "b"])
    return wide[[a, b]].dropna().set_axis(["a", "b"], axis=1).reset_index()
