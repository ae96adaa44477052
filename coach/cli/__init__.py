"""`python -m coach …`: every command, loaded only when called, so that `--help` and start stay quick.

Exit status: 0 done, 1 failed with one clear line on stderr, 2 bad usage.
"""

import importlib
import logging
import os
import sys
from typing import Any

import click

from coach.cli.patience import still_working
from coach.errors import CoachError, UsageError
from coach.private_files import write_privately

COMMANDS: dict[str, str] = {
    "practice": "coach.cli.practice:practice",
    "transcribe": "coach.cli.transcribe:transcribe",
    "evaluate": "coach.cli.brain:evaluate",
    "feedback": "coach.cli.feedback:feedback",
    "plan": "coach.cli.plan:plan",
    "schema": "coach.cli.brain:schema",
    "eval": "coach.cli.eval.group:evals",
    "interview": "coach.cli.interview:interview",
    "retention": "coach.cli.interview:retention",
    "user": "coach.cli.user:user",
    "sample-data": "coach.cli.interview:sample_data",
    "db": "coach.cli.operate:db",
    "doctor": "coach.cli.operate:doctor",
    "lab": "coach.cli.lab.group:lab",
    "economics": "coach.cli.economics:economics",
    "billing": "coach.cli.billing:billing",
    "budget": "coach.cli.budgets:budget",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._short_help(ctx, name)) for name in COMMANDS])

    def _short_help(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(80) if command else ""


@click.group(cls=LazyGroup, help="Job Foxy's engine on the command line.")
def cli() -> None:
    """The root of all commands."""


def main() -> Any:
    """Runs the command line; turns every error into one line on stderr.

    The log and the place of an unexpected error are shown with `COACH_DEBUG=1`.
    """
    _start_log()
    write_privately()
    try:
        with still_working():
            status = cli.main(prog_name=_program(), standalone_mode=False)
        if isinstance(status, int) and status:
            sys.exit(status)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except CoachError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _unexpected(error, f"{error.filename or 'A file or connection'}: {error.strerror or type(error).__name__}.")
    except Exception as error:
        _unexpected(error, f"Something failed on our side ({type(error).__name__}).")


def _program() -> str:
    """How the command was called: `coach` once installed, else through the interpreter."""
    return "coach" if sys.argv[0].endswith("/coach") else "python -m coach"


def _start_log() -> None:
    if os.environ.get("COACH_DEBUG"):
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    else:
        logging.getLogger().addHandler(logging.NullHandler())
        told = logging.getLogger("coach.store.engine.neighbour")  # says on stderr that a running server is waited for
        told.handlers = [logging.StreamHandler(sys.stderr)]


def _unexpected(error: Exception, sentence: str) -> None:
    if os.environ.get("COACH_DEBUG"):
        raise error
    click.echo(f"error: {sentence} Run again with COACH_DEBUG=1 to see where.", err=True)
    sys.exit(1)
