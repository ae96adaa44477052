"""What a person waits for on the Practice page, in a real Chromium against the real application.

*Start interview* -> first audio frame on its way (socket), -> WebRTC known to carry sound; *Finish answer* -> skeleton
painted. The first interview of a fresh process is listed apart: it is the one warming up is for.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import RunningApp, launch, microphone_recording

INTERVIEWS = 5
WARM_UP_S = 5.0
TARGET_MS = {"first_socket_frame": 2000, "webrtc_carries": 4000, "skeleton": 300}

WATCH = """() => {
  const root = document.querySelector('.jf');
  const at = (window.at = {});
  const sent = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== 'string' && data.byteLength === 1280) at.first_socket_frame ??= performance.now();
    return sent.call(this, data);
  };
  document.addEventListener('click', (event) => {
    const name = event.target.closest?.('button')?.getAttribute('data-key');
    if (name) at[name] ??= performance.now();
  }, true);
  new MutationObserver(() => {
    if (root.dataset.audio === 'webrtc') at.webrtc_carries ??= performance.now();
    if (root.dataset.state === 'PROCESSING') requestAnimationFrame(() =>
      setTimeout(() => { if (document.querySelector('.jf-skeleton')) at.skeleton ??= performance.now(); }));
  }).observe(root, {attributes: true});
}"""


def one_interview(browser: Browser, url: str) -> dict[str, float | None]:
    """Milliseconds of one interview: since *Start interview*, the skeleton since *Finish answer*."""
    context = browser.new_context(permissions=["microphone"], viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Start interview").wait_for()
    page.evaluate(WATCH)
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Finish answer").click()
    page.wait_for_function("window.at.skeleton")
    at = page.evaluate("window.at")
    context.close()
    begun, finished = at["Start interview"], at["Finish answer"]
    found: dict[str, float | None] = {
        name: round(at[name] - begun) if name in at else None for name in ("first_socket_frame", "webrtc_carries")
    }
    return found | {"skeleton": round(at["skeleton"] - finished)}


def main() -> None:
    """Prints one JSON object: targets, the first interview of the process, medians of the others."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = RunningApp(Path(folder)).start()
        browser = launch(playwright.chromium, microphone_recording(Path(folder)))
        time.sleep(WARM_UP_S)
        rounds = [one_interview(browser, app.url) for _ in range(1 + INTERVIEWS)]
        browser.close()
        app.stop()
    first, later = rounds[0], rounds[1:]
    known = {name: [r[name] for r in later if r[name] is not None] for name in TARGET_MS}
    medians = {name: median(values) if values else None for name, values in known.items()}
    print(json.dumps({"target_ms": TARGET_MS, "first_ms": first, "median_ms": medians, "all_ms": rounds}, indent=1))


if __name__ == "__main__":
    main()
