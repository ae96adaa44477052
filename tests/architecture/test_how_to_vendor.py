"""The steps of `docs/how-to/add-a-vendor.md`: each name of a setting can be built, is suited, priced and described."""

from pathlib import Path
from typing import get_args

import pytest

from coach import bootstrap
from coach.economics.pricebook import price_book
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


def paid() -> list[str]:
    """The vendors that want a key."""
    return [n.removesuffix("_api_key") for n in Settings.model_fields if n.endswith("_api_key") and "coach_" not in n]


@pytest.mark.parametrize("vendor", paid())
def test_a_vendor_is_priced_and_stood_in_for(vendor: str) -> None:
    assert [entry for entry in price_book().entries if entry.vendor == vendor], "no price of any meter"
    assert (ROOT / "tests" / "fakes" / f"{vendor}_server.py").exists(), "no server that enforces what it documents"
    tests = [path.read_text("utf8") for path in (ROOT / "tests" / "protocol").glob("test_*.py")]
    assert [text for text in tests if f"{vendor}_server" in text], "no test of the adapter against it"


def test_every_vendor_folder_is_wired() -> None:
    wiring = "".join(path.read_text("utf8") for path in sorted((ROOT / "coach" / "bootstrap").glob("*.py")))
    ports = {"streaming", "voice", "prompts", "evaluation", "guards", "truth", "reading", "planning", "care"}
    folders = [p for room in ("speech", "brain", "avatar") for p in (ROOT / "coach" / room).iterdir() if p.is_dir()]
    vendors = [p for p in folders if p.name not in ports and (p / "__init__.py").exists()]
    dotted = [".".join(p.relative_to(ROOT).parts) for p in vendors]
    assert vendors
    assert [name for name in dotted if name not in wiring] == []
