"""The steps of `docs/how-to/add-an-event.md`: what is sent is heard, and the published document is the code's."""

from pathlib import Path
from typing import get_args

import yaml

from coach.contracts import events
from coach.web import asyncapi

ROOT = Path(__file__).resolve().parents[2]
STAGE = "".join(
    p.read_text("utf8") for p in sorted((ROOT / "pages" / "components" / "stage" / "static" / "js").rglob("*.js"))
)


def names(union: object) -> list[str]:
    return [model.model_fields["type"].default for model in get_args(get_args(union)[0])]


def test_the_stage_hears_every_event() -> None:
    assert [name for name in names(events.Event) if name not in STAGE] == []


def test_the_published_document_is_the_codes() -> None:
    published = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text("utf8"))
    assert published == asyncapi.document()
