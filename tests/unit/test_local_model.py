"""A model on this computer: found, offered, remembered, and coached by."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from coach.bootstrap import build_brain, chosen_brain
from coach.bootstrap.providers import local_model
from coach.brain.openai.local import LocalModel, find_local_models, remember, remembered
from coach.brain.prompts.bundle import PromptBundle
from coach.errors import SettingsError
from coach.settings import Settings
from tests.fakes.openai_server import OpenAIServer, Reply

NOBODY = "http://127.0.0.1:9/v1"


def settings(home: Path, urls: str, **more: Any) -> Settings:
    return Settings(coach_home=home, coach_local_model_urls=urls, openai_api_key=None, **more)


def test_a_running_server_is_found_and_the_others_cost_little_time() -> None:
    with OpenAIServer(Reply()) as server:
        begin = time.monotonic()
        found = find_local_models([NOBODY, server.base_url, "not an address"])
        assert [model.url for model in found] == [server.base_url.rstrip("/")] and found[0].model
        assert time.monotonic() - begin < 3


def test_the_choice_is_remembered_and_forgotten(tmp_path: Path) -> None:
    assert remembered(tmp_path) is None and chosen_brain(settings(tmp_path, NOBODY)) == "offline"
    remember(tmp_path, LocalModel(NOBODY, "tiny"))
    assert remembered(tmp_path) == LocalModel(NOBODY, "tiny") and chosen_brain(settings(tmp_path, NOBODY)) == "local"
    brain = build_brain(settings(tmp_path, NOBODY), PromptBundle.load())
    assert (brain.label, brain.model) == ("local model", "tiny")
    remember(tmp_path, None)
    assert remembered(tmp_path) is None
    (tmp_path / "local_model.json").write_text(json.dumps([1]), encoding="utf-8")
    assert remembered(tmp_path) is None


def test_without_any_the_mend_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Nowhere"):
        build_brain(settings(tmp_path, ""), PromptBundle.load(), "local")


def test_doctor_says_what_runs_and_whether_it_coaches(tmp_path: Path) -> None:
    assert local_model(settings(tmp_path, NOBODY)).status == "off"
    with OpenAIServer(Reply()) as server:
        here = settings(tmp_path, server.base_url)
        assert "not used" in local_model(here).detail and "COACH_BRAIN=local" in local_model(here).mend
        remember(tmp_path, find_local_models(here.local_model_urls)[0])
        assert "coaching" in local_model(here).detail
    assert local_model(settings(tmp_path, NOBODY)).status == "failed"
