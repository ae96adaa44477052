"""The two first ways through the real application: a stranger with a voice and few clicks, a phone by touch alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningApp
from tests.browser.test_looks import MOST_SHIFT, WATCH_SHIFTS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]
MOST_CLICKS = 4
COUNT_CLICKS = """
window.clicks = 0;
addEventListener("click", (event) => { if (event.isTrusted) window.clicks += 1; }, true);
"""
SMALLEST_TARGET_PX = 38
PATIENCE_MS = 120_000
"""The first answer of a fresh process waits for the recogniser; on a busy machine that is long."""


def heard(page: Page) -> None:
    """Speaks as long as the beginning of an answer takes."""
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_timeout(9_000)


def test_a_stranger_gets_feedback_on_a_spoken_answer_in_four_clicks(first_day: RunningApp, visit) -> None:
    page = visit(viewport={"width": 1440, "height": 900}, reduced_motion="no-preference")
    page.add_init_script(COUNT_CLICKS + WATCH_SHIFTS)
    page.goto(first_day.url)
    page.get_by_role("button", name="Start interview").click()
    page.evaluate("window.shift = 0")
    heard(page)
    instead = page.get_by_text("Answer with a recording instead")
    expect(instead).to_be_visible()
    page.get_by_role("button", name="Finish answer").click()
    unsure, score = page.get_by_role("button", name="Use this text"), page.get_by_test_id("overall-score")
    unsure.or_(score).first.wait_for(timeout=PATIENCE_MS)
    if unsure.count():
        unsure.click()
    score.wait_for(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Polished version")).to_be_visible()
    expect(instead).to_be_hidden()
    assert 0 < page.evaluate("window.clicks") <= MOST_CLICKS
    assert page.evaluate("window.shift") <= MOST_SHIFT, "from the start to the feedback nothing jumps"


def test_a_phone_is_enough_by_touch_alone(silent: RunningApp, visit) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2)
    page.goto(silent.url)
    page.get_by_text("1", exact=True).first.tap()
    page.get_by_role("button", name="Start interview").tap()
    heard(page)
    finish = page.get_by_role("button", name="Finish answer")
    assert finish.bounding_box()["height"] >= SMALLEST_TARGET_PX
    finish.tap()
    unsure, score = page.get_by_role("button", name="Use this text"), page.get_by_test_id("overall-score")
    unsure.or_(score).first.wait_for(timeout=PATIENCE_MS)
    if unsure.count():
        unsure.tap()
    score.wait_for()
    page.get_by_role("button", name="Your words").tap()
    expect(page.locator(".jf-side-transcript")).to_be_visible()
    page.get_by_role("tab", name="How you said it").tap()
    expect(page.get_by_role("region", name="Moment by moment")).to_be_visible()
    for button in page.locator(".jf-actions button").all():
        assert button.bounding_box()["height"] >= SMALLEST_TARGET_PX
    wide = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    page.get_by_role("button", name="Finish interview").tap()
    page.get_by_text("Interview finished").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Share as PDF").tap()
    assert saved.value.suggested_filename.endswith(".pdf")
    assert saved.value.path().read_bytes().startswith(b"%PDF-")
