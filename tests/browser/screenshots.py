"""Photographs every state of the stage and every page, at three widths and in both themes: `make screenshots`.

`python -m tests.browser.screenshots NAME...` takes those of the named scenes and pages only; `previews` are the small
pictures that empty pages show of what they become (`pages/static/preview`), taken only when they are named.
"""

import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from coach.bootstrap import build_services
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import billing, interviews
from coach.store.repositories.billing_records import Payment
from pages.components.shared.preview import HEIGHT, WIDTH
from tests.browser.conftest import RunningApp, launch, microphone_recording
from tests.browser.stage_server import StageServer, stage_server
from tests.fakes import records as make

Theme = Literal["light", "dark"]
TARGET = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
SIZES = {1440: 900, 1024: 768, 390: 844}
THEMES: tuple[Theme, ...] = ("light", "dark")


class Studio:
    """One width and theme: opens the stage, brings it into a state, takes the picture."""

    def __init__(
        self, browser: Browser, server: StageServer, url: str, width: int, theme: Theme = "light", target: Path = TARGET
    ) -> None:
        self.browser, self.server, self.url, self.width = browser, server, url, width
        self.theme, self.target = theme, target

    @contextmanager
    def stage(self, **plan: object) -> Iterator[Page]:
        self.server.plan = plan
        self.server.data = {
            "jobs": [{"id": "j1", "label": "Product manager, Northwind"}],
            "resumable": {"id": "i0", "label": "Tuesday, 17 November: 2 of 3 questions begun"}
            if plan.get("resume")
            else None,
        }
        size = {"width": self.width, "height": SIZES[self.width]}
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            permissions=["microphone"],
            color_scheme=self.theme,
        )
        page = context.new_page()
        page.goto(self.url)
        page.evaluate("document.fonts.ready.then(() => true)")
        page.get_by_role("button", name="Start interview").wait_for()
        yield page
        context.close()

    def snap(self, page: Page, name: str, *, whole: bool = False) -> None:
        page.wait_for_timeout(900)
        if whole:
            page.add_style_tag(
                content=".jf-actions{position:static!important}"
                ".jf .jf-scene{position:relative!important;top:0!important}"
            )
        page.screenshot(path=self.target / f"{name}_{self.width}_{self.theme}.png", full_page=whole)

    def start(self, page: Page) -> None:
        page.get_by_role("button", name="Start interview").click()

    def finish(self, page: Page) -> None:
        self.start(page)
        page.get_by_role("button", name="Finish answer").click()

    def intro(self) -> None:
        with self.stage(resume=True) as page:
            self.snap(page, "01_intro", whole=self.width < 500)

    def microphone(self) -> None:
        with self.stage() as page:
            page.get_by_role("button", name="Check microphone").click()
            page.get_by_text("You sound clear").wait_for()
            self.snap(page, "02_microphone", whole=self.width < 500)

    def microphone_refused(self) -> None:
        with self.stage() as page:
            page.evaluate(
                "() => { navigator.mediaDevices.getUserMedia = () => "
                "Promise.reject(Object.assign(new Error('no'), {name: 'NotAllowedError'})); }"
            )
            page.get_by_role("button", name="Check microphone").click()
            self.snap(page, "03_microphone_refused", whole=self.width < 500)

    def typing(self) -> None:
        with self.stage() as page:
            page.get_by_role("button", name="Type my answers").click()
            page.get_by_label("Your answer").wait_for()
            self.snap(page, "15_typing")

    def asking(self) -> None:
        with self.stage(
            say="A little time to look at the picture, please, before the microphone is on.", persona="john"
        ) as page:
            self.start(page)
            page.locator("[data-mode=speaking]").wait_for()
            self.snap(page, "04_asking")

    def listening(self) -> None:
        with self.stage(levels="speaking", persona="sarah") as page:
            self.start(page)
            page.locator("[data-phase=speaking]").wait_for()
            page.mouse.move(2, 2)
            page.wait_for_timeout(2500)
            self.snap(page, "05_listening")
            self.server.plan["levels"] = "ready"
            page.locator("[data-phase=ready]").wait_for()
            self.snap(page, "06_listening_complete")

    def processing(self) -> None:
        with self.stage(hold_processing=True, persona="priya") as page:
            self.finish(page)
            page.get_by_test_id("skeleton").wait_for()
            self.snap(page, "07_processing")

    def review(self) -> None:
        with self.stage(review=True) as page:
            self.finish(page)
            page.get_by_test_id("transcript-review").wait_for()
            self.snap(page, "08_transcript_review")

    def feedback(self) -> None:
        with self.stage(follow_up=True, attempt=2) as page:
            self.finish(page)
            page.locator(".jf-side-polished").wait_for()
            self.snap(page, "09_feedback")
            page.get_by_role("switch", name="Coach notes").click()
            self.snap(page, "10_feedback_coach_notes", whole=True)

    def delivery(self) -> None:
        with self.stage(attempt=3, persona="leo") as page:
            self.finish(page)
            page.get_by_role("tab", name="How you said it").click()
            self.snap(page, "11_delivery", whole=True)

    def two_attempts(self) -> None:
        with self.stage(attempt=2) as page:
            self.finish(page)
            page.locator(".jf-side-polished").wait_for()
            page.get_by_role("button", name="Attempt 1: 4.6").click()
            page.get_by_test_id("attempts").wait_for()
            self.snap(page, "16_two_attempts")

    def say_again(self) -> None:
        with self.stage() as page:
            self.finish(page)
            page.locator(".jf-side-polished").wait_for()
            page.get_by_role("button", name="Say it again: I cut the scope").click()
            page.get_by_test_id("resay").wait_for()
            self.snap(page, "17_say_again")

    def own_view(self) -> None:
        with self.stage() as page:
            page.get_by_role("switch", name="Rate myself first").click()
            self.finish(page)
            page.get_by_role("button", name="Your story: good").click()
            self.snap(page, "18_own_view")

    def delayed(self) -> None:
        with self.stage(delayed=True) as page:
            self.finish(page)
            page.locator("[data-state=ERROR_RECOVERABLE]").wait_for()
            self.snap(page, "12_feedback_delayed")

    def blocking(self) -> None:
        with self.stage() as page:
            self.finish(page)
            page.get_by_role("button", name="Next question").click()
            page.locator("[data-state=ERROR_BLOCKING]").wait_for()
            self.snap(page, "13_error_blocking")

    def summary(self) -> None:
        with self.stage(last=True, attempt=3, persona="priya") as page:
            self.finish(page)
            page.get_by_role("button", name="Finish interview").click()
            page.get_by_text("Interview finished").wait_for()
            self.snap(page, "14_summary", whole=self.width < 500)


