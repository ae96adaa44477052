"""Practising the very question again, taking back budgets and samples, tags, and a copy against its master."""

from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach.bootstrap import Services
from coach.contracts.evaluation import StarItem, StarStatus
from coach.contracts.interview import Exchange
from coach.store.repositories import interviews
from coach.views.library import StarStory
from coach.views.materials import resume_diff, tags_of
from coach.views.sessions import asked_question, find_session
from pages.components.practice.interview_desk import Desk
from pages.components.progress.history import _badge
from tests.fakes import records as make
from tests.pages.test_pages_practice import desk, services  # noqa: F401 - fixtures

PAGES = Path(__file__).resolve().parents[2] / "pages"


def asked_before(parts: Services, text: str) -> tuple[Exchange, str]:
    """A question with one answer, and the answer's id."""
    interview = make.interview()
    exchange = make.exchange(interview, question_text=text)
    parts.store.run(interviews.create_interview, interview, [exchange])
    attempt = make.evaluated(exchange)
    parts.store.run(interviews.add_attempt, attempt)
    return exchange, attempt.id


def test_a_question_is_found_by_itself_and_by_an_answer_to_it(services: Services) -> None:  # noqa: F811
    exchange, attempt_id = asked_before(services, "Why did the first twin fail?")
    asked_before(services, "Why did the second twin fail?")
    for wanted in (exchange.id, attempt_id):
        found = asked_question(services.store, wanted)
        assert found is not None and (found.id, found.question.text) == (exchange.id, "Why did the first twin fail?")
    assert asked_question(services.store, "") is None
    assert asked_question(services.store, "' or 1=1 --") is None
    assert asked_question(services.store, exchange.id, user_id="somebody else") is None


def test_practising_it_again_asks_that_very_question(desk: Desk, services: Services) -> None:  # noqa: F811
    exchange, attempt_id = asked_before(services, "Which of the twins was late?")
    desk.act({"name": "practise", "id": attempt_id, "persona_id": "john", "audio": "none", "at": 1})
    assert desk.failure == "" and desk.session is not None
    begun = find_session(services.store, str(desk.session["interview_id"]))
    assert [e.question_text for e in begun.exchanges] == [exchange.question_text]
    assert begun.interview.q_count == 1


def test_a_question_that_is_gone_is_said_to_be_gone(desk: Desk) -> None:  # noqa: F811
    desk.act({"name": "practise", "id": "deleted long ago", "at": 1})
    assert "not there any more" in desk.failure and desk.session is None


def test_the_address_opens_practice_with_the_question_and_drops_one_that_is_gone(
    services: Services,  # noqa: F811
) -> None:
    exchange, _ = asked_before(services, "Which twin?")
    page = AppTest.from_file(str(PAGES / "practice.py"), default_timeout=30)
    page.query_params["question"] = exchange.id
    page.run()
    assert not page.exception and page.query_params.get("question") in (exchange.id, [exchange.id])
    page.query_params["question"] = "<script>alert(1)</script>"
    page.run()
    assert not page.exception and not page.query_params.get("question")
    assert [toast.value for toast in page.toast] == ["That question is not there any more. Start an interview instead."]


def test_a_budget_taken_away_comes_back_on_undo(services: Services) -> None:  # noqa: F811
    services.budgets.add("all", "day", Decimal("12"))
    budget = services.budgets.standing()[0][0]

    def page_() -> None:
        from coach.bootstrap import services as parts
        from pages.components.margins import budgets
        from pages.components.shared.undo import undo_bar

        undo_bar(parts())
        budgets.show(parts())

    page = AppTest.from_function(page_, default_timeout=30).run()
    next(b for b in page.button if b.label == "Take away").click().run()
    assert not page.exception and services.bin.holds("budget") == {budget.id} and not page.dataframe
    page.run()
    next(b for b in page.button if b.label == "Undo").click().run()
    assert services.bin.holds("budget") == frozenset() and len(page.dataframe) == 1


def test_tags_are_told_apart_and_said_once() -> None:
    assert tags_of(StarStory(title="t", category="conflict, leadership,conflict , ")) == ["conflict", "leadership"]
    assert tags_of(StarStory(title="t")) == []


def test_a_copy_shows_what_it_says_otherwise() -> None:
    master = "Ann\nLed a team of 4\nCut costs\nSpeaks French"
    assert resume_diff(master, master + "\n") == ""
    assert resume_diff(master, "Ann\nLed a team of 4\nCut costs by half\nSpeaks French").splitlines() == [
        " Led a team of 4",
        "-Cut costs",
        "+Cut costs by half",
        " Speaks French",
    ]
    assert resume_diff("-- Skills --\nSQL", "SQL\n++ Talks").splitlines() == ["--- Skills --", " SQL", "+++ Talks"]


@pytest.mark.parametrize(
    ("note", "colour", "word"),
    [("Not needed for this question.", "gray", "not needed"), ("Not told.", "red", "missing")],
)
def test_what_a_question_did_not_ask_for_is_grey(note: str, colour: str, word: str) -> None:
    badge = _badge("result", StarItem(status=StarStatus.MISSING, note=note))
    assert badge.startswith(f":{colour}-badge[") and word in badge
