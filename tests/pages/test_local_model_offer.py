"""The Practice page offers a model on this computer: one click, remembered, and back again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services, chosen_brain
from coach.errors import SettingsError
from tests.fakes.openai_server import OpenAIServer, Reply

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "practice.py")
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(Reply()) as running:
        yield running


def home(tmp_path: Path, urls: str, monkeypatch: pytest.MonkeyPatch, brain: str = "", **more: object) -> Services:
    made = build_services(
        transcriber="typed", brain=brain, coach_home=tmp_path, coach_local_model_urls=urls, openai_api_key=None, **more
    )
    monkeypatch.setattr(bootstrap, "_services", made)
    return made


def names(page: AppTest) -> list[str]:
    assert not page.exception
    return [button.key for button in page.button]


def test_one_click_lets_it_coach_and_another_takes_it_back(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = home(tmp_path, f"{NOBODY},{server.base_url}", monkeypatch)
    assert parts.brain.name == "offline"
    before = asyncio.run(parts.bundles.judging(parts.bundle.label)).brain
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    page.button(key="let_local_coach").click().run()

    assert names(page) == ["leave_local_coach"]
    assert parts.brain.label == "local model" and before.name == "offline"
    assert asyncio.run(parts.bundles.judging(parts.bundle.label)).brain.name == "local"
    assert chosen_brain(home(tmp_path, NOBODY, monkeypatch).settings) == "local", "the next start remembers"

    monkeypatch.setattr(bootstrap, "_services", parts)
    page.button(key="leave_local_coach").click().run()
    assert parts.brain.name == "offline" and names(page) == ["let_local_coach"]
    asyncio.run(parts.close())


def test_nothing_is_offered_where_none_answers_or_a_setting_decides(
    tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(tmp_path, NOBODY, monkeypatch)
    assert names(AppTest.from_file(PAGE, default_timeout=30).run()) == []
    decided = home(tmp_path, server.base_url, monkeypatch, coach_brain="offline")
    assert names(AppTest.from_file(PAGE, default_timeout=30).run()) == []
    with pytest.raises(SettingsError, match="setting"):
        build_services(brain="offline", coach_home=tmp_path).coached_by(None)
    assert decided.brain.name == "offline"


def test_two_tabs_may_both_click(tmp_path: Path, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = home(tmp_path, server.base_url, monkeypatch)
    tabs = [AppTest.from_file(PAGE, default_timeout=30).run() for _ in range(2)]
    for tab in tabs:
        tab.button(key="let_local_coach").click().run()
    assert names(tabs[0]) == ["leave_local_coach"] and parts.brain.name == "local"
    assert names(tabs[1].run()) == ["leave_local_coach"]
