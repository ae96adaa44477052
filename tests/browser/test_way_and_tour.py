"""The way between screens, in groups, and the tour of whoever comes for the first time."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import CALM, WORDLESS, RunningApp
from tests.browser.test_looks import RULES, faults

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
GROUPS = {
    "Practise": ["Practice", "Jobs & resumes", "Progress", "Library"],
    "Coach": ["Review", "Cohorts"],
    "Tune": ["Prompt lab"],
    "Cost": ["Margins"],
    "Operate": ["Operations"],
}
A_PERSON = "Object.defineProperty(navigator, 'webdriver', {get: () => false})"


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An application nobody has answered in: whoever has, is no newcomer."""
    running = RunningApp(tmp_path_factory.mktemp("home"), **WORDLESS).start()
    yield running
    running.stop()


@pytest.fixture
def person(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1024, "height": 768}, **CALM)
    context.set_default_timeout(60_000)
    context.add_init_script(A_PERSON)
    yield context
    context.close()


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Take the tour").wait_for()
    return page


def test_every_screen_is_one_click_away_in_its_group(first_day: RunningApp, person: BrowserContext) -> None:
    page = opened(person, f"{first_day.url}/progress")
    bar = page.get_by_role("navigation", name="Screens")
    assert bar.get_by_role("link").all_inner_texts() == [title for titles in GROUPS.values() for title in titles]
    assert bar.locator(".jf-nav-group").all_inner_texts() == list(GROUPS)
    expect(bar.locator("[aria-current=page]")).to_have_text("Progress")
    bar.get_by_role("link", name="Library").click()
    page.get_by_role("heading", name="Library", level=1).wait_for()
    expect(bar.locator("[aria-current=page]")).to_have_text("Library")


def test_a_phone_has_the_same_groups_behind_the_menu(first_day: RunningApp, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = opened(context, f"{first_day.url}/library")
    expect(page.get_by_role("navigation", name="Screens")).to_be_hidden()
    page.get_by_test_id("stExpandSidebarButton").tap()
    menu = page.get_by_test_id("stSidebarNav")
    menu.get_by_role("link", name="Operations").wait_for()
    for group, titles in GROUPS.items():
        expect(menu.get_by_text(group, exact=True)).to_be_visible()
        for title in titles:
            expect(menu.get_by_role("link", name=title)).to_be_visible()
    expect(menu.get_by_role("list", name="Practise").get_by_role("listitem")).to_have_count(4)
    assert faults(page, RULES) == []
    menu.get_by_role("link", name="Operations").tap()
    page.get_by_role("heading", name="Operations", level=1).wait_for()
    expect(menu).not_to_be_in_viewport()
    context.close()


def test_the_tour_is_gone_through_by_keyboard_and_not_shown_again(
    untouched: RunningApp, person: BrowserContext
) -> None:
    page = opened(person, f"{untouched.url}/progress")
    card = page.get_by_role("dialog", name="Say one answer")
    expect(card).to_be_visible()
    assert faults(page, RULES) == []
    card.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="See what would make it better")).to_be_visible()
    page.reload()
    expect(page.get_by_role("dialog", name="See what would make it better")).to_be_visible()
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Keep the best")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Take the tour")).to_be_focused()
    second = opened(person, f"{untouched.url}/library")
    expect(second.get_by_role("dialog")).to_have_count(0)
    second.get_by_role("button", name="Take the tour").click()
    expect(second.get_by_role("dialog", name="Say one answer")).to_be_visible()


def test_the_tour_stands_aside_while_an_interview_goes_on(untouched: RunningApp, person: BrowserContext) -> None:
    page = opened(person, f"{untouched.url}/practice")
    expect(page.get_by_role("dialog", name="Say one answer")).to_be_visible()
    page.locator(".jf").evaluate("stage => stage.setAttribute('data-state', 'LISTENING')")
    expect(page.get_by_role("dialog", name="Say one answer")).to_be_hidden()
    page.locator(".jf").evaluate("stage => stage.setAttribute('data-state', 'INTRO_LOADING')")
    expect(page.get_by_role("dialog", name="Say one answer")).to_be_visible()


def test_who_is_driven_by_a_program_is_no_newcomer(untouched: RunningApp, chromium: Browser) -> None:
    context = chromium.new_context()
    page = opened(context, f"{untouched.url}/progress")
    page.get_by_role("heading", name="Progress", level=1).wait_for()
    expect(page.get_by_role("dialog")).to_have_count(0)
    context.close()
