"""Every state of the stage against a scripted conductor: what is shown, what is sent, what stays where it is."""

import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser import stage_content as content

pytestmark = pytest.mark.browser


def begin(page: Page) -> None:
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()


def answer(page: Page) -> None:
    begin(page)
    page.get_by_role("button", name="Finish answer").click()


def to_feedback(page: Page) -> None:
    answer(page)
    page.get_by_test_id("overall-score").wait_for()


def sent(server, kind: str) -> list[dict]:
    return [command["payload"] for command in server.commands if command["type"] == kind]


WATCH = """() => {
  const root = document.querySelector('.jf');
  const rects = () => ['.jf-scene', '.jf-scorecard', '.jf-slot-star', '.jf-slot-insight'].map((name) => {
    const box = document.querySelector(name).getBoundingClientRect();
    return [box.x, box.y, box.width].map(Math.round);
  });
  window.seen = {};
  window.boxes = {};
  window.modes = new Set();
  new MutationObserver(() => {
    const state = root.dataset.state;
    window.seen[state] ??= performance.now();
    if (['PROCESSING', 'FEEDBACK'].includes(state)) requestAnimationFrame(() => { window.boxes[state] ??= rects(); });
  }).observe(root, {attributes: true, attributeFilter: ['data-state']});
  const figure = document.querySelector('.jf-figure-box');
  new MutationObserver(() => window.modes.add(figure.firstChild.dataset.mode))
    .observe(figure, {subtree: true, attributes: true, attributeFilter: ['data-mode']});
}"""


def test_asking_shows_the_question_and_nothing_else(open_stage):
    page, server = open_stage(motion=True, hold_asking=True, say="Over to you.")
    page.evaluate(WATCH)
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=ASKING]").wait_for()
    expect(page.get_by_text(content.QUESTION)).to_be_visible()
    assert page.get_by_role("button").count() == 0
    size = page.locator(".jf-subtitle p").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 24
    page.wait_for_function("window.modes.has('speaking') && window.modes.has('idle')")
    assert [done["task_id"] for done in sent(server, "SPEECH_DONE")] == ["s1"]


def test_microphone_reaches_the_server_as_16_khz_frames(open_stage):
    page, server = open_stage()
    begin(page)
    page.wait_for_function("document.querySelector('.jf-host').jfStage.path.take.kept >= 30 * 640")
    assert {len(frame.pcm16) for frame in server.frames} == {1280}
    assert [(f.sequence, f.first_sample) for f in server.frames] == [(n, n * 640) for n in range(len(server.frames))]
    assert len({frame.take for frame in server.frames}) == 1
    said = [*server.frames]
    now_ms = page.evaluate("performance.timeOrigin + performance.now()")
    assert all(0 < now_ms - frame.clock_ms < 60_000 for frame in said)
    assert max(np.abs(np.frombuffer(frame.pcm16, "<i2").astype(int)).max() for frame in server.frames) > 1000


def test_finish_fades_while_speaking_and_keeps_its_name(open_stage):
    page, server = open_stage(motion=True, levels="speaking")
    begin(page)
    finish = page.get_by_role("button", name="Finish answer", exact=True)
    page.locator("[data-phase=speaking]").wait_for()
    expect(finish).to_have_text("Listening…")
    page.wait_for_function("getComputedStyle(document.querySelector('.jf-finish')).opacity === '0.5'")
    server.plan["levels"] = "pause"
    page.wait_for_timeout(350)
    expect(finish).to_have_text("Listening…")
    server.plan["levels"] = "ready"
    page.locator("[data-phase=ready]").wait_for()
    expect(finish).to_have_text("Complete answer")
    page.wait_for_function("getComputedStyle(document.querySelector('.jf-finish')).opacity === '1'")
    finish.click()
    page.locator("[data-state=PROCESSING]").wait_for()


