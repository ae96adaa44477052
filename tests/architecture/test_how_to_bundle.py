"""The steps of `docs/how-to/add-a-prompt-bundle.md`: a bundle loads, says its idea, and is described."""

from pathlib import Path

import pytest

from coach.brain.prompts.bundle import PromptBundle, available

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "prompt-bundles.md").read_text("utf8")


@pytest.mark.parametrize("name", available())
def test_a_bundle_loads_says_its_idea_and_is_described(name: str) -> None:
    assert PromptBundle.load(name).idea
    assert f"**`{name}`**" in PAGE
