"""`lab scorers`: what a bundle measures by itself, tried on the sample answers."""

import asyncio
from statistics import fmean
from typing import Any

import click

from coach.cli.output import emit, json_option


@click.command()
@click.argument("bundle")
@json_option
def scorers(bundle: str, as_json: bool) -> None:
    """Try the scorers of BUNDLE on the sample answers, judged by the offline coach."""
    from coach.bootstrap import build_lab
    from coach.lab.runs.own_scorers import own_scorers
    from coach.lab.runs.scorers import score_table
    from coach.lab.runs.variant import Variant
    from coach.lab.runs.workspace import Experiment
    from coach.settings import DATA

    own, service = own_scorers([bundle]), build_lab()
    variants = [Variant(name=bundle, bundle=bundle)]
    sample = Experiment(name="Scorers", dataset=str(DATA / "sample" / "lab_answers.jsonl"), variants=variants)
    result = asyncio.run(service.run(sample))
    _, data, outcomes = service.workspace.load(result.run)
    table = score_table(outcomes, data.items, own.code)
    found: list[dict[str, Any]] = [
        {"scorer": s.name, "kind": "code", "unit": s.unit, "higher_is_better": s.higher_is_better, "margin": s.margin,
         **_range([float(v) for v in table.loc[table["scorer"] == s.name, "value"]])}
        for s in own.code
    ]  # fmt: skip
    found += [
        {"scorer": j.head.name, "kind": "judge", "unit": j.head.unit, "higher_is_better": j.head.higher_is_better,
         "margin": j.head.margin, **_range([])}
        for j in own.judges
    ]  # fmt: skip
    emit({"bundle": bundle, "scorers": found, "notes": own.notes()}, as_json=as_json, human=_lines)


def _range(values: list[float]) -> dict[str, object]:
    if not values:
        return {"answers": 0, "mean": None, "lowest": None, "highest": None}
    return {"answers": len(values), "mean": fmean(values), "lowest": min(values), "highest": max(values)}


def _lines(found: dict[str, Any]) -> str:
    lines = [
        f"  {s['scorer']:<22} {s['unit']:<8} "
        + (f"{s['mean']:.3g} [{s['lowest']:.3g}, {s['highest']:.3g}] on {s['answers']} answers" if s["answers"] else "")
        + (" judged by a model in a run" if s["kind"] == "judge" else "")
        for s in found["scorers"]
    ]
    nothing = [f"{found['bundle']} has no scorers of its own: put them into its folder `scorers`."] * (not lines)
    return "\n".join([*lines, *nothing, *found["notes"]])
