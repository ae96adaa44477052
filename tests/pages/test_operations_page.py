"""Operations: with nothing and with samples, every tab has something to say."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.store.maintenance.sample import load_sample

PAGE = Path(__file__).resolve().parents[2] / "pages" / "operations.py"


@pytest.fixture
def services(tmp_path, monkeypatch) -> Services:
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    yield parts
    parts.store.close()


def page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not app.exception
    return app


def test_an_empty_page_stands(services):
    app = page()
    assert app.title[0].value == "Operations"
    assert {m.label: m.value for m in app.metric}["Answers"] == "0"


def test_samples_are_timed(services):
    load_sample(services.store, lambda: services.archive)
    assert len(page().tabs) >= 5
