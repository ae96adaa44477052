"""How every page and every state of the stage looks to somebody who sees badly, reads with a machine, or is in a hurry.

axe-core finds no serious or critical fault and no heading out of order, in the light and the dark theme; nothing moves
while a page loads; the console stays clean.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import RunningApp
from tests.browser.screenshots import PAGES, SCENES, Studio, stand
from tests.browser.stage_server import StageServer
from tests.long import how_many

pytestmark = pytest.mark.slow
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "rules": {"heading-order": {"enabled": True}},
}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
GRAVE = ("serious", "critical")
MOST_SHIFT = 0.05
WATCH_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


def faults(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe-core finds grave, and every heading that is out of order."""
    found = Axe().run(page, options=rules).response["violations"]
    grave = [rule for rule in found if rule["impact"] in GRAVE or rule["id"] == "heading-order"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in grave for node in rule["nodes"]]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_clean_steady_and_readable_in_both_themes(name: str, sampled: RunningApp, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: said.append(answer.url) if answer.status >= 400 else None)
    page.goto(f"{sampled.url}/{name}")
    page.locator("html:not(.jf-first)").wait_for(state="attached")
    page.locator("h1").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shift") <= MOST_SHIFT
    stand(page, name)
    page.wait_for_load_state("networkidle")
    assert faults(page, RULES) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    assert faults(page, CONTRAST) == []
    assert said == []
    context.close()


STATES = (
    "prompt_lab?tab=compare",
    "prompt_lab?tab=calibration",
    "library?library_view=Cheat+sheet",
    "jobs?jobs_tab=Resumes",
    "margins?margins_section=Sensitivity",
    "review?review_blind=false",
    "jobs?jobs_tab=Role+profiles",
    "progress?chart=Pace",
    "cohorts?by=week",
    *(f"prompt_lab?tab={tab}" for tab in ("edit", "run", "bundles", "watch")),
    *(
        f"margins?margins_section={section}"
        for section in ("Plans", "Distribution", "Customers", "Ledger", "Invoices", "Budgets", "Prices")
    ),
    *(f"operations?operations_tab={tab}" for tab in ("Providers", "Usage", "Errors", "Retention", "Disk")),
)
"""What a page shows beyond how it begins, by address; those that moved or were faulty once stand first."""
SLOWER = 4
"""A machine as many times slower than this one, imitated by Chromium."""


def test_every_state_of_a_page_is_steady_on_a_slow_machine_and_readable(sampled: RunningApp, chromium: Browser) -> None:
    found: list[str] = []
    for state in STATES[: how_many("states of pages")]:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
        context.set_default_timeout(120_000)
        page = context.new_page()
        page.add_init_script(WATCH_SHIFTS)
        slow = context.new_cdp_session(page)
        slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.goto(f"{sampled.url}/{state}&show_samples=true")
        page.locator("html:not(.jf-first)").wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        if (shift := page.evaluate("window.shift")) > MOST_SHIFT:
            found.append(f"{state}: moved by {shift:.3f}")
        slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        found += [f"{state}: {fault}" for fault in faults(page, RULES)]
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
        found += [f"{state} in the dark: {fault}" for fault in faults(page, CONTRAST)]
        context.close()
    assert found == []


class Inspector(Studio):
    """Instead of a picture, what axe-core finds, in both themes."""

    found: list[str]

    def snap(self, page: Page, name: str, *, whole: bool = False) -> None:
        page.add_style_tag(
            content="*, *::before, *::after { animation: none !important; transition: none !important; }"
        )
        self.found += [f"{name}: {fault}" for fault in faults(page, RULES)]
        page.emulate_media(color_scheme="dark")
        self.found += [f"{name} in the dark: {fault}" for fault in faults(page, CONTRAST)]
        page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_state_of_the_stage_is_readable_in_both_themes(
    scene: Callable[[Studio], None], harness: tuple[StageServer, str], shell: Browser, tmp_path: Path
) -> None:
    server, url = harness
    inspector = Inspector(shell, server, url, 1440, "light", tmp_path)
    inspector.found = []
    scene(inspector)
    assert inspector.found == []
