"""`python -m coach eval …`: the engine scores itself on labelled sets. One module per set, loaded when called."""

import importlib

import click

_SETS = ("answers", "fillers", "jobs", "rewrites", "recordings")


class EvalGroup(click.Group):
    """Subcommands `answers`, `fillers`, `jobs`, `rewrites` and `recordings`, each in `coach.cli.eval.<name>`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_SETS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _SETS:
            return None
        command = getattr(importlib.import_module(f"coach.cli.eval.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(name="eval", cls=EvalGroup, help="Score the engine on a labelled set.")
def evals() -> None:
    """The group of all sets."""
