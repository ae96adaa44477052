"""`python -m coach lab …`: one module per kind of command, loaded when called."""

import importlib
import keyword

import click

_COMMANDS = {
    "run": "runs", "compare": "runs", "judge": "runs", "noise": "runs", "runs": "runs", "gate": "gate",
    "scorers": "scorers", "plan": "planning", "adversarial": "planning", "watch": "watching",
    "export": "interchange", "import": "interchange",
    "bundles": "bundles", "create": "bundles", "diff": "bundles", "promote": "bundles", "rollback": "bundles",
}  # fmt: skip


class LabGroup(click.Group):
    """Every command stands in `coach.cli.lab.<module>` under its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"coach.cli.lab.{_COMMANDS[cmd_name]}")
        command = getattr(module, f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(name="lab", cls=LabGroup)
def lab() -> None:
    """Replay stored answers through prompt bundles, compare, promote."""
