"""Delivery moment by moment, one sentence said again, and one's own view before the coach's."""

from playwright.sync_api import expect


def start(open_stage, **plan):
    page, server = open_stage(**plan)
    page.get_by_role("button", name="Start interview").click()
    page.get_by_role("button", name="Finish answer").click()
    return page, server


def delivery(open_stage):
    page, server = start(open_stage, attempt=3)
    page.locator(".jf-side-polished").wait_for()
    page.evaluate("""() => {
      const stage = document.querySelector(".jf-host").jfStage;
      window.played = [];
      stage.player.play = async (id, from, to) => { window.played.push([from, to]); return true; };
    }""")
    page.get_by_role("tab", name="How you said it").click()
    return page, server


def test_points_gaps_and_fillers_play_their_moment(open_stage):
    page, _ = delivery(open_stage)
    card = page.get_by_role("region", name="Moment by moment")
    expect(card.locator(".jf-point")).to_have_count(6)
    card.get_by_role("button", name="0:15: 171 words a minute, fast. Hear it").click()
    card.get_by_role("button", name="Pause of 3.4 seconds at 0:16. Hear it").click()
    card.get_by_role("button", name="Filler “um” at 0:01. Hear it").first.click()
    card.get_by_role("button", name="Loudest at").click()
    (pace, gap, filler, loud) = page.evaluate("window.played")
    assert pace == [0, 15] and [round(v, 1) for v in gap] == [15.4, 20.8]
    assert filler[1] - filler[0] < 2 and loud[1] - loud[0] == 3
    spoken = card.locator(".jf-spoken")
    assert spoken.locator(".jf-gap-long").count() == 1
    assert spoken.locator(".jf-filler").count() == 4


def test_what_was_said_twice_is_dotted_in_both_texts_counted_and_plays(open_stage):
    page, _ = delivery(open_stage)
    page.evaluate("""() => {
      const stage = document.querySelector(".jf-host").jfStage, text = stage.rewrite.transcript;
      const start = text.indexOf("was, you know,"), end = start + "was, you know, pretty".length;
      const twice = {start, end, text: text.slice(start, end), kind: "repetition", start_s: 5, end_s: 6};
      const delivery_metrics = {...stage.scores.delivery_metrics, repetitions: [twice], fillers_about: true};
      stage.scores = {...stage.scores, delivery_metrics};
      stage.rewrite = {...stage.rewrite, repetitions: [[start, end]]};
      stage.refresh();
    }""")
    expect(page.get_by_text("At least 1 word or phrase said twice")).to_be_visible()
    card = page.get_by_role("region", name="Moment by moment")
    card.get_by_role("button", name="Said twice: “was, you know, pretty” at 0:05. Hear it").click()
    assert [round(at, 1) for at in page.evaluate("window.played")[0]] == [4.4, 6.8]
    assert card.locator(".jf-spoken .jf-filler:not(.jf-again-said)").count() == 4, "the filler within stays a filler"
    page.get_by_role("tab", name="What you said").click()
    dotted = page.locator(".jf-side-transcript .jf-m-again")
    assert [text.strip(" ,") for text in dotted.all_inner_texts()] == ["was", "pretty"]
    assert page.locator(".jf-side-transcript .jf-m-filler").count() == 4


def test_a_typed_answer_has_no_moments(open_stage):
    page, _ = delivery(open_stage)
    page.evaluate("""() => {
      const stage = document.querySelector(".jf-host").jfStage;
      stage.scores = {...stage.scores, delivery_metrics: {...stage.scores.delivery_metrics, duration_s: 0}};
      stage.refresh();
    }""")
    expect(page.get_by_role("region", name="Moment by moment")).to_have_count(0)


def test_what_the_question_did_not_ask_for_is_grey_and_not_called_missing(open_stage):
    page, _ = start(open_stage)
    page.locator(".jf-side-polished").wait_for()
    page.evaluate("""() => {
      const stage = document.querySelector(".jf-host").jfStage;
      const star_checklist = {...stage.scores.star_checklist,
        result: {status: "missing", note: "Not needed for this question."}};
      stage.scores = {...stage.scores, star_checklist};
      stage.refresh();
    }""")
    expect(page.get_by_role("progressbar", name="Result: not needed")).to_be_visible()
    expect(page.locator(".jf-star-missing")).to_have_count(0)


def test_a_sentence_is_said_again_and_stitched_into_the_answer(open_stage):
    page, server = start(open_stage)
    page.locator(".jf-side-polished").wait_for()
    page.get_by_role("button", name="Say it again: I cut the scope").click()
    dialog = page.get_by_role("dialog", name="Say it again")
    expect(dialog.get_by_text("You said, at 0:11")).to_be_visible()
    dialog.get_by_role("button", name="Record").click()
    expect(dialog.get_by_text("Recording…")).to_be_visible()
    page.wait_for_timeout(1200)
    dialog.get_by_role("button", name="Stop").click()
    page.evaluate("document.querySelector('.jf-host').jfStage.player.own.clear()")
    dialog.get_by_role("button", name="Hear it in your answer").click()
    page.wait_for_function("document.querySelector('.jf-host').jfStage.player.url?.startsWith('blob:') ?? false")
    seconds = page.evaluate("""async () => {
      const sound = await (await fetch(document.querySelector(".jf-host").jfStage.player.url)).arrayBuffer();
      return (await new AudioContext().decodeAudioData(sound)).duration;
    }""")
    assert server.heard[-1] == "attempt-2", "what is no longer at hand comes from the server"
    assert 8 < seconds < 11, "8 s up to the sentence, the rest is past the end of this recording, and the new one"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert [c["type"] for c in server.commands if c["type"] not in ("START_INTERVIEW", "FINISH_ANSWER")] == []


def test_the_own_view_comes_first_in_three_taps_and_both_are_shown(open_stage):
    page, server = open_stage()
    switch = page.get_by_role("switch", name="Rate myself first")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    page.get_by_role("button", name="Start interview").click()
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("self-rating").wait_for()
    assert page.get_by_test_id("overall-score").count() == 0
    for name in ("Your story: good", "How you said it: fair", "All in all: strong"):
        page.get_by_role("button", name=name).click()
    expect(page.get_by_test_id("overall-score")).to_have_text("6.9")
    expect(page.get_by_test_id("both-views")).to_contain_text("Your story: you 8.0, the coach 6.4")
    (given,) = [c["payload"] for c in server.commands if c["type"] == "SELF_RATING"]
    assert given == {"attempt_id": "attempt-2", "content": 8, "delivery": 6, "overall": 10}
    page.reload()
    expect(page.get_by_role("switch", name="Rate myself first")).to_have_attribute("aria-checked", "true")


def test_the_scores_can_be_seen_without_rating(open_stage):
    page, server = open_stage()
    page.get_by_role("switch", name="Rate myself first").click()
    page.get_by_role("button", name="Start interview").click()
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_role("button", name="Show the scores").click()
    expect(page.get_by_test_id("overall-score")).to_be_visible()
    assert [c for c in server.commands if c["type"] == "SELF_RATING"] == []
