"""A command that takes its time says so, to a person at a terminal and to nobody else."""

import io
import sys
import threading

import click
import pytest

from coach import cli
from coach.cli import patience


class Terminal(io.StringIO):
    """A screen somebody looks at; `told` is set by the first word."""

    def __init__(self, looked_at: bool = True) -> None:
        super().__init__()
        self.looked_at, self.told = looked_at, threading.Event()

    def isatty(self) -> bool:
        return self.looked_at

    def write(self, text: str) -> int:
        written = super().write(text)
        self.told.set()
        return written


def slow(terminal: Terminal, wait_s: float) -> click.Command:
    return click.Command("schema", callback=lambda: terminal.told.wait(wait_s) and None)


@pytest.mark.parametrize(("looked_at", "told"), [(True, True), (False, False)])
def test_every_command_says_that_it_goes_on(looked_at: bool, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(looked_at)
    monkeypatch.setattr(patience, "FIRST_S", 0.001)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "argv", ["coach", "schema"])
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: slow(terminal, 20 if told else 0.1))
    cli.main()
    assert ("still working (0 s)" in terminal.getvalue()) is told


def test_who_is_asked_is_not_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, asked = Terminal(), threading.Event()
    monkeypatch.setattr(sys, "stderr", terminal)

    def confirm(*_: object, **__: object) -> None:
        asked.set()
        terminal.told.wait(0.1)

    monkeypatch.setattr(click, "confirm", confirm)
    with patience.still_working(0.001):
        patience.confirm("Delete it?")
        assert asked.is_set() and "still working" not in terminal.getvalue()
        assert terminal.told.wait(20)