def test_start_over_asks_for_a_fresh_recording_only(open_stage):
    page, server = open_stage()
    begin(page)
    page.get_by_role("button", name="Start over").click()
    page.wait_for_timeout(200)
    assert sent(server, "RESTART_ANSWER") == [{"attempt_id": "attempt-2"}]
    assert sent(server, "FINISH_ANSWER") == []
    assert page.locator("[data-state=LISTENING]").count() == 1


def test_skeleton_stands_at_least_800_ms_and_nothing_jumps(open_stage):
    page, _ = open_stage(motion=True)
    begin(page)
    page.evaluate(WATCH)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    page.wait_for_function("window.boxes.FEEDBACK")
    shown_ms = page.evaluate("window.seen.FEEDBACK - window.seen.PROCESSING")
    before, after = page.evaluate("[window.boxes.PROCESSING, window.boxes.FEEDBACK]")
    assert shown_ms >= 800
    assert after == before


def test_dashboard_tells_star_score_and_history(open_stage):
    page, _ = open_stage(attempt=3)
    to_feedback(page)
    expect(page.get_by_test_id("overall-score")).to_have_text("8.1")
    expect(page.get_by_role("tab", name="What you said")).to_have_attribute("aria-selected", "true")
    result = page.get_by_role("progressbar", name="Result: missing")
    assert result.get_attribute("aria-valuenow") == "0"
    assert page.get_by_role("progressbar", name="Situation: present").get_attribute("aria-valuenow") == "100"
    assert page.locator(".jf-dot.jf-best").count() == 1
    bands = [dot.get_attribute("class").split()[1] for dot in page.locator(".jf-dot").all()]
    assert bands == ["jf-b-low", "jf-b-mid", "jf-b-high"]
    assert page.locator(".jf-points-improve li").count() <= 3
    assert page.get_by_text("offline coach").is_visible()
    assert page.locator(".jf-m-filler").count() == len(content.fillers())


def test_coach_notes_are_off_until_switched_on_and_point_at_the_changed_words(open_stage):
    page, _ = open_stage()
    to_feedback(page)
    switch = page.get_by_role("switch", name="Coach notes")
    switch.wait_for()
    assert switch.get_attribute("aria-checked") == "false"
    assert page.locator(".jf-side-polished mark").count() == 0
    switch.click()
    assert page.get_by_role("switch", name="Coach notes").get_attribute("aria-checked") == "true"
    marks = [mark.inner_text() for mark in page.locator(".jf-side-polished mark").all()]
    assert [mark.rstrip("123") for mark in marks][-1] == "checkout errors fell by [X%]"
    assert page.get_by_text("A result needs a figure.").is_visible()


def test_delivery_tab_by_keyboard_says_what_cannot_be_measured(open_stage):
    page, _ = open_stage(verbatim=False)
    to_feedback(page)
    page.get_by_role("tab", name="What you said").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="How you said it")).to_be_focused()
    fillers = page.get_by_role("region", name="Fillers")
    expect(fillers).to_contain_text("Fillers not measurable with this transcriber")
    assert "0" not in fillers.inner_text()
    expect(page.locator(".jf-subscores")).to_contain_text("not available")
    assert page.get_by_role("img", name="130 to 160").is_visible()


def test_evidence_plays_that_moment_and_marks_it(open_stage):
    page, _ = open_stage()
    begin(page)
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    page.get_by_role("button", name="Hear it: Situation").click()
    expect(page.locator(".jf-m-heard")).to_have_text("our checkout rewrite was about six weeks late")


def test_a_doubtful_transcript_is_marked_waits_and_is_sent_as_corrected(open_stage):
    page, server = open_stage(review=True)
    answer(page)
    area = page.get_by_label("Transcript of your answer")
    expect(page.get_by_test_id("doubtful").locator("mark")).to_have_count(2)
    expect(page.get_by_test_id("transcript-review")).to_contain_text("Take your time")
    assert sent(server, "SUBMIT_TRANSCRIPT") == []
    area.fill("We shipped four days early and errors fell by 20 percent.")
    page.get_by_role("button", name="Use this text").click()
    page.get_by_test_id("overall-score").wait_for()
    assert sent(server, "SUBMIT_TRANSCRIPT")[0]["text"].startswith("We shipped four days early")


