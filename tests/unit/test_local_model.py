"""A model on this computer: found, offered, remembered, and coached by."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from coach.bootstrap import build_brain, build_services, chosen_brain
from coach.bootstrap.providers import local_model
from coach.brain.evaluation.pipeline import EvaluationFinished, StoodIn, run_evaluation
from coach.brain.openai.brain import OpenAIBrain
from coach.brain.openai.local import LocalModel, find_local_models, remember, remembered
from coach.brain.prompts.bundle import PromptBundle
from coach.errors import SettingsError
from coach.settings import Settings
from tests.fakes import brain_samples as samples
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


def test_a_server_that_is_away_at_the_start_is_asked_by_a_name_that_has_no_price(tmp_path: Path) -> None:
    brain = build_brain(settings(tmp_path, NOBODY, coach_openai_model="gpt-dear"), PromptBundle.load(), "local")
    assert brain.model == "local-model"


def test_a_slow_computer_is_given_the_time_its_setting_says(tmp_path: Path) -> None:
    brain = build_brain(settings(tmp_path, NOBODY, coach_local_model_patience_s=300), PromptBundle.load(), "local")
    assert isinstance(brain, OpenAIBrain)
    limits = brain.timeouts
    assert (limits.first_section_s, limits.stall_s, limits.call_s, limits.total_s) == (300, 150, 750, 1050)


async def test_people_get_the_offline_coach_where_the_local_model_brings_nothing(tmp_path: Path) -> None:
    """In an interview only: a comparison of the lab keeps the model's own failures."""
    parts = build_services(coach_home=tmp_path, coach_local_model_urls=NOBODY, openai_api_key=None, coach_brain="local")
    try:
        assert parts.brain.name == "local" and getattr(parts.brain, "stand_in", None).name == "offline"
        assert getattr(parts.brain_for(parts.bundle), "stand_in", "none") is None
        assert parts.hub.parts.judge_label("offline") == "offline coach"
        assert parts.hub.parts.judge_label("local") == parts.hub.parts.judge_label("") == "local model"
    finally:
        await parts.close()


@pytest.mark.parametrize(
    ("said", "judge"), [("{}", "offline"), ("no object at all", "offline"), (samples.output(), "local")]
)
async def test_who_judged_is_on_the_record(tmp_path: Path, said: str, judge: str) -> None:
    with OpenAIServer(Reply(said)) as server:
        brain = build_brain(settings(tmp_path, server.base_url), PromptBundle.load(), "local")
        assert isinstance(brain, OpenAIBrain)
        brain.stand_in = build_brain(settings(tmp_path, ""), PromptBundle.load(), "offline")
        steps = [
            step
            async for step in run_evaluation(
                brain,
                samples.call(),
                transcript=samples.transcript(),
                delivery=samples.delivery(),
                policy=PromptBundle.load().policy,
            )
        ]
        await brain.close()
    assert isinstance(steps[-1], EvaluationFinished)
    result = steps[-1].result
    assert (result.brain, result.relevance_judged) == (judge, judge == "local")
    assert ("stand_in" in {finding.rule for finding in result.guards}) is (judge == "offline")
    assert [step for step in steps if isinstance(step, StoodIn)] == ([StoodIn("offline")] if judge == "offline" else [])
    assert result.status == ("repaired" if judge == "offline" else "complete") and result.usage
    assert result.evaluation.metadata.model_version == result.model
