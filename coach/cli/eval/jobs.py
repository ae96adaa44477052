"""`python -m coach eval jobs`: plans from labelled postings and compares skills and competencies with the labels."""

import asyncio
import re
from pathlib import Path
from typing import Any

import click
from rapidfuzz import fuzz

from coach.brain.port import Brain, InterviewPlan, PlanRequest
from coach.brain.prompts.bundle import PromptBundle
from coach.cli.eval.rows import read_rows, table, write_outputs
from coach.cli.inputs import brain_option
from coach.cli.output import emit, json_option, unbilled
from coach.cli.plan import plan_record

SAME_ABOVE = 85.0


@click.command(name="jobs", help="Score job parsing and planning on labelled postings (one JSON object per line).")
@click.argument("file", type=click.Path(path_type=Path))
@brain_option
@click.option("--outputs", type=click.Path(path_type=Path), default=None, help="Write each plan.")
@json_option
def jobs(file: Path, brain: str | None, outputs: Path | None, as_json: bool) -> None:
    """Scores `file`."""
    from coach.bootstrap import services

    rows = read_rows(file, ("id", "description"))
    plans = asyncio.run(_plan_all(services().brain_for(PromptBundle.load(), brain or ""), rows))
    services().usage([unbilled(event) for made in plans for event in made.usage])
    records = [plan_record(made) for made in plans]
    write_outputs(outputs, ({"id": row["id"], **record} for row, record in zip(rows, records, strict=True)))
    emit(score(rows, records), as_json=as_json, human=lambda r: table([(k, v) for k, v in r.items() if k != "by_item"]))


async def _plan_all(brain: Brain, rows: list[dict[str, Any]]) -> list[InterviewPlan]:
    try:
        return [
            await brain.plan(
                PlanRequest(str(row.get("title") or ""), str(row.get("company") or ""), row["description"])
            )
            for row in rows
        ]
    finally:
        await brain.close()


def score(rows: list[dict[str, Any]], records: list[dict[str, Any]]) -> dict[str, Any]:
    """Recall and precision of skills and competencies, pooled; optional skills count as right when found."""
    counts = {"skills": [0, 0, 0, 0], "competencies": [0, 0, 0, 0]}
    by_item = []
    named = 0
    for row, record in zip(rows, records, strict=True):
        job = record["job"]
        detail: dict[str, object] = {"id": row["id"]}
        for name, said, allowed in (
            ("skills", job["key_skills"], row.get("nice_to_have") or []),
            ("competencies", job["competencies"], []),
        ):
            gold = row.get(name) or []
            found = [g for g in gold if any(same(g, s) for s in said)]
            right = [s for s in said if any(same(g, s) for g in [*gold, *allowed])]
            for i, n in enumerate((len(found), len(gold), len(right), len(said))):
                counts[name][i] += n
            detail[f"missed_{name}"] = [g for g in gold if g not in found]
            detail[f"extra_{name}"] = [s for s in said if s not in right]
        named += any(same(s, q["skill"] or "") for q in record["questions"] for s in job["key_skills"])
        by_item.append(detail)
    both = [a + b for a, b in zip(*counts.values(), strict=True)]
    figures: dict[str, object] = {"postings": len(rows)}
    for name, (found, gold, right, said) in {**counts, "all": both}.items():
        figures[f"{name}_recall"] = found / gold if gold else None
        figures[f"{name}_precision"] = right / said if said else None
    return figures | {"plans_naming_a_skill": named / len(rows), "by_item": by_item}


def same(one: str, other: str) -> bool:
    """True for the same term up to case, plural, hyphens and word order."""
    a, b = _plain(one), _plain(other)
    return a == b or (min(len(a), len(b)) > 4 and fuzz.token_sort_ratio(a, b) >= SAME_ABOVE)


def _plain(term: str) -> str:
    return " ".join(re.sub(r"s\b", "", re.sub(r"[^\w+#&]+", " ", term.lower())).split())
