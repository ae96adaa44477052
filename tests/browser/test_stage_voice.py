"""The interviewer's voice in the stage: a clip is played to its end, a missing one leaves it to the browser."""

import pytest
from playwright.sync_api import expect

ASKED = "Tell me about a project."


def begin(page):
    page.evaluate(
        """() => { window.heard = []; const Real = window.Audio;
        window.Audio = function (url) { const player = new Real(url);
          for (const kind of ["playing", "ended", "error"])
            player.addEventListener(kind, () => window.heard.push(kind));
          return player; }; }"""
    )
    page.get_by_role("button", name="Start interview").click()


def done(server):
    return [c["payload"] for c in server.commands if c["type"] == "SPEECH_DONE"]


@pytest.mark.parametrize(
    ("clip", "heard"), [("/clips/there.wav", ["playing", "ended"]), ("/clips/gone.wav", ["error"])]
)
def test_a_question_is_heard_from_its_clip_or_said_otherwise(open_stage, clip, heard):
    page, server = open_stage(say=ASKED, clip=clip)
    begin(page)
    page.locator("[data-state=LISTENING]").wait_for(timeout=15_000)
    assert page.evaluate("window.heard") == heard
    assert [d["task_id"] for d in done(server)] == ["s1"]
    if heard[-1] == "ended":
        assert done(server)[0]["ok"] is True


def test_a_clip_is_heard_while_the_rest_of_it_is_being_made(open_stage):
    page, server = open_stage(say=ASKED, clip="/clips/growing.wav")
    page.evaluate(
        """() => { window.parts = []; const start = AudioBufferSourceNode.prototype.start;
        AudioBufferSourceNode.prototype.start = function (at) {
          window.parts.push([at, this.buffer.duration]); return start.call(this, at); }; }"""
    )
    page.get_by_role("button", name="Start interview").click()
    page.wait_for_function("window.parts.length === 1")
    assert done(server) == []
    server.more.set()
    page.locator("[data-state=LISTENING]").wait_for(timeout=15_000)
    (first, long_s), *rest = page.evaluate("window.parts")
    assert sum(s for _, s in [(first, long_s), *rest]) == pytest.approx(1.0, abs=0.01)
    assert rest[0][0] >= first + long_s
    assert done(server)[0]["ok"] is True


LED_IN = "That was not an easy one, and you stayed with it."


def test_what_leads_a_question_in_is_read_as_well_while_it_is_asked(open_stage):
    page, _ = open_stage(say=ASKED, lead_in=LED_IN, hold_asking=True, data={"voice": "none"})
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=ASKING]").wait_for()
    expect(page.locator(".jf-subtitle .jf-lead-in")).to_have_text(LED_IN)
    expect(page.locator(".jf-subtitle p")).not_to_contain_text(LED_IN)
    expect(page.locator(".jf-subtitle p")).to_be_visible()


@pytest.mark.parametrize(("verbatim", "lines"), [(True, 1), (False, 0)])
def test_ones_own_usual_is_shown_where_there_is_a_history(open_stage, verbatim, lines):
    page, _ = open_stage(verbatim=verbatim)
    begin(page)
    page.locator("[data-state=LISTENING]").wait_for()
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_role("tab", name="How you said it").click()
    usual = page.locator(".jf-usual")
    expect(page.get_by_role("region", name="Pace")).to_be_visible()
    expect(usual).to_have_count(lines)
    if lines:
        expect(usual).to_have_text("12 % faster than your usual 132 wpm.")
