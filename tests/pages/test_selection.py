"""What a person picks is picked by identity: twins of one label, on every page that lists rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.store.repositories import interviews, queries
from pages.components.shared.selection import unique_labels
from tests.fakes import records as make

PAGES = Path(__file__).resolve().parents[2] / "pages"
SAME_MINUTE = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
SAID = ("the first twin", "the second twin", "the third twin")


@pytest.fixture
def twins(tmp_path, monkeypatch) -> Iterator[Services]:
    """Three sessions of one minute, one title and one question; only the answers differ."""
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    for words in SAID:
        interview = make.interview(created_at=SAME_MINUTE)
        exchange = make.exchange(interview, question_text="Tell me about a conflict.")
        parts.store.run(interviews.create_interview, interview, [exchange])
        attempt = make.evaluated(exchange, transcript=make.transcript(words), created_at=SAME_MINUTE)
        parts.store.run(interviews.add_attempt, attempt)
    yield parts
    parts.store.close()


def page(name: str) -> AppTest:
    app = AppTest.from_file(PAGES / f"{name}.py", default_timeout=30).run()
    assert not app.exception
    return app


def words_shown(app: AppTest) -> list[str]:
    return [words for words in SAID if any(words in str(m.value) for m in app.markdown)]


def test_labels_of_twins_differ_and_those_of_others_stay() -> None:
    labels = unique_labels({"aaaaaa111111": "Mon", "aaaaaa222222": "Mon", "b": "Tue"})
    assert labels == {"aaaaaa111111": "Mon · #111111", "aaaaaa222222": "Mon · #222222", "b": "Tue"}


def test_ids_with_one_ending_are_still_told_apart() -> None:
    labels = unique_labels({"1-abcdef": "Mon", "2-abcdef": "Mon"})
    assert len(set(labels.values())) == 2


@pytest.mark.parametrize(("name", "key"), [("progress", "progress_session"), ("review", "review_answer")])
def test_each_of_three_twins_is_shown_when_chosen(twins: Services, name: str, key: str) -> None:
    app = page(name)
    options = app.selectbox(key=key).options
    assert len(set(options)) == 3
    seen = []
    for option in options:
        app.selectbox(key=key).select(option).run()
        assert not app.exception
        seen += words_shown(app)
    assert sorted(seen) == sorted(SAID)


def test_the_twin_that_is_shown_is_the_one_deleted(twins: Services) -> None:
    app = page("progress")
    app.selectbox(key="progress_session").select_index(1).run()
    (shown,) = words_shown(app)
    next(b for b in app.button if b.label == "Delete this session").click().run()
    assert any("20 Nov 2026, 10:30" in str(m.value) for m in app.markdown), "it says what goes"
    next(b for b in app.button if b.label == "Delete for good").click().run()
    twins.bin.empty()
    left = {queries_text(twins, row["id"]) for row in twins.store.run(queries.interview_rows)}
    assert left == set(SAID) - {shown}


def test_an_address_opens_the_thing_it_names(twins: Services) -> None:
    rows = twins.store.run(queries.interview_rows)
    for row in rows:
        app = AppTest.from_file(PAGES / "progress.py", default_timeout=30)
        app.query_params["session"] = row["id"]
        app.run()
        assert words_shown(app) == [queries_text(twins, row["id"])]


def queries_text(services: Services, interview_id: str) -> str:
    snapshot = services.store.run(interviews.load_interview, interview_id)
    return snapshot.attempts[0].transcript.text
