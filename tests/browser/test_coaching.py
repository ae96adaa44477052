"""A coach listens, comments at the second under the playhead; the candidate reads it and plays from there."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CALM, RunningApp
from tests.browser.test_looks import CONTRAST, MOST_SHIFT, RULES, WATCH_SHIFTS, faults

pytestmark = pytest.mark.slow
SOUND = "document.querySelector('[class*=st-key-sound] audio')"
WORDS = "The result comes too late."


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1400}, color_scheme="light", **CALM)
    context.add_init_script(WATCH_SHIFTS)
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def with_samples(page: Page, url: str, ready: str) -> None:
    page.goto(url)
    page.get_by_text("Show sample people").click()
    page.get_by_text(ready).first.wait_for()
    page.wait_for_function(f"{SOUND} && {SOUND}.duration > 0")


def commented(page: Page, url: str) -> None:
    """Plays by Space, stops, comments."""
    with_samples(page, f"{url}/review", "Your judgement")
    page.get_by_label("Your name").fill("Maya")
    page.keyboard.press("Enter")
    page.locator("h1").click()
    page.keyboard.press(" ")
    page.wait_for_function(f"!{SOUND}.paused && {SOUND}.currentTime > 0.5")
    page.keyboard.press(" ")
    page.wait_for_function(f"{SOUND}.paused")
    page.get_by_role("button", name=re.compile("Comment at")).click()
    second = page.get_by_label("At second")
    expect(second).not_to_have_value("0.0")
    assert 0.4 < float(second.input_value()) < page.evaluate(f"{SOUND}.duration")
    second.fill("4.0")
    page.get_by_label("Comment", exact=True).first.fill(WORDS)
    page.get_by_role("button", name="Add comment").click()
    page.get_by_role("button", name="Play from 0:04").wait_for()


def test_a_comment_of_a_coach_is_played_by_the_candidate(sampled: RunningApp, page: Page) -> None:
    commented(page, sampled.url)
    assert faults(page, RULES) == []
    page.add_style_tag(content="*, *::before, *::after { animation: none !important; transition: none !important; }")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    assert faults(page, CONTRAST) == []
    with_samples(page, f"{sampled.url}/progress", "Sessions")
    question = page.locator("[data-testid=stExpander]", has_text="1 comment of a coach").first
    if not question.locator("details").evaluate("details => details.open"):
        question.locator("summary").click()
    question.get_by_role("radio", name=re.compile("^Attempt 1 ")).or_(
        question.get_by_role("button", name=re.compile("^Attempt 1 "))
    ).first.click()
    question.get_by_role("button", name="Play from 0:04").click()
    page.wait_for_function("[...document.querySelectorAll('audio')].some((sound) => sound.currentTime >= 4)")
    expect(question.get_by_text(WORDS)).to_be_visible()
    assert page.get_by_role("button", name=re.compile("^Remove: ")).count() == 0, "the candidate reads"


def test_a_comment_is_taken_back_and_removed(sampled: RunningApp, page: Page) -> None:
    commented(page, sampled.url)
    play = page.get_by_role("button", name="Play from 0:04")
    page.get_by_role("button", name=re.compile("^Remove: ")).click()
    expect(play).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(play).to_have_count(1)


def test_space_types_a_blank_where_one_writes(sampled: RunningApp, page: Page) -> None:
    with_samples(page, f"{sampled.url}/review", "Your judgement")
    name = page.get_by_label("Your name")
    name.click()
    page.keyboard.type("Maya L")
    assert name.input_value() == "Maya L" and page.evaluate(f"{SOUND}.paused")
    page.locator("[class*=st-key-overall-8] button").click()
    expect(page.get_by_label("Overall", exact=True)).to_have_value("8.0")
    page.keyboard.press(" ")
    page.wait_for_function(f"!{SOUND}.paused")
    page.keyboard.press(" ")
    page.keyboard.press("j")
    page.get_by_text("2 of ").first.wait_for()


def test_cohorts_stand_still(sampled: RunningApp, page: Page) -> None:
    page.goto(f"{sampled.url}/cohorts")
    page.get_by_text("Nobody has practised yet").wait_for()
    page.get_by_text("Show sample people").click()
    page.get_by_text("Two groups side by side").wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shift") <= MOST_SHIFT
    assert faults(page, RULES) == []
