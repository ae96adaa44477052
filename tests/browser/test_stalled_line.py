"""The real application behind a line that stalls: what is recorded is what was said between arming and *Finish*."""

import base64
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from coach.audio.decode import decode
from coach.contracts.interview import Attempt
from coach.store import open_store
from coach.store.repositories import interviews
from tests.browser.conftest import RunningApp
from tests.fakes.stalling_proxy import StallingProxy

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WATCH = """() => {
  const path = document.querySelector('.jf-host').jfStage.path;
  const listen = path.listen.bind(path);
  path.listen = (recorded) => { window.armed ??= performance.now(); listen(recorded); };
  document.addEventListener('click', (event) => {
    if (event.target.closest('.jf-finish')) window.finished = performance.now();
  }, {capture: true});
}"""
OWN_COPY = """async () => {
  const url = [...document.querySelector('.jf-host').jfStage.player.own.values()][0];
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}"""

JUDGED = "[data-testid=transcript-review], .jf[data-state=FEEDBACK], .jf[data-state=ERROR_RECOVERABLE]"
"""What becomes of the words is told elsewhere."""
ARCHIVED_WITHIN_S = 30
PATIENCE_MS = 120_000
"""The first answer of a fresh process waits for the recogniser; on a busy machine that is long."""


@pytest.fixture
def line(silent: RunningApp) -> Iterator[StallingProxy]:
    with StallingProxy(silent.port) as proxy:
        yield proxy


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    return visit()


def listening(page: Page, line: StallingProxy) -> None:
    page.goto(f"http://localhost:{line.port}")
    page.get_by_role("radio", name="1", exact=True).check(force=True)
    page.evaluate(WATCH)
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.locator("[data-stand-in=ready]").wait_for()


def after_finish(page: Page, app: RunningApp) -> tuple[np.ndarray, np.ndarray, float]:
    """The recording as archived, the browser's own copy, and the seconds from arming to the click."""
    page.wait_for_function("!document.querySelector('.jf-host').jfStage.path.ending")
    own = np.frombuffer(base64.b64decode(page.evaluate(OWN_COPY))[44:], "<i2")
    spoken_s = page.evaluate("(window.finished - window.armed) / 1000")
    page.locator(JUDGED).first.wait_for(timeout=PATIENCE_MS)
    attempt = archived(app, page.evaluate("document.querySelector('.jf-host').jfStage.state.attempt_id"))
    sound = decode(next((app.home / "audio").rglob(f"{attempt.id}.flac")))
    assert attempt.duration_seconds == pytest.approx(sound.duration_s, abs=0.01)
    return sound.samples, own, spoken_s


def archived(app: RunningApp, attempt_id: str) -> Attempt:
    """The attempt as the running server knows it, once its recording is in the archive."""
    until = time.monotonic() + ARCHIVED_WITHIN_S
    with open_store(f"duckdb:///{app.home / 'coach.duckdb'}") as store:
        while not (found := store.run(interviews.find_attempt, attempt_id)).audio_uri and time.monotonic() < until:
            time.sleep(0.1)
    assert found.audio_uri, found.status
    return found


def test_a_stall_of_3_s_while_webrtc_flows_doubles_and_loses_nothing(
    silent: RunningApp, page: Page, line: StallingProxy
):
    listening(page, line)
    page.wait_for_timeout(2000)
    line.stall()
    page.wait_for_timeout(3000)
    line.flow()
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Finish answer").click()
    recorded, own, spoken_s = after_finish(page, silent)
    assert np.array_equal(recorded, own)
    assert len(recorded) / 16_000 == pytest.approx(spoken_s, abs=0.15)


def test_a_stall_before_finish_records_nothing_that_was_said_after_it(
    silent: RunningApp, page: Page, line: StallingProxy
):
    listening(page, line)
    page.wait_for_timeout(2500)
    line.stall()
    page.wait_for_timeout(600)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("skeleton").wait_for()
    expect(page.get_by_text("The coach does not answer")).to_be_visible(timeout=5000)
    page.wait_for_timeout(3000)
    line.flow()
    recorded, own, spoken_s = after_finish(page, silent)
    assert np.array_equal(recorded, own)
    assert len(recorded) / 16_000 == pytest.approx(spoken_s, abs=0.15)


def test_a_line_that_dies_for_20_s_is_replaced_and_everything_said_arrives(
    silent: RunningApp, page: Page, line: StallingProxy
):
    listening(page, line)
    page.wait_for_timeout(1500)
    line.stall()
    page.locator("[data-connection=reconnecting]").wait_for()
    line.flow()
    page.locator("[data-connection=open]").wait_for()
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Finish answer").click()
    recorded, own, spoken_s = after_finish(page, silent)
    assert np.array_equal(recorded, own)
    assert len(recorded) / 16_000 == pytest.approx(spoken_s, abs=0.15)


def test_a_reload_keeps_what_was_said_and_the_clock_goes_on(silent: RunningApp, page: Page, line: StallingProxy):
    listening(page, line)
    began = time.monotonic()
    page.wait_for_timeout(3000)
    page.reload()
    at_most_s = time.monotonic() - began
    page.get_by_role("button", name="Resume interview").click()
    expect(page.get_by_text("s kept so far")).to_be_visible()
    kept_s = page.evaluate("document.querySelector('.jf-host').jfStage.state.recoverable_s")
    assert 2.3 <= kept_s <= at_most_s + 0.7
    page.wait_for_timeout(1500)
    shown = page.locator(".jf-time").inner_text()
    assert int(shown.split(":")[1]) >= int(kept_s) + 1
