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
    app.toggle(key="review_blind").set_value(False).run()
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
    press(app, "Keep my scores")
    assert "at least an overall score" in texts(app) and services.store.run(queries.review_rows) == []
    next(s for s in app.number_input if s.label == "Overall").set_value(10.0)
    press(app, "Keep my scores")
    (kept,) = services.store.run(queries.review_rows)
    assert kept["overall"] == 10.0
    assert kept["content"] is None and kept["star_checklist"] is None, "what nobody touched is not judged"
    assert f"{machine - 10:+.1f}" in texts(app)
    app.segmented_control(key="review_which").set_value("Reviewed").run()
    assert "What Grace gave" in texts(app)


def test_hidden_scores_stay_hidden_until_the_person_judged(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    assert "hidden until you give yours" in texts(app) and "What the machine made of it" not in texts(app)
    assert not [b for b in app.button if b.label.startswith("I agree")]


def test_an_answer_is_judged_by_a_digit_and_the_next_one_comes_by_a_letter(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    ids = list(review.review_frame(services.store)["attempt_id"])
    digit, following = app.button(key=f"overall-8-{ids[0]}"), app.button(key="review_answer-j")
    assert (digit.proto.shortcut, following.proto.shortcut) == ("8", "j")
    digit.click().run()
    assert next(s for s in app.number_input if s.label == "Overall").value == 8.0
    app.button(key="review_answer-j").click().run()
    assert app.selectbox(key="review_answer").value == ids[1]
    assert next(s for s in app.number_input if s.label == "Overall").value is None, "nothing of the one before"
    app.button(key="review_answer-k").click().run()
    assert app.selectbox(key="review_answer").value == ids[0] and app.button(key="review_answer-k").disabled


def test_the_queue_is_narrowed_and_says_so_when_nothing_is_left(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    frame = review.review_frame(services.store)
    wanted = frame["competency"].iloc[-1]
    app.multiselect(key="review_filter_competency").set_value([wanted]).run()
    assert f"1 of {(frame['competency'] == wanted).sum()}" in texts(app)
    app.toggle(key="review_disagree").set_value(True).run()
    assert not app.exception and "No answer fits the filter" in texts(app)