SCENES: tuple[Callable[[Studio], None], ...] = (
    Studio.intro,
    Studio.microphone,
    Studio.microphone_refused,
    Studio.typing,
    Studio.asking,
    Studio.listening,
    Studio.processing,
    Studio.review,
    Studio.feedback,
    Studio.delivery,
    Studio.two_attempts,
    Studio.say_again,
    Studio.own_view,
    Studio.delayed,
    Studio.blocking,
    Studio.summary,
)


PAGES = ("practice", "jobs", "progress", "library", "review", "cohorts", "prompt_lab", "margins", "operations")
LEDGER = "margins?margins_section=Ledger"
PEOPLED = ("jobs", "progress", "library", "review", "cohorts", "operations", LEDGER)
"""How the addresses begin of what shows sample people where there are some."""


def photograph_pages(browser: Browser, names: list[str]) -> None:
    """Every page of the application with the sample people."""
    with tempfile.TemporaryDirectory() as home:
        running = RunningApp(Path(home), COACH_SAMPLE_DATA="1").start()
        try:
            for width, height in SIZES.items():
                for theme in THEMES:
                    size = ViewportSize(width=width, height=height)
                    context = browser.new_context(viewport=size, color_scheme=theme)
                    page = context.new_page()
                    for name in (name for name in PAGES if not names or name in names):
                        open_page(page, running.url, name)
                        page.wait_for_timeout(1200)
                        page.screenshot(path=TARGET / f"page_{name}_{width}_{theme}.png")
                    context.close()
        finally:
            running.stop()


def open_page(page: Page, url: str, name: str) -> None:
    """Opens a page and waits until it stands, with the sample people where there are some."""
    page.goto(f"{url}/{name}")
    stand(page, name)


