"""A link restores what somebody saw: tabs, filters, selections, the question to practise again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import CALM, WORDLESS, RunningApp
from tests.browser.screenshots import open_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    running = RunningApp(tmp_path_factory.mktemp("home"), COACH_SAMPLE_DATA="1", **WORDLESS).start()
    yield running
    running.stop()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, **CALM)
    context.set_default_timeout(60_000)
    yield context
    context.close()


def opened(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.locator("h1").first.wait_for()
    return page


def test_a_link_restores_section_and_choice_in_another_tab(sampled: RunningApp, visitor: BrowserContext) -> None:
    first = opened(visitor, f"{sampled.url}/margins")
    first.get_by_role("radio", name="Sensitivity").click()
    first.get_by_role("tab", name="What moves the margin").wait_for()
    first.wait_for_url("**margins_section=Sensitivity*")
    second = opened(visitor, first.url)
    second.get_by_role("tab", name="What moves the margin").wait_for()
    second.get_by_role("radio", name="Prices").click()
    second.wait_for_url("**margins_section=Prices*")
    expect(first.get_by_role("tab", name="What moves the margin")).to_be_visible()


def test_the_browsers_way_back_leads_back_and_no_table_writes_a_file_that_marks_no_formulas(
    sampled: RunningApp, visitor: BrowserContext
) -> None:
    page = opened(visitor, f"{sampled.url}/cohorts?show_samples=true")
    page.get_by_role("heading", name="By person").wait_for()
    page.get_by_role("radio", name="Competency").click()
    page.get_by_role("heading", name="By competency").wait_for()
    page.wait_for_url("**by=competency*")
    page.get_by_role("radio", name="Week").click()
    page.get_by_role("heading", name="By week").wait_for()
    page.wait_for_url("**by=week*")
    page.go_back()
    page.get_by_role("heading", name="By competency").wait_for()
    expect(page.get_by_role("radio", name="Competency")).to_be_checked()
    page.go_forward()
    page.get_by_role("heading", name="By week").wait_for()
    page.get_by_test_id("stDataFrame").first.hover()
    page.get_by_role("button", name="Search").first.wait_for()
    expect(page.get_by_role("button", name="Download as CSV").locator("visible=true")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").last.click()
    assert saved.value.suggested_filename.startswith("cohorts-")


def test_a_value_nobody_offered_shows_the_page_as_it_begins(sampled: RunningApp, visitor: BrowserContext) -> None:
    page = opened(
        visitor, f"{sampled.url}/operations?operations_tab=%3Cscript%3Ealert(1)%3C/script%3E&answer=gone&period=9"
    )
    page.get_by_role("tab", name="Latency").wait_for()
    expect(page.get_by_role("tab", name="Latency")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_question_of_a_sample_story_is_practised_again(sampled: RunningApp, visitor: BrowserContext) -> None:
    page = visitor.new_page()
    open_page(page, sampled.url, "progress")
    page.get_by_role("button", name="Practise this again").first.click()
    card = page.get_by_test_id("again")
    card.wait_for()
    asked = card.locator("span").first.inner_text()
    assert "question=" in page.url and len(asked) > 10
    link = opened(visitor, page.url)
    expect(link.get_by_test_id("again")).to_contain_text(asked)
    link.get_by_role("button", name="Other questions instead").click()
    expect(link.get_by_test_id("again")).to_have_count(0)
    page.get_by_role("button", name="Type my answers").click()
    page.locator("[data-state=ASKING], [data-state=LISTENING]").first.wait_for()
    expect(page.locator(".jf")).to_contain_text(asked)
