"""Docs cannot drift: every setting, command, event and glossary word that exists is documented."""

from pathlib import Path
from typing import get_args

from coach.cli import COMMANDS
from coach.contracts import commands, events
from coach.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf8")


def test_every_setting_is_documented() -> None:
    missing = [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in OPERATIONS]
    assert not missing


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_command_is_documented() -> None:
    assert [name for name in COMMANDS if f"`{name}" not in OPERATIONS] == []


def test_every_event_and_command_of_the_socket_is_documented() -> None:
    protocol = (ROOT / "docs" / "protocol.md").read_text("utf8")
    union = [*get_args(get_args(commands.Command)[0]), *get_args(get_args(events.Event)[0])]
    names = [model.model_fields["type"].default for model in union]
    assert [name for name in names if f"`{name}`" not in protocol] == []
