"""People in an encrypted home, in browsers: invite, join, roles, one's own data, and a word that is taken back."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from coach.settings import load_settings
from coach.store import SqlStore
from coach.vault.mounting import mount
from tests.browser.conftest import CALM
from tests.conversation.town_app import COOKIE, Town, town_served
from tests.fakes import town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]
SEALED_WITH = "k" * 43 + "="
SAID = "I led the migration"
PATIENCE_MS = 120_000
"""A busy machine draws a page in a minute."""
WATCHED = """
window.outOfSight = 0;
new MutationObserver(() => {
  const page = document.querySelector('[data-testid="stMainBlockContainer"]');
  if (page && !window.outOfSight && getComputedStyle(page).display === "none") window.outOfSight = Date.now();
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the page is taken out of sight."""
CLICKED = "addEventListener('click', () => { window.clicked = Date.now(); }, true);"


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town in an encrypted home, served."""
    folder: Path = tmp_path_factory.mktemp("people")
    home = folder / "home"
    home.mkdir()
    mount(load_settings(coach_home=home, coach_encryption_key=SEALED_WITH, coach_database_url="", coach_audio_url=""))
    with SqlStore(f"duckdb:///{home / 'coach.duckdb'}") as store:
        places = town.fill(store)
    with town_served(folder, places, COACH_ENCRYPTION_KEY=SEALED_WITH, COACH_BRAIN="offline") as found:
        yield found


@contextmanager
def seat(chromium: Browser, everybody: Town, person: str, script: str = "") -> Iterator[Page]:
    """Somebody's browser, signed in."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1100}, accept_downloads=True, **CALM)
    value = everybody.cookie(person).partition("=")[2]
    context.add_cookies([{"name": COOKIE, "value": value, "url": everybody.app.url}])
    context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    try:
        yield page
    finally:
        context.close()


def test_somebody_is_invited_joins_and_gets_a_role(everybody: Town, chromium: Browser) -> None:
    with seat(chromium, everybody, "olga") as olga, seat(chromium, everybody, "nina") as nina:
        olga.goto(f"{everybody.app.url}/operations")
        form = olga.locator("[data-testid=stForm]", has_text="Invite somebody")
        form.get_by_role("button", name="Make a link").click()
        link = olga.locator("code", has_text="/join/").inner_text().strip()
        nina.goto(f"{everybody.app.url}/practice")
        nina.get_by_text("No place here yet").wait_for()
        nina.goto(link)
        nina.get_by_text(re.compile("You are invited to")).wait_for()
        nina.get_by_role("button", name="Join").click()
        expect(nina.get_by_text("You are invited to")).to_have_count(0, timeout=PATIENCE_MS)
        nina.goto(f"{everybody.app.url}/progress")
        nina.get_by_text("Nothing to show yet").wait_for()
        nina.goto(link)
        nina.locator("[class*=st-key-jf_member]").first.wait_for()
        expect(nina.get_by_role("button", name="Join")).to_have_count(0)

        olga.reload()
        roles = olga.locator("[data-testid=stButtonGroup]", has_text="Nina")
        coach = roles.get_by_role("button", name="Coach", exact=True)
        coach.click()
        expect(coach).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
        nina.goto(f"{everybody.app.url}/review")
        nina.get_by_role("heading", name="Review").wait_for()
        expect(nina.get_by_text("This page is for another role")).to_have_count(0)

        coach.click()
        expect(coach).to_have_attribute("aria-pressed", "false", timeout=PATIENCE_MS)
        candidate = roles.get_by_role("button", name="Candidate", exact=True)
        candidate.click()
        olga.get_by_role("button", name="Keep it").click()
        expect(candidate).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
        expect(olga.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE_MS)

        form.get_by_role("button", name="Make a link").click()
        unused = olga.locator("code", has_text="/join/").inner_text().strip()
        olga.get_by_role("button", name="Take back").last.click()
        expect(olga.get_by_role("button", name="Take back")).to_have_count(0, timeout=PATIENCE_MS)
        nina.context.clear_cookies()
        value = everybody.cookie("mallory").partition("=")[2]
        nina.context.add_cookies([{"name": COOKIE, "value": value, "url": everybody.app.url}])
        nina.goto(unused)
        nina.get_by_text("was taken back").wait_for()


def test_what_is_taken_back_leaves_an_open_tab_that_nobody_touches(everybody: Town, chromium: Browser) -> None:
    with seat(chromium, everybody, "kim", WATCHED) as kim, seat(chromium, everybody, "carl", CLICKED) as carl:
        kim.goto(f"{everybody.app.url}/review?review_which=All")
        kim.get_by_text(SAID).first.wait_for()
        carl.goto(f"{everybody.app.url}/progress")
        switch = carl.get_by_text("The coaches of Blue")
        switch.click()
        expect(kim.get_by_text(SAID)).to_have_count(0, timeout=PATIENCE_MS)
        kim.get_by_text("Nothing to review yet").wait_for()
        carl.get_by_text("Taken back on").wait_for()
        out_of_sight = kim.evaluate("window.outOfSight")
        assert out_of_sight, "it was hidden before the page was drawn anew"
        print(f"hidden {out_of_sight - carl.evaluate('window.clicked')} ms after the click")
        switch.click()
        carl.get_by_text("Since ").first.wait_for()
        kim.goto(f"{everybody.app.url}/review?review_which=All")
        kim.get_by_text(SAID).first.wait_for()


def test_everything_of_ones_own_is_ones_own_and_lies_sealed(everybody: Town, chromium: Browser) -> None:
    with seat(chromium, everybody, "carl") as carl:
        carl.goto(f"{everybody.app.url}/progress")
        carl.get_by_text(SAID).first.wait_for()
        carl.get_by_role("button", name="Export everything of mine").click()
        save = carl.get_by_role("link", name=re.compile("Save the file"))
        address = everybody.app.url + str(save.get_attribute("href"))
        saved = carl.request.get(address)
        assert saved.headers["content-disposition"] == 'attachment; filename="job-foxy-everything.zip"'
        with zipfile.ZipFile(io.BytesIO(saved.body())) as bundle:
            texts = b"".join(bundle.read(name) for name in bundle.namelist())
        assert b"carl's life" in texts and SAID.encode() in texts
        assert b"dora" not in texts and b"jf1." not in texts
        path = address.removeprefix(everybody.app.url)
        assert everybody.ask("GET", path).status_code == 401, "by nobody"
        assert everybody.ask("GET", path, everybody.cookie("dora")).status_code == 404, "by nobody else"
    with seat(chromium, everybody, "dora") as dora:
        dora.goto(f"{everybody.app.url}/progress?session=interview-carl&person=carl")
        dora.get_by_role("button", name="Delete everything of mine").click()
        dora.get_by_label(re.compile("Type")).fill("delete")
        dora.keyboard.press("Enter")
        dora.get_by_role("button", name="Delete everything", exact=True).click()
        dora.get_by_text("Everything of yours is deleted").wait_for()
        dora.goto(f"{everybody.app.url}/practice")
        dora.get_by_text("No place here yet").wait_for()
    with seat(chromium, everybody, "carl") as carl:
        carl.goto(f"{everybody.app.url}/progress")
        carl.get_by_text(SAID).first.wait_for()
    words = (b"life", SAID.encode(), b"jf1.")
    kept = b"".join(path.read_bytes() for path in everybody.app.home.rglob("*") if path.is_file())
    assert [word in kept for word in words] == [False, False, True]
