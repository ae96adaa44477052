"""`python -m coach …` in the process of the test."""

import json
import sys
from typing import Any, NamedTuple

import pytest

from coach import cli
from coach import settings as settings_module


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """Runs a command as the shell would: arguments in, status and both outputs out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._outputs = monkeypatch, capsys

    def __call__(self, *words: str) -> Outcome:
        settings_module.settings.cache_clear()
        self._patch.setattr(sys, "argv", ["coach", *words])
        status = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = self._outputs.readouterr()
        return Outcome(status, printed.out, printed.err)
