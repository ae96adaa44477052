"""A chart's figures and its picture, taken away in a real browser, on a page and on the stage."""

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import RunningApp
from tests.browser.screenshots import open_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
SHADES_OF_A_DRAWING = 40
"""A blank picture has one colour; text and lines with soft edges have many."""


def downloaded(page: Page, press: Callable[[], None]) -> tuple[str, bytes]:
    with page.expect_download() as taken:
        press()
    return taken.value.suggested_filename, taken.value.path().read_bytes()


def drawing(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    colours = picture.getcolors(maxcolors=1_000_000)
    assert colours is not None and len(colours) >= SHADES_OF_A_DRAWING
    return picture


def brightness(picture: Image.Image) -> int:
    """Of the page behind the chart, 0 to 765."""
    corner = picture.getpixel((2, 2))
    assert isinstance(corner, tuple)
    return sum(corner)


def test_a_chart_is_taken_as_picture_and_as_figures(sampled: RunningApp, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_page(page, sampled.url, "progress")
    png = page.get_by_role("button", name="PNG of Score over time")
    name, content = downloaded(page, png.click)
    assert name == "score-over-time.png"
    picture = drawing(content)
    assert picture.width > 2000 and brightness(picture) > 600
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    page.locator(".st-key-plot-score-over-time .main-svg").first.wait_for()
    assert brightness(drawing(downloaded(page, png.click)[1])) < 200
    holder = page.locator(".st-key-chart-score-over-time")
    name, content = downloaded(page, holder.get_by_role("button", name="CSV").click)
    table = pd.read_csv(io.BytesIO(content))
    assert name == "score-over-time.csv" and set(table["series"]) == {"Session", "Attempt", "Best attempt"}
    assert table["y"].between(0, 10).all() and len(table) > 10
    assert [url for url in asked if not url.startswith((sampled.url, "data:", "blob:"))] == []
    context.close()


def test_pace_and_loudness_of_an_answer_are_taken_from_the_stage(open_stage: Callable[..., Any]) -> None:
    page, _ = open_stage(attempt=3)
    page.get_by_role("button", name="Start interview").click()
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_role("tab", name="How you said it").click()
    name, content = downloaded(page, page.get_by_role("button", name="CSV of Pace, words a minute").click)
    assert name == "pace.csv" and {"at_s", "wpm"} <= set(pd.read_csv(io.BytesIO(content)).columns)
    name, content = downloaded(page, page.get_by_role("button", name="PNG of Loudness").click)
    assert name == "loudness.png"
    drawing(content)
    _, content = downloaded(page, page.get_by_role("button", name="PNG of Pace, words a minute").click)
    drawing(content)
    for named, file in (("the pace gauge", "pace-gauge"), ("the pause strip", "pauses")):
        name, content = downloaded(page, page.get_by_role("button", name=f"CSV of {named}").click)
        assert name == f"{file}.csv" and len(pd.read_csv(io.BytesIO(content)))
        name, content = downloaded(page, page.get_by_role("button", name=f"PNG of {named}").click)
        assert name == f"{file}.png" and Image.open(io.BytesIO(content)).width > 200