def stand(page: Page, name: str) -> None:
    """Waits until the page that is being opened stands, with the sample people where there are some."""
    page.locator("h1").first.wait_for()
    page.locator("html:not(.jf-first)").wait_for(state="attached")
    page.locator('.stApp[data-test-script-state="notRunning"]').wait_for()
    if name.startswith(PEOPLED):
        page.get_by_text("Show sample people").first.click()
        page.get_by_role("button", name="Remove samples").wait_for()
        page.locator('.stApp[data-test-script-state="notRunning"]').wait_for()


PREVIEWS = {
    "jobs": ("jobs", "Jobs & resumes"),
    "library": ("library", "Library"),
    "progress": ("progress", "Progress"),
    "review": ("review", "Review"),
    "resumes": ("jobs?jobs_tab=Resumes", "Tailored to a job"),
    "cohorts": ("cohorts", "Cohorts"),
    "customers": ("margins?margins_section=Customers&margins_customers=Who+comes+back", "Who comes back"),
    "ledger": (LEDGER, "As billed, 90 days"),
    "operations": ("operations", "The median answer"),
}
"""Name of the picture -> (address of the page, the words it begins with)."""
PREVIEW_SCALE = 2


def photograph_previews(browser: Browser) -> None:
    """Every page that can be empty, with invented people, half as large as it is."""
    folder = TARGET.parents[1] / "pages" / "static" / "preview"
    size = ViewportSize(width=WIDTH * PREVIEW_SCALE, height=HEIGHT * PREVIEW_SCALE)
    with tempfile.TemporaryDirectory() as home:
        invent_customers(Path(home))
        running = RunningApp(Path(home)).start()
        try:
            for theme in THEMES:
                context = browser.new_context(viewport=size, color_scheme=theme)
                page = context.new_page()
                for name, (address, begin) in PREVIEWS.items():
                    open_page(page, running.url, address)
                    page.add_style_tag(
                        content=".stAppHeader, .st-key-jf_frame, .st-key-jf_undo { display: none !important }"
                        ".stApp .stMain .stMainBlockContainer { padding-top: 24px !important }"
                    )
                    page.get_by_text(begin, exact=True).last.evaluate("each => each.scrollIntoView()")
                    page.wait_for_timeout(1200)
                    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                    small = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
                    small.save(folder / f"{name}_{theme}.webp", quality=82)
                context.close()
        finally:
            running.stop()


def invent_customers(home: Path) -> None:
    """Thirty who paid and practised in the last five months; fewer come back from month to month."""
    parts = build_services(coach_home=home, coach_database_url="", coach_audio_url="", coach_brain="offline")
    load_sample(parts.store, lambda: parts.archive, size="full")
    month = datetime.now(UTC).replace(day=3, hour=12)
    for number in range(30):
        user, first = f"customer {number + 1}", 1 + number % 5
        parts.store.run(billing.change_account, user, plan_id="plus", stripe_customer_id=f"cus_{number}")
        interview = make.interview(user_id=user)
        parts.store.run(interviews.create_interview, interview, [])
        attempt = make.attempt(make.exchange(interview))
        for back in range(first, max(0, first - 1 - number % 4), -1):
            at = month - timedelta(days=30 * back)
            paid = Payment(f"{number}-{back}", f"cus_{number}", "paid", 1900, at)
            parts.store.run(billing.keep_payment, paid)
            cost = Decimal("2.40") + Decimal(number) / 4
            used = make.usage(attempt, call=f"{number}-{back}", user_id=user, occurred_at=at, cost_usd=cost)
            parts.store.run(interviews.add_usage, [used])
    parts.store.close()


def main(names: list[str]) -> None:
    """Takes all pictures, or those of the named scenes and pages."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, stage_server() as (server, url), sync_playwright() as playwright:
        browser = launch(playwright.chromium, microphone_recording(Path(folder)))
        for width in SIZES:
            for theme in THEMES:
                studio = Studio(browser, server, url, width, theme)
                for scene in SCENES:
                    if not names or scene.__name__ in names:
                        scene(studio)
        if not names or set(names) & set(PAGES):
            photograph_pages(browser, names)
        if "previews" in names:
            photograph_previews(browser)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
