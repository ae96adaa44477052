"""`lab plan` and `lab adversarial`: what a run could show, and answers that are hard on purpose."""

from pathlib import Path

import click

from coach.cli.output import emit, json_option


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@json_option
def plan(experiment: Path, as_json: bool) -> None:
    """Say what EXPERIMENT.yaml could show, and how many answers the smallest useful difference needs."""
    from coach.bootstrap import build_lab
    from coach.lab.runs.workspace import Experiment

    emit(build_lab().plan(Experiment.load(experiment)), as_json=as_json, human=lambda found: found.sentence)


@click.command()
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write it as JSONL too.")
@click.option("--seed", default=0, show_default=True, help="Another seed, other combinations.")
@json_option
def adversarial(target: Path | None, seed: int, as_json: bool) -> None:
    """Make and freeze a dataset that is hard on purpose: orders, bridges, learner's English, empty, other languages."""
    from coach.bootstrap import build_lab
    from coach.errors import StoreError
    from coach.lab.adversarial import adversarial_set

    data = adversarial_set(seed=seed)
    build_lab().workspace.keep(data)
    if target:
        try:
            target.write_text("\n".join(item.canonical() for item in data.items) + "\n", "utf8")
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror}.") from error
    kinds = sorted({item.stratum for item in data.items})
    found = {"dataset": data.content_hash, "name": data.name, "items": len(data.items), "kinds": kinds}
    emit(
        found,
        as_json=as_json,
        human=lambda d: f"{d['items']} answers, frozen as {d['dataset']}: {', '.join(d['kinds'])}.",
    )
