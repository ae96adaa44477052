"""The stage where something comes between: a long cut, a server started anew, a double click, a device that goes."""

from playwright.sync_api import Page, expect

STAGE = "document.querySelector('.jf-host').jfStage"
LIVE_TRACKS = "window.tracks.filter((track) => track.readyState === 'live').length"
SLOW_DEVICES = """() => {
  window.tracks = [];
  const asked = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.allow = [];
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (window.slow?.(wish)) await new Promise((go) => window.allow.push(go));
    const stream = wish.video ? document.createElement('canvas').captureStream(5) : await asked(wish);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}"""


def stage(page: Page, what: str):
    return page.evaluate(f"{STAGE}.{what}")


def begin(page: Page) -> None:
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()


def to_feedback(page: Page) -> None:
    begin(page)
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()


def sent(server, kind: str) -> list:
    return [command["payload"] for command in server.commands if command["type"] == kind]


def is_whole(server) -> bool:
    """Whether the frames that came are one capture without a gap."""
    frames = sorted({frame.first_sample: frame for frame in server.frames}.values(), key=lambda f: f.first_sample)
    ends = [frame.first_sample + len(frame.pcm16) // 2 for frame in frames]
    return len({frame.take for frame in frames}) == 1 and [f.first_sample for f in frames] == [0, *ends[:-1]]


def test_a_cut_is_tried_again_for_ever_told_and_loses_nothing(open_stage):
    page, server = open_stage()
    begin(page)
    server.plan["at"] = "LISTENING"
    page.wait_for_timeout(500)
    server.plan["busy"] = 3
    page.evaluate(f"() => {{ {STAGE}.link.tries = 11; {STAGE}.link.socket.close(4000); }}")
    page.locator("[data-connection=reconnecting]").wait_for()
    for _ in range(4):  # each try is made at once
        page.wait_for_function(f"{STAGE}.link.socket.readyState === WebSocket.CLOSED")
        page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator(".jf-toast", has_text="The database is busy.")).to_be_visible()
    assert page.locator("[data-state=LISTENING]").count() == 1
    page.locator("[data-connection=open]").wait_for(timeout=15_000)
    page.wait_for_timeout(400)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    assert is_whole(server), "what was said while there was no line came behind it"
    assert len(sent(server, "FINISH_ANSWER")) == 1


def test_a_long_cut_stands_on_the_page_until_it_is_over(open_stage):
    page, server = open_stage()
    begin(page)
    server.plan |= {"at": "LISTENING", "busy": 3}
    page.evaluate(f"{STAGE}.link.socket.close(4000)")
    banner = page.locator(".jf-banner", has_text="There is no connection to the coach")
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("kept in this browser")
    banner.get_by_role("button", name="Try now").click()
    expect(banner).to_have_count(0, timeout=15_000)
    assert page.locator("[data-connection=open]").count() == 1


def test_a_server_started_anew_finds_the_person_where_they_were(open_stage):
    """The page's own session is gone with the server; the answer goes on under the next one."""
    page, server = open_stage()
    begin(page)
    server.plan["at"] = "LISTENING"
    page.wait_for_timeout(500)
    page.evaluate("() => { window.render({session: null}); }")
    page.wait_for_function("window.acts.some((act) => act.name === 'resume' && act.id === 'i1')")
    page.locator("[data-connection=open]").wait_for()
    assert page.locator("[data-state=LISTENING]").count() == 1
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    assert is_whole(server)


def test_who_leaves_is_at_the_start_again(open_stage):
    page, _ = open_stage()
    to_feedback(page)
    page.evaluate("() => { window.render({session: null, reset: 1}); }")
    page.locator("[data-state=INTRO_LOADING]").wait_for()
    expect(page.get_by_role("button", name="Start interview")).to_be_enabled()
    assert not page.evaluate("window.acts.some((act) => act.name === 'resume')")


def test_a_refused_line_takes_what_was_said_along(open_stage):
    """The token has expired in the middle of an answer: *Try again* gets another one."""
    page, server = open_stage()
    begin(page)
    server.plan["at"] = "LISTENING"
    page.wait_for_timeout(500)
    page.evaluate(f"""() => {{
      const {{ link }} = {STAGE};
      link.audio = () => {{}};  // from here on nothing arrives
      setTimeout(() => link.socket.onclose({{ code: 4401, reason: "The token has expired." }}), 400);
    }}""")
    page.locator("[data-state=ERROR_RECOVERABLE]").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("The token has expired.")
    page.wait_for_function(f"{STAGE}.path.held.length === 1")
    said = stage(page, "path.held[0].frames.length")
    page.get_by_role("button", name="Try again").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("overall-score").wait_for()
    first = server.frames[0].take
    assert len({frame.first_sample for frame in server.frames if frame.take == first}) == said
    assert len({frame.take for frame in server.frames}) == 2


def test_the_same_refusal_twice_never_leaves_the_start_button_waiting(open_stage):
    page, _ = open_stage()
    start = page.get_by_role("button", name="Start interview")
    for at in (1, 2):
        page.evaluate(f"() => {{ {STAGE}.joining = {at}; {STAGE}.starting = true; {STAGE}.refresh(); }}")
        expect(start).to_be_disabled()
        page.evaluate(f"() => {{ window.render({{failure: 'Your plan is used up.', failed_at: {at}}}); }}")
        expect(start).to_be_enabled()


