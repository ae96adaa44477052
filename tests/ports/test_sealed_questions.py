"""What is asked of sealed rows has the same answers as of plain ones, on both engines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coach.contracts.brain import JobContext
from coach.settings import load_settings
from coach.store import SqlStore
from coach.store.repositories import cohorts, interviews, library, queries, watch
from coach.store.repositories.library_records import JobDescription, StarStory
from coach.vault import ambient
from coach.vault.mounting import mount
from tests.fakes import records as make

KEY = "k" * 43 + "="


@pytest.fixture(params=["plain", "sealed"])
def store(request: pytest.FixtureRequest, sql_url: str, tmp_path: Path) -> Iterator[SqlStore]:
    """Three judged answers: for a posting, for a job that was only told, and without a job."""
    home = tmp_path / "home"
    if request.param == "sealed":
        mount(load_settings(coach_home=home, coach_encryption_key=KEY, coach_database_url=sql_url, coach_audio_url=""))
    posting = JobDescription(id="posting", user_id="ada", title="Zookeeper")
    jobs: list[dict[str, Any]] = [{"job_description_id": posting.id}, {}, {}, {"job": JobContext()}]
    with SqlStore(sql_url, idle_s=30) as opened:
        opened.run(library.save_job, posting)
        for job in jobs:
            session = make.interview(user_id="ada", **job)
            question = make.exchange(session)
            opened.run(interviews.create_interview, session, [question])
            opened.run(interviews.add_attempt, make.evaluated(question))
        yield opened
    ambient.mount([sql_url], None)


def test_a_story_is_found_by_its_words(store):
    story = StarStory(user_id="ada", title="Zebra", situation="In QUILLHAVEN", polished_answer="100 % of it")
    store.run(library.save_story, story)
    store.run(library.save_story, StarStory(user_id="ada", title="Another"))
    for words in ("quillhaven", "ZEBRA haven", "100 %"):
        assert [s.title for s in store.run(library.stories, "ada", search=words)] == ["Zebra"], words
    assert store.run(library.stories, "ada", search="zebra another") == []
    assert len(store.run(library.stories, "ada")) == 2


def test_jobs_have_their_names(store):
    titles = sorted(row["job_title"] for row in store.run(queries.attempt_rows))
    assert titles == ["", "Data engineer", "Data engineer", "Zookeeper"]
    rows = store.run(cohorts.group_rows, "job", unmeasured_sd=0.5)
    groups = [(row["key"], row["label"], row["started"]) for row in rows]
    assert groups == [("", "", 1), ("Data engineer", "Data engineer", 2), ("posting", "Zookeeper", 1)]


def test_answers_a_guard_changed_are_counted(store):
    at = make.START
    (day,) = store.run(watch.by_person_and_day, at - timedelta(days=1), at + timedelta(days=1))
    assert day.sums["guards"] == 4
    assert day.counts["guards"] == 4
