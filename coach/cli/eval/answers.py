"""`python -m coach eval answers`: evaluates labelled answers through the whole pipeline, compares with the labels."""

import asyncio
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
from coach.cli.eval.answer_figures import (
    evidence_share,
    follow_up_figures,
    invented_numbers,
    paired_values,
    relevance_figures,
    spearman,
    spread,
    star_figures,
)
from coach.cli.eval.rows import read_rows, table, write_outputs
from coach.cli.inputs import brain_option
from coach.cli.output import emit, json_option, unbilled
from coach.contracts.brain import EvaluationInput, EvaluationResult, JobContext, Question, UserAnswer
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.errors import VendorAuthError

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
    report = score(rows, results) | {"ms_per_answer": spread(spent_ms)}
    emit(report, as_json=as_json, human=lambda r: table(_flat(r)))


async def _evaluate_all(
    brain: Brain, rows: list[dict[str, object]], policy: Policy
) -> tuple[list[EvaluationResult], list[float]]:
    """Evaluates all rows: one after another offline (so that times mean something), a few at a time with a vendor."""
    gate = asyncio.Semaphore(1 if brain.name == "offline" else _PARALLEL)
    spent: list[float] = []

    async def one(row: dict[str, object]) -> EvaluationResult:
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
    gold, said = paired_values(*fitting, "gold_overall_content", lambda r: r.evaluation.scoring.content)
    return {
        "items": len(rows),
        "status": {s: sum(r.status == s for r in results) for s in ("complete", "repaired", "fallback")},
        "star": star_figures(rows, results),
        "relevance": relevance_figures(rows, results) if judged else None,
        "relevance_judged": judged,
        "content_spearman": spearman(gold, said),
        "content_mean_error": float(np.mean(np.abs(np.array(gold) - np.array(said)))) if gold else None,
        "follow_up": follow_up_figures(*fitting),
        "invented_numbers": sum(invented_numbers(row, result) for row, result in zip(rows, results, strict=True)),
        "points_with_evidence": evidence_share(results),
    }


def _fitting(
    rows: list[dict[str, Any]], results: list[EvaluationResult]
) -> tuple[list[dict[str, Any]], list[EvaluationResult]]:
    pairs = [pair for pair in zip(rows, results, strict=True) if (pair[0].get("relevance") or 0) >= _FITS]
    return [row for row, _ in pairs], [result for _, result in pairs]


def _flat(report: Mapping[str, object], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in report.items():
        rows += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return rows
