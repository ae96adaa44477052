"""Commands in this process, over an empty home."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coach import settings as settings_module
from tests.fakes.command import Command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty COACH_HOME and no other setting."""
    for name in settings_module.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
    settings_module.settings.cache_clear()
    yield tmp_path / "home"
    settings_module.settings.cache_clear()


@pytest.fixture
def coach(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m coach …` over it."""
    return Command(monkeypatch, capsys)
