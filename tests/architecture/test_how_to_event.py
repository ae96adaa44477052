"""The steps of `docs/how-to/add-an-event.md`: what has a shape is in its union, sent and heard, and published."""

import re
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from coach.contracts import commands, events
from coach.web import asyncapi

ROOT = Path(__file__).resolve().parents[2]
STAGE = "".join(
    p.read_text("utf8") for p in sorted((ROOT / "pages" / "components" / "stage" / "static" / "js").rglob("*.js"))
)
INTERVIEW = "".join(p.read_text("utf8") for p in sorted((ROOT / "coach" / "interview").rglob("*.py")))


def shapes(module: ModuleType) -> dict[str, type[BaseModel]]:
    """Every class of the module that has a name on the wire, by class name."""
    own = [m for m in vars(module).values() if isinstance(m, type) and m.__module__ == module.__name__]
    models = [m for m in own if issubclass(m, BaseModel) and "type" in m.model_fields]
    return {m.__name__: m for m in models if not m.__name__.startswith("_")}


@pytest.mark.parametrize(("module", "union"), [(events, events.Event), (commands, commands.Command)])
def test_every_shape_is_in_its_union(module: ModuleType, union: object) -> None:
    assert {*shapes(module).values()} == {*get_args(get_args(union)[0])}


def test_every_event_is_sent() -> None:
    assert [name for name in shapes(events) if not re.search(rf"\b{name}\b", INTERVIEW)] == []


def test_every_command_is_handled() -> None:
    handled = (ROOT / "coach" / "interview" / "command_handlers.py").read_text("utf8")
    assert [name for name in names(commands.Command) if f'"{name}": ' not in handled] == []


def names(union: object) -> list[str]:
    return [model.model_fields["type"].default for model in get_args(get_args(union)[0])]


def test_the_stage_hears_every_event() -> None:
    assert [name for name in names(events.Event) if name not in STAGE] == []


def test_the_published_document_is_the_codes() -> None:
    published = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text("utf8"))
    assert published == asyncapi.document()
