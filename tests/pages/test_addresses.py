"""What is compared in the Prompt lab and the story on the screen stand in the address; who is signed in judges."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.store.maintenance.sample import load_sample
from pages.components.shared import signed_in

PAGES = Path(__file__).resolve().parents[2] / "pages"


@pytest.fixture
def services(tmp_path, monkeypatch) -> Iterator[Services]:
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    yield parts
    parts.store.close()


def page(name: str, **address: str) -> AppTest:
    app = AppTest.from_file(PAGES / f"{name}.py", default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def told(app: AppTest, name: str) -> str:
    """What the address says; the harness gives a list where the script did not set it."""
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def test_a_link_holds_which_variants_are_compared(services: Services) -> None:
    app = page("prompt_lab", tab="compare")
    first, second = app.selectbox(key="cmp-a").options[:2]
    assert (app.selectbox(key="cmp-a").value, app.selectbox(key="cmp-b").value) == (first, second)
    app.selectbox(key="cmp-a").select(second).run()
    assert told(app, "baseline") == second
    linked = page("prompt_lab", tab="compare", baseline=second, against=first)
    assert (linked.selectbox(key="cmp-a").value, linked.selectbox(key="cmp-b").value) == (second, first)
    assert page("prompt_lab", tab="compare", baseline="gone").selectbox(key="cmp-a").value == first


def test_a_link_holds_the_bundle_that_is_edited(services: Services) -> None:
    other = page("prompt_lab", tab="edit").selectbox(key="edit-bundle").options[-1]
    assert page("prompt_lab", tab="edit", bundle=other).selectbox(key="edit-bundle").value == other


def test_a_reload_finds_the_story_that_was_on_the_screen(services: Services) -> None:
    load_sample(services.store, lambda: services.archive)
    shown = {"library_view": "Cheat sheet"}
    app = page("library", **shown)
    app.toggle(key="show_samples").set_value(True).run()
    first = told(app, "story")
    next(button for button in app.button if button.label == "Next").click().run()
    second = told(app, "story")
    assert second != first
    again = page("library", story=second, **shown)
    again.toggle(key="show_samples").set_value(True).run()
    assert told(again, "story") == second


def test_whoever_is_signed_in_judges_in_their_own_name(services: Services, monkeypatch) -> None:
    load_sample(services.store, lambda: services.archive)
    monkeypatch.setattr(signed_in, "own_name", lambda: "Dana Coach")
    app = page("review")
    app.toggle(key="show_samples").set_value(True).run()
    (name,) = [field for field in app.text_input if field.label == "Your name"]
    assert (name.value, name.disabled) == ("Dana Coach", True)