def test_what_was_misheard_is_corrected_after_feedback_and_scored_again(open_stage):
    page, server = open_stage()
    to_feedback(page)
    page.get_by_role("button", name="Not what you said?").click()
    draft = page.get_by_label("Correct the text")
    page.get_by_role("button", name="Correct and score again").click()
    expect(draft).to_have_count(0)
    assert sent(server, "SUBMIT_TRANSCRIPT") == [], "nothing was changed"
    page.get_by_role("button", name="Not what you said?").click()
    draft.fill("We shipped four days early.")
    page.get_by_role("button", name="Correct and score again").click()
    page.get_by_test_id("overall-score").wait_for()
    (command,) = sent(server, "SUBMIT_TRANSCRIPT")
    assert command["text"] == "We shipped four days early." and command["attempt_id"]


def test_a_corrected_text_survives_a_reload_and_a_line_that_is_dead_at_the_click(open_stage):
    page, server = open_stage(data={"resumable": {"id": "i1", "label": "Today"}})
    to_feedback(page)
    page.get_by_role("button", name="Not what you said?").click()
    page.get_by_label("Correct the text").fill("We shipped five days early.")
    server.plan["at"] = "FEEDBACK"
    page.reload()
    page.get_by_role("button", name="Resume interview").click()
    expect(page.get_by_label("Correct the text")).to_have_value("We shipped five days early.")
    page.evaluate("document.querySelector('.jf-host').jfStage.link.socket.send = () => {}")
    page.get_by_role("button", name="Correct and score again").click()
    page.evaluate("document.querySelector('.jf-host').jfStage.link.socket.close()")
    page.locator("[data-connection=reconnecting]").wait_for()
    page.locator("[data-connection=open][data-state=FEEDBACK]").wait_for()
    page.wait_for_function("!document.querySelector('.jf-host').jfStage.submitted")
    assert [command["text"] for command in sent(server, "SUBMIT_TRANSCRIPT")] == ["We shipped five days early."]
    expect(page.get_by_label("Correct the text")).to_have_count(0)
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_two_wishes_in_one_run_of_the_page_are_both_brought(open_stage):
    page, _ = open_stage()
    last = page.evaluate("""() => {
        const stage = document.querySelector('.jf-host').jfStage;
        stage.act('audio_path', {webrtc: false});
        stage.act('finished', {});
        return window.acts.at(-1);
    }""")
    assert (last["name"], [wish["name"] for wish in last["before"]]) == ("finished", ["audio_path"])
    assert last["seq"] > last["before"][0]["seq"]
    page.evaluate(f"void window.render({{heard: {last['seq']}}})")
    page.evaluate("document.querySelector('.jf-host').jfStage.act('again', {})")
    assert page.evaluate("window.acts.at(-1).before") == []


def test_the_stage_rests_while_feedback_is_read(open_stage):
    page, _ = open_stage()
    begin(page)
    assert stage(page, "ticker")
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    page.wait_for_function("!document.querySelector('.jf-host').jfStage.path.due")
    assert not stage(page, "ticker")


def test_actions_send_commands(open_stage):
    page, server = open_stage(follow_up=True, attempt=1)
    to_feedback(page)
    page.get_by_role("button", name="Save to library").click()
    page.get_by_role("button", name="Answer follow-up").wait_for()
    assert page.evaluate("window.acts.at(-1).name") == "save"
    page.get_by_role("button", name="Retry question").click()
    page.locator("[data-state=LISTENING]").wait_for()
    assert sent(server, "RETRY_QUESTION") == [{"question_id": "q1"}]


