"""Read models of somebody with 5,000 attempts: linear in the attempts, figures of a size a browser can hold."""

import pandas as pd
import pytest

from coach.views import progress

ATTEMPTS = 5_000


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """1,250 questions with four attempts each, in the columns of `attempts_frame` that figures read."""
    number = pd.Series(range(ATTEMPTS))
    question, attempt = number // 4, number % 4 + 1
    at = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(question * 6, unit="h")
    return pd.DataFrame(
        {
            "attempt_id": number.astype(str),
            "exchange_id": question.astype(str),
            "interview_id": (question // 3).astype(str),
            "attempt_number": attempt,
            "question": "Tell me about a time …",
            "competency": "ownership",
            "follow_up_of": None,
            "overall_score": 4.0 + attempt,
            "best": attempt == 4,
            "band": "middle",
            "wpm": 140.0,
            "fillers_per_minute": 1.0,
            "filler_count": 2,
            "created_at": at,
            "interview_created_at": at,
        }
    )


@pytest.mark.parametrize(
    "figure",
    [progress.score_over_time, progress.retries, progress.delivery_over_time, progress.fillers_over_time],
)
def test_a_figure_stays_a_handful_of_traces(many, figure):
    drawn = figure(many)
    assert len(drawn.data) <= 6
    assert len(drawn.layout.annotations) <= progress.RETRIES_SHOWN
    assert drawn.layout.height <= 800


def test_retries_show_the_newest_questions(many):
    shown = set(progress.retries(many).data[-1].y)
    assert shown == {str(number) for number in range(1250 - progress.RETRIES_SHOWN, 1250)}
