"""Earlier attempts opened from their dots, two of them side by side, and a summary whose lines lead somewhere."""

from playwright.sync_api import expect


def feedback(open_stage, **plan):
    page, server = open_stage(**plan)
    page.get_by_role("button", name="Start interview").click()
    page.get_by_role("button", name="Finish answer").click()
    page.locator(".jf-side-polished").wait_for()
    return page, server


def test_a_dot_lays_the_earlier_attempt_beside_the_new_one_with_what_changed(open_stage):
    page, server = feedback(open_stage, attempt=2)
    page.get_by_role("button", name="Attempt 1: 4.6").click()
    dialog = page.get_by_role("dialog", name="Attempt 1 beside attempt 2")
    expect(dialog.get_by_role("row", name="Overall 4.6 6.9 +2.3")).to_be_visible()
    expect(dialog.get_by_role("row", name="Task missing there better")).to_be_visible()
    expect(dialog.get_by_role("row", name="Words a minute 148 148 the same")).to_be_visible()
    came = dialog.locator(".jf-m-came").all_inner_texts()
    assert "fifteen minute call" in " ".join(came)
    assert "checkout rewrite" not in " ".join(came)
    server.heard.clear()
    dialog.get_by_role("button", name="Hear attempt 1").click()
    page.wait_for_function("true")
    expect(dialog.get_by_role("button", name="Hear attempt 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Attempt 1: 4.6")).to_be_focused()
    assert server.heard == ["attempt-1"]


def finished(open_stage):
    page, server = feedback(open_stage, last=True, attempt=3)
    page.get_by_role("button", name="Finish interview").click()
    page.get_by_text("Interview finished").wait_for()
    return page, server


def acts(page, name):
    return [act for act in page.evaluate("window.acts") if act["name"] == name]


def test_every_line_says_why_and_leads_to_something(open_stage):
    page, _ = finished(open_stage)
    expect(page.get_by_text("Your lowest answer: question 1, 7.1 of 10: result missing.")).to_be_visible()
    expect(page.get_by_text("1 of 2 questions answered")).to_be_visible()
    expect(page.get_by_role("heading", name="Your questions: 1 not answered")).to_be_visible()
    page.get_by_role("button", name="Save this: The checkout rescue").click()
    page.get_by_role("button", name="Add to resume: Add the checkout rescue").click()
    assert [act["attempt_id"] for act in acts(page, "save") + acts(page, "add_to_resume")] == ["attempt-3"] * 2
    page.evaluate("render({saved: ['attempt-3'], in_resume: ['attempt-3'], told: 'Added to “My resume”.'})")
    expect(page.get_by_role("button", name="Saved: The checkout rescue")).to_be_disabled()
    expect(page.get_by_role("button", name="Added: Add the checkout rescue")).to_be_disabled()
    expect(page.get_by_text("Added to “My resume”.")).to_be_visible()
    assert acts(page, "finished")


def test_an_unanswered_question_is_practised_by_its_id(open_stage):
    page, _ = finished(open_stage)
    page.get_by_role("button", name="Practise: When did you disagree with your manager?").click()
    page.get_by_role("button", name="Finish answer").wait_for()
    assert [act["id"] for act in acts(page, "practise")] == ["e2"]
    expect(page.get_by_text("Interview finished")).to_have_count(0)
