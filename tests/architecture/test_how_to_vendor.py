"""The steps of `docs/how-to/add-a-vendor.md`: each name of a setting can be built, is suited, priced and described."""

from pathlib import Path
from typing import get_args

import pytest

from coach import bootstrap
from coach.settings import Settings, load_settings
from tests.ports import test_speech_suite

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"deepgram_api_key": "d", "openai_api_key": "o", "liveavatar_api_key": "l"}


def names(setting: str) -> list[str]:
    return [n for n in get_args(Settings.model_fields[setting].annotation) if n != "auto"]


@pytest.mark.parametrize("name", names("coach_transcriber"))
def test_a_transcriber_is_wired_suited_and_described(name: str) -> None:
    extra = (
        {"coach_transcribe_base_url": "http://127.0.0.1:9"}
        if "coach_transcribe_base_url" in Settings.model_fields
        else {}
    )
    assert bootstrap.build_transcriber(load_settings(**KEYS, **extra), name) is not None
    assert name in test_speech_suite.KINDS or name == "whisper", "held to the port suite"
    assert name in (ROOT / "docs" / "speech.md").read_text("utf8").lower()


@pytest.mark.parametrize("setting", ["coach_transcriber", "coach_brain", "coach_avatar", "coach_voice"])
def test_every_choice_is_in_the_operations_table(setting: str) -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{setting.upper()}`"))
    assert [name for name in names(setting) if f"`{name}`" not in row] == []


def test_every_vendor_folder_is_wired() -> None:
    wiring = "".join(path.read_text("utf8") for path in sorted((ROOT / "coach" / "bootstrap").glob("*.py")))
    ports = {"streaming", "voice", "prompts", "evaluation", "guards", "truth", "reading", "planning", "care"}
    folders = [p for room in ("speech", "brain", "avatar") for p in (ROOT / "coach" / room).iterdir() if p.is_dir()]
    vendors = [p for p in folders if p.name not in ports and (p / "__init__.py").exists()]
    dotted = [".".join(p.relative_to(ROOT).parts) for p in vendors]
    assert vendors
    assert [name for name in dotted if name not in wiring] == []
