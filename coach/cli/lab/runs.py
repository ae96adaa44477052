"""`lab run|compare|judge|noise|runs`: the same answers through several variants, and what came of it."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coach.cli.output import emit, json_option

if TYPE_CHECKING:
    from coach.lab.runs.replay import RunReport
    from coach.lab.statistics.pairwise import PairReport


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--estimate", is_flag=True, help="Only say what it may cost.")
@json_option
def run(experiment: Path, estimate: bool, as_json: bool) -> None:
    """Run EXPERIMENT.yaml, or what is left of it."""
    from coach.bootstrap import build_lab
    from coach.lab.runs.workspace import Experiment

    service = build_lab()
    definition = Experiment.load(experiment)
    if estimate:
        emit(service.estimate(definition), as_json=as_json)
        return
    result = asyncio.run(service.run(definition, on_progress=None if as_json else RunProgress()))
    emit(result, as_json=as_json, human=_run_lines)


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@json_option
def compare(run_a: str, run_b: str, as_json: bool) -> None:
    """Compare two runs, each RUN or RUN:VARIANT."""
    from coach.bootstrap import build_lab

    emit(build_lab().compare(run_a, run_b).summary(), as_json=as_json, human=comparison_lines)


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@click.option("--human", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSONL {item, winner}.")
@json_option
def judge(run_a: str, run_b: str, human: Path | None, as_json: bool) -> None:
    """Let a model prefer one of two variants, RUN:VARIANT each, every pair in both orders."""
    from coach.bootstrap import build_lab, services
    from coach.lab.statistics.pairwise import human_votes

    votes, pair_judge = human_votes(human) if human else None, services().pair_judge

    async def judged() -> "PairReport":
        try:
            return await build_lab().judge_pairs(run_a, run_b, pair_judge, votes)
        finally:
            await pair_judge.close()

    found = asyncio.run(judged())
    emit(asdict(found), as_json=as_json, human=_pair_lines)


@click.command()
@click.argument("run_id")
@json_option
def noise(run_id: str, as_json: bool) -> None:
    """Measure the scoring noise of a run with repeats and keep it for its bundles."""
    from coach.bootstrap import build_lab

    lines = lambda d: "\n".join(f"{label}: SD {sd:.3f} points" for label, sd in d["noise"].items())  # noqa: E731
    emit({"noise": build_lab().measure_noise(run_id)}, as_json=as_json, human=lines)


@click.command()
@json_option
def runs(as_json: bool) -> None:
    """List all runs, newest first."""
    from coach.bootstrap import build_lab

    found = [r.model_dump(mode="json") for r in build_lab().workspace.runs()]
    emit({"runs": found}, as_json=as_json, human=lambda d: "\n".join(r["id"] for r in d["runs"]) or "No runs yet.")


class RunProgress:
    """A line on stderr that says how far a run is, at most once per percent."""

    def __init__(self) -> None:
        self._percent = -1

    def __call__(self, report: "RunReport") -> None:
        percent = 100 * report.done // max(1, report.total)
        if percent > self._percent:
            self._percent = percent
            click.echo(f"\r{report.done} of {report.total} answers, ${report.spent_usd}", nl=False, err=True)
            if report.done == report.total:
                click.echo(err=True)


def _pair_lines(found: dict[str, object]) -> str:
    share = "no pair was decided" if found["share_b"] is None else f"B preferred in {found['share_b']:.0%} of decided"
    people = (
        "" if found["kappa"] is None else f"; agreement with {found['n_human']} human votes: kappa {found['kappa']:.2f}"
    )
    counts = f"A {found['wins_a']}, B {found['wins_b']}, ties {found['ties']}"
    return f"{counts}: {share}; same in both orders {found['consistency']:.0%}{people}."


def _run_lines(result: Any) -> str:
    lines = [
        f"{result.run}: {result.done} of {result.total} answers, {result.cached} from cache, "
        f"{result.failures} provider failures, ${result.spent_usd} spent."
    ]
    lines += [text for text in (result.stopped, result.note) if text]
    return "\n".join(lines + ([comparison_lines(result.comparison)] if result.comparison else []))


def comparison_lines(report: dict[str, Any]) -> str:
    """A comparison for a terminal: the verdict, every scorer, then the slices that lean somewhere."""
    rows = [
        f"  {c['scorer']:<22} {c['estimate']:+9.3f}  [{c['low']:+.3f}, {c['high']:+.3f}]  p = {c['p_adjusted']:.3f}"
        for c in report["comparisons"]
    ]
    leaning = [s for s in report["slices"] if s["leaning"] in ("better", "worse")]
    slices = [f"  {s['leaning']} in {s['dimension']} {s['slice']}: {s['estimate']:+.3f}" for s in leaning]
    marked = [f"Recorded: {report['recorded']}."] if report["recorded"] else []
    return "\n".join([report["sentence"], *marked, *rows, *slices, *report["notes"]])
