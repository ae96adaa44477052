"""Who is seen asking: the live picture, the drawn persona, a still one, and how the words are heard on each rung.

LiveKit's server is not here: the vendored library meets an address where nobody answers, and for a picture that comes a
double of the library plays a moving canvas. Everything behind it, from the event to the face, is the stage's own.
"""

import hashlib
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import stage_content as content

ASKED = "Tell me about a project."
STREAM = {"session_id": "s-1", "url": "ws://127.0.0.1:9/livekit", "token": "room-token", "mode": "lite"}
LIBRARY = Path(__file__).resolve().parents[2] / "pages/static/livekit"
KIT = """
window.kit = { joined: [], sent: [], rooms: [] };
class Room {
  constructor() { this.on_ = {}; window.kit.rooms.push(this);
    this.localParticipant = { publishData: async (data, { topic }) => {
      const event = JSON.parse(new TextDecoder().decode(data));
      window.kit.sent.push({ topic, ...event });
      if (event.event_type !== "avatar.speak_text") return;
      const coded = (told) => new TextEncoder().encode(JSON.stringify({ ...told, source_event_id: event.event_id }));
      const tell = (event_type) => this.emit("dataReceived", coded({ event_type }), null, 0, "agent-response");
      setTimeout(() => tell("avatar.speak_started"), 20);
      setTimeout(() => tell("avatar.speak_ended"), 120);
    } }; }
  on(name, fn) { this.on_[name] = fn; return this; }
  emit(name, ...args) { this.on_[name]?.(...args); }
  async connect(url, token) {
    window.kit.joined.push({ url, token });
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    const pen = canvas.getContext("2d");
    let hue = 0;
    setInterval(() => { pen.fillStyle = `hsl(${(hue += 7)} 60% 60%)`; pen.fillRect(0, 0, 640, 360); }, 40);
    const stream = canvas.captureStream(25);
    this.emit("trackSubscribed", { kind: "video", attach() {
      const video = document.createElement("video");
      video.muted = true; video.autoplay = true; video.srcObject = stream; return video; } });
  }
  disconnect() { this.emit("disconnected", 1); }
}
window.LivekitClient = { Room, DisconnectReason: { DUPLICATE_IDENTITY: 2 },
  RoomEvent: { TrackSubscribed: "trackSubscribed", DataReceived: "dataReceived", Disconnected: "disconnected" } };
"""


def begin(page, *, kit: bool = False):
    if kit:
        page.route("**/assets/livekit/*.js", lambda route: route.fulfill(body=KIT, content_type="text/javascript"))
    page.get_by_role("button", name="Start interview").click()


def sent(server, kind):
    return [c["payload"] for c in server.commands if c["type"] == kind]


def reported(page, server, *shown):
    """The conductor was told so, in this order, and nothing else."""
    until = time.monotonic() + 5
    while len(sent(server, "AVATAR_VIEW")) < len(shown) and time.monotonic() < until:
        page.wait_for_timeout(20)
    assert sent(server, "AVATAR_VIEW") == [{"session_id": "s-1", "shown": each} for each in shown]


def scene(page):
    return page.get_by_label("Interviewer", exact=True)


def test_the_vendored_library_is_the_one_that_is_named():
    told = re.search(r"`([0-9a-f]{64})`", (LIBRARY / "NOTICE.md").read_text("utf8"))
    assert told and hashlib.sha256((LIBRARY / "livekit-client.umd.js").read_bytes()).hexdigest() == told[1]


def test_a_live_face_is_shown_reported_and_gives_way_when_it_is_over(open_stage):
    page, server = open_stage(stream=STREAM, say=ASKED)
    begin(page, kit=True)
    expect(scene(page)).to_have_attribute("data-face", "live")
    expect(page.locator(".jf-live video")).to_have_attribute("aria-label", "Sarah, live")
    reported(page, server, True)
    assert page.evaluate("window.kit.joined") == [{"url": STREAM["url"], "token": "room-token"}]
    page.evaluate("window.kit.rooms[0].emit('disconnected', 3)")
    expect(scene(page)).to_have_attribute("data-face", "drawn")
    reported(page, server, True, False)


def test_another_tab_that_takes_the_picture_is_no_failure(open_stage):
    page, server = open_stage(stream=STREAM, say=ASKED)
    begin(page, kit=True)
    expect(scene(page)).to_have_attribute("data-face", "live")
    page.evaluate("window.kit.rooms[0].emit('disconnected', 2)")
    expect(scene(page)).to_have_attribute("data-face", "drawn")
    reported(page, server, True)


def test_full_mode_is_told_what_to_say_over_the_picture(open_stage):
    page, server = open_stage(stream=STREAM | {"mode": "full"}, say=ASKED, by="avatar")
    begin(page, kit=True)
    page.locator("[data-state=LISTENING]").wait_for(timeout=10_000)
    assert page.evaluate("window.kit.sent") == [
        {
            "topic": "agent-control",
            "event_type": "avatar.speak_text",
            "session_id": "s-1",
            "event_id": "s1",
            "text": ASKED,
        }
    ]
    assert sent(server, "SPEECH_DONE") == [{"task_id": "s1", "ok": True}]
    expect(scene(page)).to_have_attribute("data-voice", "live")


@pytest.mark.parametrize("by", ["browser", "avatar"])
def test_a_picture_that_cannot_be_joined_leaves_it_to_the_drawn_persona(open_stage, by):
    """The real library, and nobody at the address."""
    page, server = open_stage(stream=STREAM, say=ASKED, clip="/clips/there.wav", unseen=True, by=by)
    begin(page)
    page.locator("[data-state=LISTENING]").wait_for(timeout=20_000)
    reported(page, server, False)
    expect(scene(page)).to_have_attribute("data-face", "drawn")
    expect(scene(page)).to_have_attribute("data-voice", "recording")
    if by == "browser":
        expect(page.get_by_text("continuing in audio mode")).to_be_visible()


def test_a_persona_that_cannot_be_drawn_is_still_and_speaks(open_stage):
    people = [{"id": "ada", "name": "Ada Obi", "role": "Engineer", "greeting": "Hello.", "label": "Ada"}]
    page, _ = open_stage(
        data={"personas": people, "persona_id": "ada"}, say=ASKED, clip="/clips/there.wav", persona="ada"
    )
    begin(page)
    page.locator("[data-state=LISTENING]").wait_for(timeout=10_000)
    expect(scene(page)).to_have_attribute("data-face", "still")
    expect(scene(page)).to_have_attribute("data-voice", "recording")
    expect(scene(page).get_by_role("img", name="Ada Obi, Engineer")).to_be_visible()


def test_without_any_voice_the_question_stands_to_be_read(open_stage):
    page, server = open_stage(data={"voice": "none"}, say=ASKED)
    begin(page)
    page.locator("[data-state=LISTENING]").wait_for(timeout=10_000)
    expect(scene(page)).to_have_attribute("data-voice", "subtitle")
    expect(page.locator(".jf-subtitle")).to_contain_text(content.QUESTION)
    assert len(sent(server, "SPEECH_DONE")) == 1
