"""The main job on the real application: speak, be coached, retry, find both attempts after a restart."""

import jiwer
import pytest
from playwright.sync_api import Browser, Page, expect

from coach.cli.eval.recordings import normalised
from coach.contracts.interview import AttemptStatus, InterviewStatus
from coach.store import open_store
from coach.store.repositories import interviews, queries
from tests.browser.conftest import CALM, SPOKEN, RunningApp

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = "Last spring our checkout project was late. I cut the scope and we shipped."
SECOND = (
    "Last spring our checkout project was six weeks late and two big customers were about to leave. I was asked to "
    "bring it back before the summer sale. I cut the scope to three payment methods, I set up a daily call with two "
    "teams, and I paired with our newest engineer on the riskiest part. As a result we shipped four days early and "
    "checkout errors fell by 20 percent."
)


@pytest.fixture
def page(chromium: Browser):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"], **CALM)
    context.set_default_timeout(45_000)
    errors: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def speak_and_finish(page: Page, seconds: float, corrected: str) -> str:
    """Answers for `seconds`, finishes, corrects the transcript; returns the overall score shown."""
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_timeout(seconds * 1000)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_test_id("skeleton").wait_for()
    correct(page, corrected)
    return page.get_by_test_id("overall-score").inner_text()


def correct(page: Page, text: str) -> None:
    """Mends what was heard: in the review where the recogniser was unsure, else after the feedback."""
    review, score = page.get_by_label("Transcript of your answer"), page.get_by_test_id("overall-score")
    review.or_(score).first.wait_for()
    if review.count():
        review.fill(text)
        page.get_by_role("button", name="Use this text").click()
    else:
        page.get_by_role("button", name="Not what you said?").click()
        page.get_by_label("Correct the text").fill(text)
        page.get_by_role("button", name="Correct and score again").click()
    page.wait_for_function("text => document.querySelector('.jf-host').jfStage.rewrite?.transcript === text", arg=text)


def word_error_rate(heard: str, said: str) -> float:
    """Of `heard` against the stretch of `said`, which the microphone plays in a loop, that it is nearest to."""
    words, loop = normalised(heard).split(), normalised(said).split() * 4
    stretches = (loop[start : start + len(words) + more] for start in range(len(loop) // 4) for more in range(-3, 4))
    return min(jiwer.wer(" ".join(stretch), " ".join(words)) for stretch in stretches if stretch)


def test_the_stored_words_are_those_that_were_said(silent: RunningApp, page: Page):
    page.goto(silent.url)
    page.get_by_role("radio", name="1", exact=True).check(force=True)
    page.get_by_role("button", name="Start interview").click()
    page.locator("[data-state=LISTENING]").wait_for()
    page.wait_for_timeout(14_000)
    page.get_by_role("button", name="Finish answer").click()
    page.get_by_label("Transcript of your answer").or_(page.get_by_test_id("overall-score")).first.wait_for()
    attempt_id = page.evaluate("document.querySelector('.jf-host').jfStage.state.attempt_id")
    with open_store(f"duckdb:///{silent.home / 'coach.duckdb'}") as store:
        attempt = store.run(interviews.find_attempt, attempt_id)
    assert attempt.transcript.transcriber == "whisper"
    assert len(attempt.transcript.text.split()) >= 25
    assert word_error_rate(attempt.transcript.text, SPOKEN) <= 0.15, attempt.transcript.text


def test_start_speak_finish_feedback_retry_progress(app: RunningApp, page: Page):
    page.goto(app.url)
    page.get_by_role("radio", name="1", exact=True).check(force=True)
    page.get_by_role("button", name="Start interview").click()
    first = speak_and_finish(page, 5, FIRST)
    question = page.locator(".jf-host").evaluate("host => host.jfStage.state.current_question.text")
    page.get_by_role("button", name="Retry question").click()
    second = speak_and_finish(page, 3, SECOND)
    best = 0 if float(first) >= float(second) else 1
    expect(page.locator(".jf-dot")).to_have_count(2)
    told = page.locator(".jf-host").evaluate("host => host.jfStage.scores.attempt_status")
    assert told == ("best" if best == 1 else "current")
    page.get_by_role("button", name="Save to library").click()
    page.get_by_text("Saved", exact=True).wait_for()
    page.get_by_role("button", name="Finish interview").click()
    page.get_by_text("Interview finished").wait_for()
    app.stop()
    check_rows(app, float(first), float(second))
    app.start()
    page.goto(f"{app.url}/progress")
    page.get_by_text(question).first.wait_for()


def check_rows(app: RunningApp, first: float, second: float) -> None:
    """Two attempts at one question, recorded, scored as shown, the best one final, and one story."""
    with open_store(f"duckdb:///{app.home / 'coach.duckdb'}") as store:
        rows = [row for row in store.run(queries.interview_rows) if not row["is_sample"]]
        snapshot = store.run(interviews.load_interview, rows[0]["id"])
        counts = store.run(queries.totals)
    assert len(rows) == 1
    attempts = sorted(snapshot.attempts, key=lambda attempt: attempt.attempt_number)
    assert snapshot.interview.status == InterviewStatus.COMPLETED
    assert [attempt.status for attempt in attempts] == [AttemptStatus.EVALUATED] * 2
    assert [attempt.overall_score for attempt in attempts] == [first, second]
    assert snapshot.exchanges[0].final_attempt_id == attempts[0 if first >= second else 1].id
    assert [attempt.transcript.text for attempt in attempts] == [FIRST, SECOND]
    assert attempts[0].duration_seconds > 3 and attempts[1].duration_seconds > 1.5
    assert all(attempt.audio_uri and attempt.timeline for attempt in attempts)
    assert counts.get("star_stories", 1) >= 1
