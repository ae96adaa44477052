"""Figures of an evaluation against labels: STAR, relevance, follow-ups, evidence."""

import re
from typing import Any

import numpy as np

from coach.brain.truth.guard import TruthGuard
from coach.contracts.brain import EvaluationResult
from coach.contracts.evaluation import STAR_ITEMS

_CLASSES = ("missing", "weak", "present")


def star_figures(rows: list[dict[str, Any]], results: list[EvaluationResult]) -> dict[str, Any] | None:
    """Macro-F1 over three classes and accuracy of missing-or-not, all items pooled; F1 by item and class."""
    gold: dict[str, list[str]] = {name: [] for name in STAR_ITEMS}
    said: dict[str, list[str]] = {name: [] for name in STAR_ITEMS}
    for row, result in zip(rows, results, strict=True):
        for name in STAR_ITEMS if "star" in row else ():
            gold[name].append(row["star"][name])
            said[name].append(getattr(result.evaluation.content_feedback.star_checklist, name).status.value)
    all_gold, all_said = ([v for values in by.values() for v in values] for by in (gold, said))
    if not all_gold:
        return None
    missing = [(g == "missing", s == "missing") for g, s in zip(all_gold, all_said, strict=True)]
    return {
        "macro_f1": macro_f1(all_gold, all_said),
        "f1_by_class": {c: _f1(all_gold, all_said, c) for c in _CLASSES},
        "macro_f1_by_item": {name: macro_f1(gold[name], said[name]) for name in STAR_ITEMS},
        "missing_or_not_accuracy": sum(g == s for g, s in missing) / len(missing),
        "missing_or_not_macro_f1": macro_f1(
            [str(g) for g, _ in missing], [str(s) for _, s in missing], ("True", "False")
        ),
    }


def macro_f1(gold: list[str], said: list[str], classes: tuple[str, ...] = _CLASSES) -> float:
    """Mean F1 over the classes that occur."""
    occurring = [c for c in classes if c in gold or c in said]
    return sum(_f1(gold, said, c) for c in occurring) / max(1, len(occurring))


def _f1(gold: list[str], said: list[str], label: str) -> float:
    hit = sum(g == s == label for g, s in zip(gold, said, strict=True))
    total = gold.count(label) + said.count(label)
    return 2 * hit / total if total else 0.0


def relevance_figures(rows: list[dict[str, Any]], results: list[EvaluationResult]) -> dict[str, float | None]:
    """Rank correlation with the label, and AUC of off-topic pairings against answers labelled 7 or more."""
    gold, said = paired_values(rows, results, "relevance", lambda r: r.evaluation.scoring.content_breakdown.relevance)
    labelled = [row for row in rows if row.get("relevance") is not None]
    off = [s for row, s in zip(labelled, said, strict=True) if row.get("kind") == "offtopic"]
    good = [s for row, s in zip(labelled, said, strict=True) if row.get("kind") != "offtopic" and row["relevance"] >= 7]
    return {"spearman": spearman(gold, said), "off_topic_auc": auc(good, off)}


def auc(higher: list[float], lower: list[float]) -> float | None:
    """Chance that one of `higher` is above one of `lower`, ties counting half."""
    if not higher or not lower:
        return None
    wins = sum((h > low) + 0.5 * (h == low) for h in higher for low in lower)
    return wins / (len(higher) * len(lower))


def follow_up_figures(rows: list[dict[str, object]], results: list[EvaluationResult]) -> dict[str, float | None]:
    """Agreement of the decision (asked or not) and of its type with `expected_follow_up`."""
    pairs = [
        (
            row["expected_follow_up"],
            result.evaluation.metadata.follow_up_type.value,
            result.evaluation.follow_up.should_ask,
        )
        for row, result in zip(rows, results, strict=True)
        if row.get("expected_follow_up")
    ]
    if not pairs:
        return {"type_agreement": None, "decision_agreement": None}
    return {
        "type_agreement": sum(want == kind for want, kind, _ in pairs) / len(pairs),
        "decision_agreement": sum((want != "none") == asked for want, _, asked in pairs) / len(pairs),
    }


def invented_numbers(row: dict[str, Any], result: EvaluationResult) -> int:
    """Figures and number claims in the rewrite that the transcript does not state."""
    rewrite = result.evaluation.rewrite
    guard = TruthGuard((row["answer"],))
    texts = (rewrite.polished_answer, *rewrite.star_version.model_dump().values())
    return sum(bool(re.search(r"\d", v.text)) or v.kind == "number" for text in texts for v in guard.violations(text))


def evidence_share(results: list[EvaluationResult]) -> float | None:
    """Share of shown points (STAR items not missing, strengths, improvements, notes) that cite a span."""
    shown = cited = 0
    for result in results:
        paths = {e.path for e in result.evidence}
        for path in _points(result):
            shown += 1
            cited += path in paths
    return cited / shown if shown else None


def _points(result: EvaluationResult) -> list[str]:
    feedback = result.evaluation.content_feedback
    paths = [
        f"content_feedback.star_checklist.{name}"
        for name in STAR_ITEMS
        if getattr(feedback.star_checklist, name).status.value != "missing"
    ]
    paths += [
        f"content_feedback.{key}.{i}"
        for key in ("top_strengths", "top_improvements")
        for i in range(len(getattr(feedback, key)))
    ]
    return paths + [f"coach_notes.{i}" for i in range(len(result.evaluation.coach_notes))]


def paired_values(
    rows: list[dict[str, Any]], results: list[EvaluationResult], label: str, said: Any
) -> tuple[list[float], list[float]]:
    """A label and what was said of it, of the answers that have both."""
    kept = [
        (float(row[label]), float(said(r))) for row, r in zip(rows, results, strict=True) if row.get(label) is not None
    ]
    return [g for g, _ in kept], [s for _, s in kept]


def spearman(gold: list[float], said: list[float]) -> float | None:
    """Spearman's rank correlation with mean ranks for ties; None when one side does not vary."""
    if len(gold) < 3 or len(set(gold)) < 2 or len(set(said)) < 2:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(gold, said).statistic)


def spread(spent_ms: list[float]) -> dict[str, float]:
    """Median, 95th percentile and longest, in milliseconds."""
    return {name: float(np.percentile(spent_ms, q)) for name, q in (("p50", 50), ("p95", 95), ("max", 100))}