def test_last_question_ends_in_the_summary(open_stage):
    page, server = open_stage(last=True)
    to_feedback(page)
    sockets = len(server.sockets)
    assert page.get_by_role("button", name="Next question").count() == 0
    page.get_by_role("button", name="Finish interview").click()
    expect(page.get_by_text("Interview finished")).to_be_visible()
    assert page.get_by_role("button", name="Delete this session").is_visible()
    page.wait_for_timeout(500)
    assert page.get_by_text("Interview finished").is_visible()
    assert len(server.sockets) == sockets
    assert page.evaluate("document.querySelector('.jf-host').jfStage.mic.open") is False


def test_refused_microphone_says_the_mend_and_the_answer_can_be_typed(open_stage):
    page, server = open_stage()
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(Object.assign(new Error('no'), {name: 'NotAllowedError'})); }"""
    )
    page.get_by_role("button", name="Start interview").click()
    expect(page.get_by_role("alert")).to_contain_text("choose Allow")
    assert sent(server, "START_INTERVIEW") == []
    page.get_by_role("button", name="Type my answers").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.get_by_label("Your answer").fill("I led it.")
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    assert sent(server, "START_INTERVIEW") == [{"audio": "none"}]
    assert sent(server, "SUBMIT_TRANSCRIPT") == [{"attempt_id": "attempt-2", "text": "I led it."}]


@pytest.mark.parametrize(
    ("name", "words"),
    [("NotFoundError", "No microphone was found"), ("NotReadableError", "Another program"), ("", "https")],
)
def test_preflight_names_each_trouble(open_stage, name, words):
    page, _ = open_stage()
    script = "() => { Object.defineProperty(navigator, 'mediaDevices', {value: undefined}); }"
    if name:
        script = (
            "() => { navigator.mediaDevices.getUserMedia = () => "
            f"Promise.reject(Object.assign(new Error('x'), {{name: '{name}'}})); }}"
        )
    page.evaluate(script)
    page.get_by_role("button", name="Check microphone").click()
    expect(page.get_by_role("alert")).to_contain_text(words)


def test_preflight_hears_a_good_voice(open_stage):
    page, _ = open_stage()
    page.get_by_role("button", name="Check microphone").click()
    expect(page.get_by_role("meter", name="Microphone level")).to_be_visible()
    expect(page.locator(".jf-verdict")).to_contain_text("You sound clear", timeout=8000)


def test_camera_is_only_opened_when_asked_for(open_stage):
    page, _ = open_stage()
    page.evaluate(
        """() => { window.asked = []; const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => { window.asked.push(Object.keys(wish).filter((k) => wish[k]));
          return wish.video ? Promise.reject(new Error('none')) : real(wish); }; }"""
    )
    switch = page.get_by_role("switch", name="Eye contact")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    begin(page)
    expect(page.locator(".jf-toast")).to_contain_text("eye contact is not measured")
    assert page.evaluate("window.asked") == [["audio"], ["video"]]
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()


def test_cut_connection_comes_back_to_the_same_place(open_stage):
    page, server = open_stage()
    begin(page)
    server.plan["at"] = "LISTENING"
    page.evaluate("document.querySelector('.jf-host').jfStage.link.socket.close(4000)")
    page.locator("[data-connection=reconnecting]").wait_for()
    page.locator("[data-connection=open]").wait_for()
    assert page.locator("[data-state=LISTENING]").count() == 1
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()


def test_delayed_feedback_lets_the_person_go_on(open_stage):
    page, _ = open_stage(delayed=True)
    answer(page)
    page.locator("[data-state=ERROR_RECOVERABLE]").wait_for()
    expect(page.get_by_text("We captured your answer. Feedback is delayed.")).to_be_visible()
    assert page.get_by_role("button", name="Next question").is_visible()
    page.get_by_role("button", name="Retry question").click()
    page.locator("[data-state=LISTENING]").wait_for()


def test_after_a_crisis_there_is_help_and_no_score(open_stage):
    page, _ = open_stage(said="I don't want to be alive anymore.")
    answer(page)
    expect(page.get_by_role("heading", name="You matter more than this practice")).to_be_visible()
    expect(page.get_by_role("list", name="Where to find help")).to_contain_text("988")
    assert page.get_by_test_id("overall-score").count() == 0
    assert page.get_by_role("button", name="Save to library").count() == 0
    assert page.get_by_role("button", name="Retry question").is_visible()


def test_a_protected_fact_leaves_the_polished_version_on_a_click_only(open_stage):
    page, _ = open_stage(said="I have epilepsy.", told="I have epilepsy. I led the checkout rewrite.")
    to_feedback(page)
    polished = page.locator(".jf-side-polished")
    polished.wait_for()
    expect(page.get_by_role("note", name="Before the feedback")).to_contain_text("need not tell")
    expect(polished).to_contain_text("epilepsy")
    page.get_by_role("button", name="Leave it out of the polished version").click()
    expect(polished).not_to_contain_text("epilepsy")
    expect(page.get_by_test_id("overall-score")).to_be_visible()


def test_blocking_error_says_what_was_saved(open_stage):
    page, _ = open_stage()
    to_feedback(page)
    page.get_by_role("button", name="Next question").click()
    page.locator("[data-state=ERROR_BLOCKING]").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("disk is full")


def test_phone_shows_one_version_at_a_time_and_never_scrolls_sideways(open_stage):
    page, _ = open_stage(width=390)
    to_feedback(page)
    page.locator(".jf-side-polished").wait_for()
    assert not page.locator(".jf-side-transcript").is_visible()
    page.get_by_role("button", name="Your words").click()
    assert page.locator(".jf-side-transcript").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def stage(page: Page, what: str):
    return page.evaluate(f"document.querySelector('.jf-host').jfStage.{what}")


LATE_BY_300_MS = """() => {
  const { path, mic } = document.querySelector('.jf-host').jfStage, port = mic.capture.port;
  const take = port.onmessage.bind(port);
  window.captured = path.take.samples;
  port.onmessage = (event) => {
    window.captured += event.data?.length ?? 0;
    setTimeout(() => take(event), 300);
  };
}"""


def test_what_a_busy_machine_brings_late_is_part_of_the_answer(open_stage):
    """The audio thread and the page are 300 ms apart: what was captured before *Finish* comes after it."""
    page, server = open_stage()
    begin(page)
    page.evaluate(LATE_BY_300_MS)
    page.wait_for_timeout(900)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    recorded = sum(len(frame.pcm16) // 2 for frame in server.frames)
    assert recorded == page.evaluate("window.captured") > 8_000


def test_finish_stops_the_track_and_says_when(open_stage):
    page, server = open_stage(hold_processing=True)
    begin(page)
    page.wait_for_timeout(1000)
    page.get_by_role("button", name="Finish answer").click()
    assert stage(page, "mic.live") is None and stage(page, "mic.stream.getAudioTracks()[0].enabled") is False
    page.wait_for_function("!document.querySelector('.jf-host').jfStage.path.ending")
    (finish,) = sent(server, "FINISH_ANSWER")
    last = server.frames[-1]
    assert finish["take"] == last.take
    assert abs(finish["timestamp_ms"] - (last.clock_ms + len(last.pcm16) / 32)) < 0.01
    count = len(server.frames)
    page.wait_for_timeout(400)
    assert len(server.frames) == count


def test_what_a_cut_connection_lost_is_sent_again_and_finish_behind_it(open_stage):
    page, server = open_stage(at="LISTENING")
    begin(page)
    page.wait_for_timeout(600)
    server.plan["dead"] = True
    page.wait_for_timeout(300)
    stage(page, "link.socket.close(4000)")
    page.get_by_role("button", name="Finish answer").click()
    server.plan["dead"] = False
    page.get_by_test_id("overall-score").wait_for()
    takes = {frame.take for frame in server.frames}
    places = sorted({(frame.first_sample, len(frame.pcm16) // 2) for frame in server.frames})
    assert len(takes) == 1
    assert all(a[0] + a[1] == b[0] for a, b in pairwise(places))
    assert [frame["take"] for frame in sent(server, "FINISH_ANSWER")] == [*takes]


def test_a_silent_line_is_told_within_5_s_until_it_flows_again(open_stage):
    page, server = open_stage()
    begin(page)
    page.wait_for_timeout(300)
    server.plan["dead"] = True
    expect(page.get_by_role("alert")).to_contain_text("kept in this browser", timeout=5000)
    server.plan["dead"] = False
    expect(page.get_by_role("alert")).to_have_count(0, timeout=3000)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()


def test_a_permission_that_is_never_answered_shows_the_mend_and_typing_works(open_stage):
    page, server = open_stage()
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => {}); }")
    page.get_by_role("button", name="Start interview").click()
    expect(page.get_by_role("button", name="Type my answers")).to_be_enabled(timeout=1000)
    expect(page.get_by_role("alert")).to_contain_text("choose Allow", timeout=10_000)
    assert page.get_by_role("button", name="Start interview").is_enabled()
    page.get_by_role("button", name="Type my answers").click()
    page.get_by_label("Your answer").fill("I led it.")
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    assert sent(server, "START_INTERVIEW") == [{"audio": "none"}]


def test_typing_can_be_chosen_while_the_permission_is_open(open_stage):
    page, server = open_stage()
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => {}); }")
    page.get_by_role("button", name="Start interview").click()
    page.get_by_role("button", name="Type my answers").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_timeout(300)
    assert sent(server, "START_INTERVIEW") == [{"audio": "none"}]


def test_a_permission_given_late_is_taken(open_stage):
    page, _ = open_stage()
    page.evaluate(
        """() => { const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => new Promise((done) => {
          window.allow = () => done(real(wish)); }); }"""
    )
    page.get_by_role("button", name="Check microphone").click()
    expect(page.get_by_role("alert")).to_contain_text("choose Allow", timeout=10_000)
    page.evaluate("window.allow()")
    expect(page.get_by_role("meter", name="Microphone level")).to_be_visible()


def test_a_lost_microphone_stays_said_until_a_new_one_is_taken(open_stage):
    page, server = open_stage()
    begin(page)
    page.wait_for_timeout(500)
    stage(page, "mic.stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("no longer there")
    count = len(server.frames)
    page.wait_for_timeout(7000)
    expect(banner).to_contain_text("What you said so far is kept")
    assert len(server.frames) <= count + 2
    page.get_by_role("button", name="Use another microphone").click()
    expect(banner).to_have_count(0)
    for _ in range(100):
        if len({frame.take for frame in server.frames}) == 2:
            break
        page.wait_for_timeout(100)
    assert len({frame.take for frame in server.frames}) == 2
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()


def test_a_device_that_slept_is_silence_of_the_right_length(open_stage):
    """A phone that was locked for 2 s: its clock stood, the frames went on behind it."""
    page, server = open_stage()
    begin(page)
    page.wait_for_timeout(400)
    page.evaluate(
        """async () => { const context = document.querySelector('.jf-host').jfStage.mic.context;
        await context.suspend(); await new Promise((done) => setTimeout(done, 2000)); await context.resume(); }"""
    )
    page.wait_for_timeout(800)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    frames = sorted(server.frames, key=lambda frame: frame.first_sample)
    gaps = [b.first_sample - a.first_sample - len(a.pcm16) // 2 for a, b in pairwise(frames)]
    assert sum(gaps) / 16_000 == pytest.approx(2.0, abs=0.2) and len([gap for gap in gaps if gap]) == 1


def test_the_clock_goes_on_from_what_was_kept(open_stage):
    page, _ = open_stage(kept_s=11.4)
    begin(page)
    expect(page.get_by_text("11 s kept so far")).to_be_visible()
    expect(page.locator(".jf-time")).to_have_text(re.compile("0:1[1-4]"))
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_text("kept so far")).to_have_count(0)
    expect(page.locator(".jf-time")).to_have_text(re.compile("0:0[0-2]"))


def test_webrtc_is_a_stand_in_and_the_socket_carries_the_answer(open_stage):
    page, server = open_stage(data={"webrtc": {"offered": True, "playing": False}}, say="Over to you.")
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=ASKING]").wait_for()
    page.evaluate("() => { window.render({webrtc: {offered: true, playing: true}}); }")
    page.locator("[data-state=LISTENING]").wait_for()
    page.locator("[data-stand-in=ready][data-audio=socket]").wait_for()
    page.wait_for_timeout(500)
    assert len(server.frames) > 5
    page.evaluate("() => { window.render({webrtc: {offered: true, playing: false}}); }")
    page.locator("[data-stand-in=off]").wait_for()
    assert page.evaluate("window.acts.at(-1)")["webrtc"] is False
    before = len(server.frames)
    page.wait_for_timeout(400)
    assert len(server.frames) > before + 5


def test_an_answer_can_be_typed_or_spoken_at_any_moment(open_stage):
    page, server = open_stage()
    begin(page)
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer").fill("I led the checkout team.")
    count = len(server.frames)
    assert count and stage(page, "mic.stream.getAudioTracks()[0].enabled") is False
    page.get_by_role("button", name="Speak instead").click()
    page.wait_for_timeout(500)
    assert len(server.frames) > count + 3
    page.get_by_role("button", name="Type instead").click()
    expect(page.get_by_label("Your answer")).to_have_value("I led the checkout team.")
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    assert [sent(server, kind) for kind in ("FINISH_ANSWER", "SUBMIT_TRANSCRIPT")] == [
        [],
        [{"attempt_id": "attempt-2", "text": "I led the checkout team."}],
    ]


def test_an_empty_answer_is_not_sent(open_stage):
    page, server = open_stage()
    begin(page)
    page.get_by_role("button", name="Type instead").click()
    page.get_by_role("button", name="Finish answer").click()
    expect(page.get_by_text("Write your answer first")).to_be_visible()
    assert page.locator("[data-state=LISTENING]").count() == 1 and sent(server, "SUBMIT_TRANSCRIPT") == []


def test_a_reload_keeps_the_draft_and_the_mode(open_stage):
    resumable = {"id": "i1", "label": "Today"}
    page, server = open_stage(data={"resumable": resumable})
    begin(page)
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer").fill("Half an answer")
    server.plan["at"] = "LISTENING"
    page.reload()
    page.get_by_role("button", name="Resume interview").click()
    expect(page.get_by_label("Your answer")).to_have_value("Half an answer")
    assert stage(page, "mic.open") is False
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_keys_work_from_everywhere_but_where_one_writes(open_stage):
    page, server = open_stage()
    begin(page)
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("r")
    page.wait_for_timeout(300)
    assert len(sent(server, "RESTART_ANSWER")) == 1
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer").press_sequentially("r r")
    page.get_by_role("button", name="Speak instead").click()
    page.locator("body").click(position={"x": 5, "y": 5})
    page.wait_for_timeout(300)
    page.keyboard.press("Space")
    page.get_by_test_id("overall-score").wait_for()
    assert len(sent(server, "RESTART_ANSWER")) == 1 and len(sent(server, "FINISH_ANSWER")) == 1
    page.keyboard.press("r")
    page.locator("[data-state=LISTENING]").wait_for()
    assert len(sent(server, "RETRY_QUESTION")) == 1


@pytest.mark.parametrize(("width", "height"), [(390, 664), (1024, 700), (640, 400), (1440, 820)])
def test_start_is_above_the_fold(open_stage, width, height):
    """A phone with its bars, a small laptop, and a laptop of 1280 x 800 at 200 %."""
    page, _ = open_stage(width=width)
    page.set_viewport_size({"width": width, "height": height})
    box = page.get_by_role("button", name="Start interview").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= height
