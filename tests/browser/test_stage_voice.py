"""The interviewer's voice in the stage: a clip is played to its end, a missing one leaves it to the browser."""

import pytest
from playwright.sync_api import expect

from tests.browser import stage_content as content

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


def test_what_was_cut_off_before_it_could_sound_is_not_said_over_the_next_thing(open_stage):
    page, server = open_stage(say=ASKED, clip="/clips/growing.wav")
    page.evaluate(
        """() => { window.spoken = []; window.held = false;
        window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
        speechSynthesis.getVoices = () => [{ name: "Ann", lang: "en-US" }];
        speechSynthesis.speak = (said) => window.spoken.push(said.text);
        const resume = AudioContext.prototype.resume, get = window.fetch, wait = window.setTimeout;
        window.fetch = async (url, ...more) => {
          const got = await get(url, ...more); window.asked = `${url}`.includes("growing"); return got; };
        AudioContext.prototype.resume = function () {
          if (!window.asked) return resume.call(this);
          window.held = true; return new Promise((go) => { window.go = go; }); };
        window.setTimeout = (act, ms, ...more) => wait(act, ms === 300 ? 20000 : ms, ...more); }"""
    )
    page.get_by_role("button", name="Start interview").click()
    page.wait_for_function("window.held")
    server.cut_off()
    page.locator("[data-state=LISTENING]").wait_for(timeout=15_000)
    page.evaluate("async () => { window.go(); await new Promise((turn) => requestAnimationFrame(() => turn())); }")
    server.more.set()
    page.wait_for_timeout(200)
    assert ASKED not in page.evaluate("window.spoken")


LED_IN = "That was not an easy one, and you stayed with it."


def test_what_leads_a_question_in_is_read_as_well_while_it_is_asked(open_stage):
    page, _ = open_stage(say=content.QUESTION, lead_in=LED_IN, hold_asking=True, data={"voice": "none"})
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
