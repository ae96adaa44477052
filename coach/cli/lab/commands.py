"""`lab run|compare|runs|bundles|promote|rollback`: change a prompt, know whether it is better."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coach.cli.output import emit, json_option

if TYPE_CHECKING:
    from coach.lab.runs.replay import RunReport
    from coach.lab.service import Lab
    from coach.lab.statistics.pairwise import PairReport


def _lab() -> "Lab":
    from coach.bootstrap import build_lab

    return build_lab()


@click.group()
def lab() -> None:
    """Replay stored answers through prompt bundles, compare, promote."""


@lab.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--estimate", is_flag=True, help="Only say what it may cost.")
@json_option
def run(experiment: Path, estimate: bool, as_json: bool) -> None:
    """Run EXPERIMENT.yaml, or what is left of it."""
    from coach.lab.runs.experiment import Experiment

    service = _lab()
    definition = Experiment.load(experiment)
    if estimate:
        emit(service.estimate(definition), as_json=as_json)
        return
    result = asyncio.run(service.run(definition, on_progress=None if as_json else _Progress()))
    emit(result, as_json=as_json, human=_run_lines)


@lab.command()
@click.argument("run_a")
@click.argument("run_b")
@json_option
def compare(run_a: str, run_b: str, as_json: bool) -> None:
    """Compare two runs, each RUN or RUN:VARIANT."""
    emit(_lab().compare(run_a, run_b).summary(), as_json=as_json, human=_comparison_lines)


@lab.command()
@click.argument("run_a")
@click.argument("run_b")
@click.option("--human", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSONL {item, winner}.")
@json_option
def judge(run_a: str, run_b: str, human: Path | None, as_json: bool) -> None:
    """Let a model prefer one of two variants, RUN:VARIANT each, every pair in both orders."""
    from coach.bootstrap import services
    from coach.lab.statistics.pairwise import human_votes

    votes, pair_judge = human_votes(human) if human else None, services().pair_judge

    async def judged() -> "PairReport":
        try:
            return await _lab().judge_pairs(run_a, run_b, pair_judge, votes)
        finally:
            await pair_judge.close()

    found = asyncio.run(judged())
    emit(asdict(found), as_json=as_json, human=_pair_lines)


@lab.command()
@click.argument("run_id")
@json_option
def noise(run_id: str, as_json: bool) -> None:
    """Measure the scoring noise of a run with repeats and keep it for its bundles."""
    lines = lambda d: "\n".join(f"{label}: SD {sd:.3f} points" for label, sd in d["noise"].items())  # noqa: E731
    emit({"noise": _lab().measure_noise(run_id)}, as_json=as_json, human=lines)


@lab.command()
@json_option
def runs(as_json: bool) -> None:
    """List all runs, newest first."""
    found = [r.model_dump(mode="json") for r in _lab().workspace.runs()]
    emit({"runs": found}, as_json=as_json, human=lambda d: "\n".join(r["id"] for r in d["runs"]) or "No runs yet.")


@lab.command()
@json_option
def bundles(as_json: bool) -> None:
    """List prompt bundles; the one in force is marked."""
    from coach.brain.prompts.bundle import PromptBundle, available

    service = _lab()
    active = service.promotions.active().label
    found = [
        {"name": b.name, "version": b.version, "hash": b.hash, "idea": b.idea, "active": b.label == active}
        for b in map(PromptBundle.load, available())
    ]
    lines = [f"{'*' if b['active'] else ' '} {b['name']}  {b['version']}  {b['hash']}  {b['idea']}" for b in found]
    emit({"bundles": found, "active": active}, as_json=as_json, human=lambda _: "\n".join(lines))


@lab.command()
@click.argument("name")
@click.option("--from", "source", required=True, help="The bundle to start from.")
@click.option("--idea", required=True, help="What it tries, in a sentence.")
@json_option
def create(name: str, source: str, idea: str, as_json: bool) -> None:
    """Make bundle NAME from another."""
    from coach.lab import bundles as shelf

    made = shelf.create(name, source=source, idea=idea)
    result = {"name": made.name, "hash": made.hash, "from": source}
    emit(result, as_json=as_json, human=lambda d: f"Edit data/prompts/{d['name']}, then compare it with {d['from']}.")


@lab.command()
@click.argument("bundle_a")
@click.argument("bundle_b")
@json_option
def diff(bundle_a: str, bundle_b: str, as_json: bool) -> None:
    """Show what differs between two bundles."""
    from coach.brain.prompts.bundle import PromptBundle
    from coach.views.lab import bundle_diff

    text = bundle_diff(PromptBundle.load(bundle_a), PromptBundle.load(bundle_b))
    emit({"diff": text}, as_json=as_json, human=lambda d: d["diff"] or "No difference.")


@lab.command()
@click.argument("bundle")
@click.option("--reason", default="promoted from the command line", help="Why this bundle is better.")
@json_option
def promote(bundle: str, reason: str, as_json: bool) -> None:
    """Put BUNDLE in force for live interviews."""
    emit(
        _lab().promotions.promote(bundle, reason),
        as_json=as_json,
        human=lambda d: f"{d['bundle']} {d['version']} is in force.",
    )


@lab.command()
@click.option("--reason", default="", help="What went wrong.")
@json_option
def rollback(reason: str, as_json: bool) -> None:
    """Put the bundle before the present one back in force."""
    emit(
        _lab().promotions.roll_back(reason),
        as_json=as_json,
        human=lambda d: f"{d['bundle']} {d['version']} is in force again.",
    )


class _Progress:
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


def _pair_lines(found: dict[str, Any]) -> str:
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
    return "\n".join(lines + ([_comparison_lines(result.comparison)] if result.comparison else []))


def _comparison_lines(report: dict[str, Any]) -> str:
    rows = [
        f"  {c['scorer']:<22} {c['estimate']:+9.3f}  [{c['low']:+.3f}, {c['high']:+.3f}]  p = {c['p_adjusted']:.3f}"
        for c in report["comparisons"]
    ]
    return "\n".join([report["sentence"], *rows, *report["notes"]])
