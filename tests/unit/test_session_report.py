"""A session to hand on: everything that was said and shown, nothing that plays or runs, any script of the world."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from coach.contracts.interview import InterviewSnapshot, InterviewStatus, SessionSummary
from coach.contracts.transcript import typed_transcript
from coach.views.session_pdf import as_pdf
from coach.views.session_report import as_html, session_report
from tests.fakes import records as make

FONT = Path(__file__).resolve().parents[2] / "pages" / "static" / "figtree.woff2"
SAID = "I said <script>alert(1)</script> to Ελένη and Иван, and it worked."


@pytest.fixture
def snapshot() -> InterviewSnapshot:
    summary = SessionSummary(headline="One story stands.", gaps=["The outcome stays open."])
    interview = make.interview(status=InterviewStatus.COMPLETED, summary=summary, plan=["Say one figure last."])
    asked = [make.exchange(interview, 0), make.exchange(interview, 1, question_text="Never answered?")]
    weaker = make.evaluated(asked[0], overall_score=4.0)
    best = make.evaluated(asked[0], attempt_number=2, overall_score=7.1, transcript=typed_transcript(SAID))
    return InterviewSnapshot(interview=interview, exchanges=asked, attempts=[weaker, best])


class Seen(HTMLParser):
    """Tags, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_best_attempt_is_told_and_the_unanswered_question_named(snapshot: InterviewSnapshot) -> None:
    report = session_report(snapshot)
    (answer,) = report.answers
    assert (answer.number, answer.overall, answer.attempts, answer.transcript) == (1, 7.1, 2, SAID)
    assert report.unanswered == ["Never answered?"]


def test_the_html_is_one_file_that_runs_and_plays_nothing(snapshot: InterviewSnapshot) -> None:
    seen = Seen(as_html(session_report(snapshot), FONT))
    assert not {"script", "audio", "video", "img", "link", "iframe", "a", "form"} & set(seen.tags)
    assert SAID in seen.text and "Never answered?" in seen.text and "One story stands." in seen.text


def test_the_pdf_holds_every_sign_of_greek_and_cyrillic(
    snapshot: InterviewSnapshot, caplog: pytest.LogCaptureFixture
) -> None:
    report = session_report(snapshot)
    file = as_pdf(report)
    assert file.startswith(b"%PDF-") and len(file) > 10_000
    assert "missing the following glyphs" not in caplog.text
