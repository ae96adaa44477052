"""Review: empty, agreeing, own scores, the agreement figure, and nothing kept without a name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import queries
from coach.views import review

PAGE = Path(__file__).resolve().parents[2] / "pages" / "review.py"


@pytest.fixture
def services(tmp_path, monkeypatch) -> Iterator[Services]:
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    yield parts
    parts.store.close()


def page(*, samples: bool = False) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    if samples:
        app.toggle(key="show_samples").set_value(True).run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(item for item in app.button if item.label == label).click().run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.title, *app.header, *app.info, *app.error, *app.metric]
    return "\n".join(str(item.value) for item in parts)


def test_without_answers_it_says_where_to_begin(services):
    app = page()
    assert app.title[0].value == "Review"
    assert "Nothing to review yet" in texts(app)


def test_agreeing_keeps_the_machines_scores_as_the_persons(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    newest = review.review_frame(services.store).iloc[0]
    press(app, "I agree with the machine")
    assert "write your name" in texts(app) and services.store.run(queries.review_rows) == []
    app.text_input(key="review_name").set_value("Ada").run()
    press(app, "I agree with the machine")
    (kept,) = services.store.run(queries.review_rows)
    assert (kept["attempt_id"], kept["reviewer"]) == (newest["attempt_id"], "Ada")
    assert kept["overall"] == kept["machine_overall"] and set(kept["star_checklist"]) == {
        "situation",
        "task",
        "action",
        "result",
    }
    assert "1 of 15" in texts(app)


def test_own_scores_are_kept_and_move_the_figures(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    machine = review.review_frame(services.store).iloc[0]["overall_score"]
    app.text_input(key="review_name").set_value("Grace").run()
    next(s for s in app.slider if s.label == "Overall").set_value(10.0)
    press(app, "Keep my scores")
    assert services.store.run(queries.review_rows)[0]["overall"] == 10.0
    assert f"{machine - 10:+.1f}" in texts(app)
    app.segmented_control(key="review_which").set_value("Reviewed").run()
    assert "What Grace gave" in texts(app)


def test_hidden_scores_stay_hidden_until_the_person_judged(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    app.toggle(key="review_blind").set_value(True).run()
    assert "hidden until you give yours" in texts(app) and "What the machine made of it" not in texts(app)
    assert not [b for b in app.button if b.label.startswith("I agree")]
