"""Review: empty, agreeing, own scores, the agreement figure, and nothing kept without a name."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from coach.bootstrap import Services
from coach.contracts.people import OWNER
from coach.lab import coaching
from coach.lab.attempts import HumanScore, keep_scores
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import queries
from coach.views import review
from coach.views.sessions import find_session

PAGE = Path(__file__).resolve().parents[2] / "pages" / "review.py"


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


def long_queue() -> None:
    import pandas as pd
    import streamlit as st

    from pages.components.review import queue

    frame = pd.DataFrame({"attempt_id": [str(n) for n in range(900)]})
    st.markdown(",".join(queue.newest(frame, ["880", "3"])["attempt_id"]))


def test_of_many_answers_the_newest_and_the_linked_one_are_there_to_choose():
    app = AppTest.from_function(long_queue, default_timeout=30).run()
    assert app.markdown[0].value.split(",") == [str(n) for n in [*range(500), 880]]
    assert "newest 500 of 900" in app.caption[0].value


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


def test_a_filter_behind_its_closed_button_is_told_and_taken_away(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    assert not [b for b in app.button if b.key == "review_clear"]
    frame = review.review_frame(services.store)
    wanted = frame["competency"].iloc[-1]
    app.multiselect(key="review_filter_competency").set_value([wanted]).run()
    app.toggle(key="review_unsure").set_value(True).run()
    assert f"Filtered by competency, unsure: 0 of {len(frame)} answers." in texts(app)
    app.button(key="review_clear").click().run()
    assert not app.exception and f" of {len(frame)}\n" in texts(app) and app.toggle(key="review_unsure").value is False


def test_next_leads_on_from_a_linked_answer_and_from_one_that_was_judged(services):
    load_sample(services.store, lambda: services.archive)
    ids = list(review.review_frame(services.store)["attempt_id"])
    app = AppTest.from_file(PAGE, default_timeout=30)
    app.query_params["answer"], app.query_params["show_samples"] = ids[4], "true"
    app.run()
    assert app.selectbox(key="review_answer").value == ids[4] and f"5 of {len(ids)}" in texts(app)
    app.button(key="review_answer-j").click().run()
    assert app.selectbox(key="review_answer").value == ids[5], "not the second of all"
    app.text_input(key="review_name").set_value("Ada").run()
    field(app, "Overall").set_value(7.0)
    press(app, "Keep my scores")
    assert app.selectbox(key="review_answer").value == ids[6], "the one behind it, not the first of all"
    assert review.agreement_by_type(review.review_frame(services.store))["all"].n == 1
    assert {m.label: m.value for m in app.metric}["Agreement"] == "–" and "told from 20 judged answers on" in texts(app)


def newest_attempt(services: Services):
    row = review.review_frame(services.store).iloc[0]
    return next(a for a in find_session(services.store, row["interview_id"]).attempts if a.id == row["attempt_id"])


def field(app: AppTest, label: str):
    return next(s for s in app.number_input if s.label == label)


def test_a_rubric_is_written_kept_and_judged_by(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    press(app, "Rubric")
    names = [box for box in app.text_input if box.label == "Criterion"]
    assert [box.value for box in names] == ["Structure", "Own part", "Evidence"], "something to begin with"
    names[1].set_value("Calm").run()
    press(app, "Add a criterion")
    press(app, "Keep as version 1")
    (kept,) = coaching.rubric_history(services.store, OWNER)
    assert [c.name for c in kept.criteria] == ["Structure", "Calm", "Evidence"], "the empty row is left out"
    app.text_input(key="review_name").set_value("Ada").run()
    field(app, "Overall").set_value(7.0)
    field(app, "Calm").set_value(8.5)
    press(app, "Keep my scores")
    (row,) = services.store.run(queries.review_rows)
    assert (row["rubric_id"], row["criteria"]) == (kept.id, {kept.criteria[1].id: 8.5})
    renamed = [c.model_dump() | {"name": f"{c.name}!"} for c in kept.criteria]
    coaching.keep_rubric(services.store, OWNER, renamed, author="", seen=1)
    app.segmented_control(key="review_which").set_value("Reviewed").run()
    assert "Calm 8.5 (rubric version 1)" in texts(app) and field(app, "Calm!")


def test_a_rubric_changed_by_somebody_else_meanwhile_is_not_overwritten(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    press(app, "Rubric")
    coaching.keep_rubric(services.store, OWNER, [{"name": "Poise"}], author="Grace", seen=0)
    press(app, "Keep as version 1")
    assert "changed meanwhile" in texts(app)
    assert [c.name for c in coaching.rubric_history(services.store, OWNER)[0].criteria] == ["Poise"]
    app.session_state["dialog-rubric"] = ""
    press(app, "Rubric")
    press(app, "Take version 1")
    assert [box.value for box in app.text_input if box.label == "Criterion"] == ["Poise"]


def test_a_comment_is_written_at_its_second_and_changed_by_its_author(services):
    load_sample(services.store, lambda: services.archive)
    attempt = newest_attempt(services)
    app = page(samples=True)
    app.session_state["comment_open"] = (attempt.id, "")
    app.run()
    press(app, "Add comment")
    assert "write your name" in texts(app)
    app.text_input(key="review_name").set_value("Ada").run()
    spoken = attempt.audio_uri is not None
    if spoken:
        field(app, "At second").set_value(1.5)
    app.text_area(key=f"comment-text-{attempt.id}").set_value("Slow down here.")
    press(app, "Add comment")
    (kept,) = coaching.comments_on(services.store, [attempt.id])
    assert (kept.author, kept.text, kept.at_s, kept.sentence) == (
        "Ada", "Slow down here.", 1.5 if spoken else None, None if spoken else 0,
    )  # fmt: skip
    assert not [b for b in app.button if b.label == "Add comment"], "the form closes"
    app.session_state["comment_open"] = (attempt.id, kept.id)
    app.run()
    app.text_area(key=f"comment-text-{attempt.id}").set_value("Breathe here.")
    press(app, "Change comment")
    assert [c.text for c in coaching.comments_on(services.store, [attempt.id])] == ["Breathe here."]


def test_another_coachs_judgement_is_hidden_until_ones_own_is_given(services):
    load_sample(services.store, lambda: services.archive)
    attempt = newest_attempt(services)
    keep_scores(services.store, [HumanScore(attempt_id=attempt.id, reviewer="Grace", overall=3.0)])
    app = page(samples=True)
    app.text_input(key="review_name").set_value("Ada").run()
    app.toggle(key="review_second").set_value(True).run()
    assert app.selectbox(key="review_answer").value == attempt.id and "1 of 1" in texts(app)
    assert "theirs is hidden, too" in texts(app) and "What Grace gave" not in texts(app)
    field(app, "Overall").set_value(8.0)
    press(app, "Keep my scores")
    assert "No answer fits the filter" in texts(app)
    app.toggle(key="review_second").set_value(False).run()
    app.segmented_control(key="review_which").set_value("Reviewed").run()
    assert "What Ada gave" in texts(app)
    app.toggle(key="review_coaches_disagree").set_value(True).run()
    assert "1 of 1" in texts(app)


def test_a_doubt_is_kept_without_a_score_and_found_again(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    app.text_input(key="review_name").set_value("Ada").run()
    next(box for box in app.checkbox if "not sure" in box.label).set_value(True)
    press(app, "Keep my scores")
    (row,) = services.store.run(queries.review_rows)
    assert (row["overall"], row["unsure"]) == (None, True)
    app.toggle(key="review_unsure").set_value(True).run()
    assert app.selectbox(key="review_answer").value == row["attempt_id"] and "A coach is not sure" in texts(app)


def test_a_deleted_session_leaves_at_once_and_comes_back_when_taken_back(services):
    load_sample(services.store, lambda: services.archive)
    whole = review.review_frame(services.store)
    going = whole.iloc[0]["interview_id"]
    services.bin.put("session", going, "a session", lambda: None)
    app = page(samples=True)
    left = (whole["interview_id"] != going).sum()
    assert f"1 of {left}" in texts(app) and f"0 of {left}" in texts(app)
    assert services.bin.take_back("session", going)
    app.run()
    assert f"0 of {len(whole)}" in texts(app)


def test_how_the_queue_is_shown_outlives_an_empty_list(services):
    load_sample(services.store, lambda: services.archive)
    app = page(samples=True)
    app.segmented_control(key="review_which").set_value("All").run()
    app.toggle(key="review_blind").set_value(False).run()
    app.toggle(key="show_samples").set_value(False).run()
    assert "Nothing to review yet" in texts(app) and app.query_params["review_which"] == "All"
    app.toggle(key="show_samples").set_value(True).run()
    assert app.segmented_control(key="review_which").value == "All"
    assert app.toggle(key="review_blind").value is False
    assert app.query_params["review_which"] == "All"