def test_a_story_that_could_not_be_saved_does_not_say_saved(open_stage):
    page, _ = open_stage()
    to_feedback(page)
    page.locator(".jf-side-polished").wait_for()
    save = page.get_by_role("button", name="Save to library")
    save.click()
    expect(save).to_have_text("Saved")
    page.evaluate("() => { window.render({failure: 'The database is busy.', failed_at: 7}); }")
    expect(save).to_have_text("Save to library")


def test_r_in_a_dialog_is_no_retry(open_stage):
    page, server = open_stage()
    to_feedback(page)
    page.locator(".jf-side-polished").wait_for()
    page.locator(".jf-again").first.click()
    page.get_by_test_id("resay").wait_for()
    page.keyboard.press("r")
    page.wait_for_timeout(200)
    assert sent(server, "RETRY_QUESTION") == []
    assert page.get_by_test_id("resay").is_visible()


def test_a_sentence_said_again_leaves_no_microphone_open(open_stage):
    page, _ = open_stage()
    page.evaluate(SLOW_DEVICES)
    to_feedback(page)
    page.locator(".jf-side-polished").wait_for()
    before = page.evaluate(LIVE_TRACKS)
    page.evaluate("() => { window.slow = () => true; }")
    page.locator(".jf-again").first.click()
    dialog = page.get_by_test_id("resay")
    dialog.get_by_role("button", name="Record").dblclick()
    page.wait_for_function("window.allow.length > 0")
    assert page.evaluate("window.allow.length") == 1, "a double click records once"
    dialog.get_by_role("button", name="Close").click()
    page.evaluate("() => window.allow.forEach((go) => go())")
    page.wait_for_function("window.tracks.length > 1")
    page.wait_for_function(f"{LIVE_TRACKS} <= {before}")


def test_a_camera_allowed_after_leaving_is_not_left_on(open_stage):
    page, _ = open_stage()
    page.evaluate(SLOW_DEVICES)
    page.evaluate("() => { window.slow = (wish) => wish.video; }")
    page.get_by_role("switch", name="Eye contact").click()
    begin(page)
    page.wait_for_function("window.allow.length === 1")
    page.evaluate("() => { window.render({session: null, reset: 1}); }")
    page.locator("[data-state=INTRO_LOADING]").wait_for()
    page.evaluate("() => window.allow.forEach((go) => go())")
    page.wait_for_function("window.tracks.some((track) => track.kind === 'video')")
    page.wait_for_function("window.tracks.every((track) => track.kind !== 'video' || track.readyState === 'ended')")
    assert stage(page, "camera.on") is False


def test_a_camera_that_goes_measures_nothing_more(open_stage):
    page, _ = open_stage()
    page.route("**/assets/face_mesh/**", lambda route: None)  # it is still loading
    page.evaluate(SLOW_DEVICES)
    page.get_by_role("switch", name="Eye contact").click()
    begin(page)
    page.wait_for_function(f"{STAGE}.camera.on")
    page.evaluate(f"() => {STAGE}.camera.stream.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator(".jf-toast", has_text="The camera is gone")).to_be_visible()
    assert stage(page, "camera.on") is False


def test_sound_goes_on_when_the_person_is_back(open_stage):
    """A phone that was locked: its context stands still, and iOS leaves it so."""
    page, server = open_stage()
    begin(page)
    page.wait_for_timeout(300)
    page.evaluate(f"{STAGE}.mic.context.suspend()")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_function(f"{STAGE}.mic.context.state === 'running'")
    count = len(server.frames)
    page.wait_for_timeout(400)
    assert len(server.frames) > count + 3


def test_a_recording_that_was_not_there_yet_is_played_the_next_time(open_stage):
    page, server = open_stage()
    to_feedback(page)
    page.route("**/attempts/*/audio*", lambda route: route.fulfill(status=404))
    page.evaluate(f"{STAGE}.player.own.clear()")
    assert page.evaluate(f"{STAGE}.player.play('attempt-2', 0, 1, {STAGE}.session)") is False
    page.unroute("**/attempts/*/audio*")
    assert page.evaluate(f"{STAGE}.player.play('attempt-2', 0, 1, {STAGE}.session)") is True
    assert server.heard[-1] == "attempt-2"


def test_an_older_browser_draws_the_waveform_without_round_corners(open_stage):
    page, _ = open_stage()
    page.evaluate("() => { CanvasRenderingContext2D.prototype.roundRect = undefined; }")
    to_feedback(page)


def test_a_long_answer_is_started_over_on_a_second_word_only(open_stage):
    page, server = open_stage()
    begin(page)
    page.keyboard.press("r")
    page.wait_for_timeout(100)
    assert len(sent(server, "RESTART_ANSWER")) == 1, "a false start is dropped at once"
    page.evaluate(f"() => {{ {STAGE}.level = {{ seconds: 42 }}; }}")
    page.get_by_role("button", name="Start over").click()
    asked = page.locator(".jf-banner", has_text="Start this answer over?")
    expect(asked).to_contain_text("42 s")
    asked.get_by_role("button", name="Keep answering").click()
    expect(asked).to_have_count(0)
    page.keyboard.press("r")
    page.wait_for_timeout(800)
    assert len(sent(server, "RESTART_ANSWER")) == 1
    page.keyboard.press("r")
    expect(asked).to_have_count(0)
    page.wait_for_timeout(100)
    assert len(sent(server, "RESTART_ANSWER")) == 2
