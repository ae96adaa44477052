"""Leaving a question unanswered on the real Practice page: two clicks, the keyboard, a finger, and the way back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WORTH_KEEPING = "document.querySelector('.jf-host').jfStage.recordedS() >= 3"
SETTLED = "performance.now() - document.querySelector('.jf-host').jfStage.settledAt > 700"


@pytest.fixture
def interview(silent: RunningApp, visit: Callable[..., Page]) -> Callable[..., Page]:
    def begin(audio: str, **how: object) -> Page:
        page = visit(**how)
        page.goto(silent.url)
        page.get_by_role("button", name=audio, exact=True).click()
        return page

    return begin


def at(page: Page, *standing: str) -> None:
    """Waits until the questions stand so, and the double click's guard is over."""
    expect(page.locator(".jf-trail li")).to_have_text(
        [f"Question {n}, {s}{n}" for n, s in enumerate(standing, 1)], timeout=20_000
    )
    page.wait_for_function(SETTLED)


def test_a_double_click_skips_one_what_was_written_waits_and_the_summary_names_it(interview) -> None:
    page = interview("Type my answers", viewport={"width": 1280, "height": 800})
    page.get_by_label("Your answer").fill("We had a leak in the roof")
    page.wait_for_function(SETTLED)
    first = page.locator(".jf-subtitle p").inner_text()
    page.get_by_role("button", name="Skip question").dblclick()
    at(page, "skipped, open it again", "this one", "to come")
    page.get_by_role("button", name="Question 1, skipped").click()
    at(page, "this one", "skipped, open it again", "to come")
    expect(page.locator(".jf-subtitle p")).to_have_text(first)
    page.locator("[data-state=LISTENING]").wait_for()
    expect(page.get_by_label("Your answer")).to_have_value("We had a leak in the roof")
    page.get_by_label("Your answer").press("s")
    expect(page.get_by_label("Your answer")).to_have_value("We had a leak in the roofs")
    for standing in (
        ("skipped, open it again", "this one", "to come"),
        ("skipped, open it again",) * 2 + ("this one",),
    ):
        page.locator(".jf-nameplate").click()
        page.keyboard.press("s")
        at(page, *standing)
    page.locator("[data-state=LISTENING]").wait_for()
    page.get_by_role("button", name="Skip and finish").click()
    expect(page.get_by_role("alert")).to_contain_text("the interview ends")
    page.get_by_role("alert").get_by_role("button", name="Skip and finish").click()
    page.get_by_role("heading", name="Your questions: 3 not answered").wait_for()
    expect(page.get_by_role("button", name=f"Practise: {first}")).to_be_visible()


def test_what_was_said_is_asked_about_before_it_is_dropped_by_touch(interview) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = interview("Start interview", **phone)
    skip = page.get_by_role("button", name="Skip question")
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_function(WORTH_KEEPING)
    assert skip.bounding_box()["height"] >= 44
    skip.tap()
    asked = page.get_by_role("alert").filter(has_text="you said to this question are dropped")
    asked.get_by_role("button", name="Keep answering").tap()
    expect(asked).to_have_count(0)
    at(page, "this one", "to come", "to come")
    skip.tap()
    asked.get_by_role("button", name="Skip question").tap()
    at(page, "skipped, open it again", "this one", "to come")
    wide = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
