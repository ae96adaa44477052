"""`python -m coach eval answers`: evaluates labelled answers through the whole pipeline, compares with the labels."""

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.port import Brain, EvaluationCall
from coach.brain.prompts.bundle import PromptBundle
from coach.brain.prompts.policy import Policy
from coach.brain.truth.guard import TruthGuard
from coach.cli.eval.rows import read_rows, table, write_outputs
from coach.cli.inputs import brain_option
from coach.cli.output import emit, json_option, unbilled
from coach.contracts.brain import EvaluationInput, EvaluationResult, JobContext, Question, UserAnswer
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import STAR_ITEMS
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.errors import VendorAuthError

_CLASSES = ("missing", "weak", "present")
_PARALLEL = 8
_FITS = 7


@click.command(name="answers", help="Score evaluations on labelled answers (one JSON object per line).")
@click.argument("file", type=click.Path(path_type=Path))
@brain_option
@click.option("--outputs", type=click.Path(path_type=Path), default=None, help="Write each evaluation and its guards.")
@json_option
def answers(file: Path, brain: str | None, outputs: Path | None, as_json: bool) -> None:
    """Scores `file`."""
    from coach.bootstrap import services

    rows = read_rows(file, ("id", "question", "answer"))
    bundle = PromptBundle.load()
    judge = services().brain_for(bundle, brain or "")
    results, spent_ms = asyncio.run(_evaluate_all(judge, rows, bundle.policy))
    services().usage([unbilled(event) for result in results for event in result.usage])
    if any(finding.rule == "key_refused" for result in results for finding in result.guards):
        raise VendorAuthError("The model's server refused the key.", mend="Check OPENAI_API_KEY.")
    write_outputs(outputs, (_output(row, result) for row, result in zip(rows, results, strict=True)))
    report = score(rows, results) | {"ms_per_answer": _spread(spent_ms)}
    emit(report, as_json=as_json, human=lambda r: table(_flat(r)))


async def _evaluate_all(
    brain: Brain, rows: list[dict[str, object]], policy: Policy
) -> tuple[list[EvaluationResult], list[float]]:
    """Evaluates all rows: one after another offline (so that times mean something), a few at a time with a vendor."""
    gate = asyncio.Semaphore(1 if brain.name == "offline" else _PARALLEL)
    spent: list[float] = []

    async def one(row: dict[str, Any]) -> EvaluationResult:
        async with gate:
            began = time.perf_counter()
            call = EvaluationCall(input=evaluation_input(row, policy.version), attempt_id=f"eval-{row['id']}")
            heard = Transcript(text=row["answer"], transcriber="typed", source=TranscriptSource.TYPED)
            result = await evaluate_to_end(brain, call, transcript=heard, delivery=DeliveryMetrics(), policy=policy)
            spent.append((time.perf_counter() - began) * 1000)
            return result

    try:
        return list(await asyncio.gather(*(one(row) for row in rows))), spent
    finally:
        await brain.close()


def evaluation_input(row: dict[str, object], policy_version: str) -> EvaluationInput:
    """The input of one labelled row; only question, kind, competency, job summary and answer go in."""
    return EvaluationInput(
        policy_version=policy_version,
        question=Question(
            text=row["question"], type=row.get("question_type") or "", competency=row.get("competency") or ""
        ),
        job_context=JobContext(summary=row.get("job_summary") or ""),
        user_answer=UserAnswer(transcript=row["answer"]),
    )


def _output(row: dict[str, object], result: EvaluationResult) -> dict[str, object]:
    return {
        "id": row["id"],
        "evaluation": result.evaluation.model_dump(mode="json"),
        "guards": [finding.model_dump() for finding in result.guards],
    }


def score(rows: list[dict[str, Any]], results: list[EvaluationResult]) -> dict[str, Any]:
    """All figures; those whose labels are absent are None.

    Where fit to the question was not judged, content and follow-up are compared on answers labelled 7 or more for it.
    """
    judged = all(result.relevance_judged for result in results)
    fitting = (rows, results) if judged else _fitting(rows, results)
    gold, said = _pairs(*fitting, "gold_overall_content", lambda r: r.evaluation.scoring.content)
    return {
        "items": len(rows),
        "status": {s: sum(r.status == s for r in results) for s in ("complete", "repaired", "fallback")},
        "star": star_figures(rows, results),
        "relevance": relevance_figures(rows, results) if judged else None,
        "relevance_judged": judged,
        "content_spearman": _spearman(gold, said),
        "content_mean_error": float(np.mean(np.abs(np.array(gold) - np.array(said)))) if gold else None,
        "follow_up": follow_up_figures(*fitting),
        "invented_numbers": sum(invented_numbers(row, result) for row, result in zip(rows, results, strict=True)),
        "points_with_evidence": evidence_share(results),
    }


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
    gold, said = _pairs(rows, results, "relevance", lambda r: r.evaluation.scoring.content_breakdown.relevance)
    labelled = [row for row in rows if row.get("relevance") is not None]
    off = [s for row, s in zip(labelled, said, strict=True) if row.get("kind") == "offtopic"]
    good = [s for row, s in zip(labelled, said, strict=True) if row.get("kind") != "offtopic" and row["relevance"] >= 7]
    return {"spearman": _spearman(gold, said), "off_topic_auc": auc(good, off)}


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


def _fitting(
    rows: list[dict[str, Any]], results: list[EvaluationResult]
) -> tuple[list[dict[str, Any]], list[EvaluationResult]]:
    pairs = [pair for pair in zip(rows, results, strict=True) if (pair[0].get("relevance") or 0) >= _FITS]
    return [row for row, _ in pairs], [result for _, result in pairs]


def _pairs(
    rows: list[dict[str, Any]], results: list[EvaluationResult], label: str, said: Any
) -> tuple[list[float], list[float]]:
    kept = [
        (float(row[label]), float(said(r))) for row, r in zip(rows, results, strict=True) if row.get(label) is not None
    ]
    return [g for g, _ in kept], [s for _, s in kept]


def _spearman(gold: list[float], said: list[float]) -> float | None:
    """Spearman's rank correlation with mean ranks for ties; None when one side does not vary."""
    if len(gold) < 3 or len(set(gold)) < 2 or len(set(said)) < 2:
        return None
    from scipy.stats import spearmanr

    return float(spearmanr(gold, said).statistic)


def _spread(spent_ms: list[float]) -> dict[str, float]:
    return {name: float(np.percentile(spent_ms, q)) for name, q in (("p50", 50), ("p95", 95), ("max", 100))}


def _flat(report: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, Any]] = []
    for key, value in report.items():
        rows += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return rows
