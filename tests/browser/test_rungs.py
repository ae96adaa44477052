"""Every rung of who asks, on the real Practice page: live picture, drawn persona, still picture, subtitle.

The vendors are loopback servers that speak their protocols; LiveKit's room is joined by the vendored library over real
WebRTC. Each step down is seen, is said in one quiet line, and the same question goes on.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.routing import Mount

from tests.browser.conftest import CALM, RunningApp
from tests.fakes import deepgram_server
from tests.fakes.deepgram_server import DeepgramServer
from tests.fakes.liveavatar_server import KEY, LiveAvatarServer, liveavatar
from tests.fakes.livekit_room import LiveKitRoom

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PATIENCE_MS = 60_000
SPEED = 0.05
"""The vendor takes its time over a question, so that a slow browser still finds out what is wrong while it speaks."""
AUDIO_MODE = "continuing in audio mode"
UNDRAWABLE = """
const make = Document.prototype.createElementNS;
Document.prototype.createElementNS = function (space, name) {
  if (name === "ellipse") throw new Error("cannot be drawn");
  return make.call(this, space, name);
};
"""
NOTICES = """
window.notices = [];
addEventListener("DOMContentLoaded", () => new MutationObserver((changes) => {
  for (const node of changes.flatMap((change) => [...change.addedNodes])) {
    if (node.classList?.contains("jf-toast")) window.notices.push(node.textContent);
  }
}).observe(document.body, { childList: true, subtree: true }));
"""
PLAYS = """() => { const video = document.querySelector(".jf-live video");
  return video && video.videoWidth === 320 && video.currentTime > 0.3; }"""


class Vendors:
    """LiveAvatar with its rooms, and the voice; whatever a test broke is whole again for the next."""

    def __init__(self, voice: DeepgramServer, face: LiveAvatarServer, room: LiveKitRoom, app: RunningApp) -> None:
        self.voice, self.face, self.room, self.app = voice, face, room, app

    def mend(self) -> None:
        self.voice.voice_status, self.room.fault = 200, ""
        self.face.drop_after_s = None
        self.face.statuses.clear()


@contextmanager
def speaking(voice: DeepgramServer) -> Iterator[None]:
    """The voice in a thread of its own."""
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        async with voice.running():
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield
    stop.set()
    thread.join(10)


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    face, voice = LiveAvatarServer(speed=SPEED), DeepgramServer()
    room = LiveKitRoom(lambda token: token in {f"room-{session.id}" for session in face.running})
    face.app.router.routes.append(Mount("/livekit", room.app))
    with liveavatar(face) as url, speaking(voice):
        app = RunningApp(
            tmp_path_factory.mktemp("home"),
            LIVEAVATAR_API_KEY=KEY,
            LIVEAVATAR_BASE_URL=url,
            DEEPGRAM_API_KEY=deepgram_server.KEY,
            DEEPGRAM_BASE_URL=voice.url,
            COACH_TRANSCRIBER="typed",
        ).start()
        yield Vendors(voice, face, room, app)
        app.stop()


@pytest.fixture
def ask(vendors: Vendors, chromium: Browser) -> Iterator[object]:
    """Begins an interview; every error of a script fails the test."""
    opened: list[BrowserContext] = []
    errors: list[str] = []
    vendors.mend()

    def begin(script: str = "") -> Page:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"], **CALM)
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(NOTICES + script)
        page.goto(vendors.app.url)
        page.get_by_role("button", name="Type my answers").click()
        return page

    yield begin
    for context in opened:
        context.close()
    assert errors == [] and vendors.room.breaches == []


def asked_by(page: Page, face: str, voice: str, notice: str = AUDIO_MODE) -> None:
    """The interviewer is seen and heard so, one quiet line said why, and the question can be answered."""
    scene = page.get_by_label("Interviewer", exact=True)
    expect(scene).to_have_attribute("data-voice", voice, timeout=PATIENCE_MS)
    expect(scene).to_have_attribute("data-face", face)
    assert [said for said in page.evaluate("window.notices") if notice in said]
    page.locator("[data-state=LISTENING]").wait_for()
    expect(page.locator(".jf-subtitle p")).not_to_be_empty()
    expect(page.get_by_label("Your answer")).to_be_editable()


@pytest.mark.parametrize("fault", ["refused", "silent", "no_media"])
def test_a_room_that_shows_nothing_leaves_the_question_to_the_drawn_persona(vendors, ask, fault) -> None:
    vendors.room.fault = fault
    tried = len(vendors.room.tried)
    asked_by(ask(), "drawn", "recording")
    assert len(vendors.room.tried) > tried


def test_a_persona_that_cannot_be_drawn_is_a_still_with_the_same_voice(vendors, ask) -> None:
    vendors.face.statuses["token"] = 503
    asked_by(ask(UNDRAWABLE), "still", "recording")


def test_without_any_voice_the_question_is_read(vendors, ask) -> None:
    vendors.face.statuses["start"] = 402
    vendors.voice.voice_status = 500
    page = ask()
    asked_by(page, "drawn", "subtitle", "voice asks from here on")
    assert [said for said in page.evaluate("window.notices") if AUDIO_MODE in said]


def seen_live(page: Page) -> None:
    """The face is there with the first question; on a machine that is too busy for the first, with the second."""
    live = page.locator(".jf-scene[data-face=live]")
    live.or_(page.locator(".jf-toast", has_text=AUDIO_MODE)).first.wait_for()
    if not live.count():
        page.locator("[data-state=LISTENING]").wait_for()
        page.get_by_role("button", name="Skip question").click()
    page.wait_for_function(PLAYS)


def test_a_real_room_shows_a_face_that_moves_and_a_cut_in_the_middle_is_drawn(vendors, ask) -> None:
    joined = len(vendors.room.joined)
    page = ask()
    seen_live(page)
    assert len(vendors.room.joined) > joined
    vendors.face.drop_after_s = 0.2
    page.locator("[data-state]").get_by_role("button", name="Skip question").click()
    asked_by(page, "drawn", "recording")
