"""The person's own material on either database: stories, jobs, resumes, role profiles, samples."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from coach.audio.archive import AudioArchive
from coach.errors import InputError, NotFoundError, StoreError
from coach.store import SqlStore
from coach.store.maintenance import integrity
from coach.store.maintenance.removal import delete_interview
from coach.store.maintenance.sample import load_sample
from coach.store.maintenance.sample_removal import remove_sample
from coach.store.repositories import interviews, library, queries
from coach.store.repositories.library_records import JobDescription, Resume, RoleProfile, StarStory
from coach.store.tables.core import role_profiles
from tests.fakes import records as make


def a_job(store: SqlStore, **changes) -> JobDescription:
    job = JobDescription(title="Analyst", company="Bright Water", parsed_skills=["SQL"], **changes)
    store.run(library.save_job, job)
    return job


def test_a_story_comes_back_as_it_was_and_changes(sql_store):
    job = a_job(sql_store)
    story = StarStory(title="Night run", polished_answer="100 % faster", job_description_id=job.id)
    sql_store.run(library.save_story, story)
    assert sql_store.run(library.stories) == [story]
    changed = library.changed_now(story, title="Nightly run")
    sql_store.run(library.save_story, changed)
    assert sql_store.run(library.stories) == [changed]
    sql_store.run(library.delete_story, story.id)
    assert sql_store.run(library.stories) == []
    with pytest.raises(NotFoundError):
        sql_store.run(library.delete_story, story.id)


def test_one_attempt_gives_one_story(sql_store):
    interview = make.interview()
    exchange = make.exchange(interview)
    attempt = make.evaluated(exchange)
    sql_store.run(interviews.create_interview, interview, [exchange])
    sql_store.run(interviews.add_attempt, attempt)
    for title in ("First", "Second"):
        story = StarStory(title=title, source_type="mock_interview", source_attempt_id=attempt.id)
        sql_store.run(library.save_story, story)
    assert [story.title for story in sql_store.run(library.stories)] == ["Second"]


@pytest.mark.parametrize(
    ("search", "titles"),
    [("NIGHT", ["Night run"]), ("run dbt", ["Night run"]), ("100%", ["Night run"]), ("_", []), ("zebra", [])],
)
def test_search_finds_every_word_whatever_its_case(sql_store, search, titles):
    sql_store.run(library.save_story, StarStory(title="Night run", action="With dbt", result="100% on time"))
    sql_store.run(library.save_story, StarStory(title="Conflict", action="We talked"))
    assert [story.title for story in sql_store.run(library.stories, search=search)] == titles


def test_stories_can_be_found_by_job(sql_store):
    job = a_job(sql_store)
    sql_store.run(library.save_story, StarStory(title="A", job_description_id=job.id))
    sql_store.run(library.save_story, StarStory(title="B"))
    assert [story.title for story in sql_store.run(library.stories, job_id=job.id)] == ["A"]
    with pytest.raises(NotFoundError):
        sql_store.run(library.save_story, StarStory(title="C", job_description_id="unknown"))


def test_one_master_and_one_copy_per_job(sql_store):
    job = a_job(sql_store)
    master = Resume(title="Me", is_base_version=True, content="all")
    copy = Resume(title="Me for them", source_resume_id=master.id, job_description_id=job.id, content="some")
    for resume in (master, copy):
        sql_store.run(library.save_resume, resume)
    assert sql_store.run(library.resumes_of) == [master, copy]
    refused = [
        Resume(title="Another me", is_base_version=True),
        Resume(title="Again", source_resume_id=master.id, job_description_id=job.id),
        Resume(title="For nobody", source_resume_id=master.id),
    ]
    for resume in refused:
        with pytest.raises(InputError):
            sql_store.run(library.save_resume, resume)
    sql_store.run(library.delete_resume, master.id)
    (left,) = sql_store.run(library.resumes_of)
    assert left.source_resume_id is None


def test_deleting_a_job_leaves_nothing_that_refers_to_it(sql_store):
    job = a_job(sql_store)
    master = Resume(title="Me", is_base_version=True)
    sql_store.run(library.save_resume, master)
    tailored = Resume(title="For them", source_resume_id=master.id, job_description_id=job.id)
    sql_store.run(library.save_resume, tailored)
    sql_store.run(library.save_story, StarStory(title="A", job_description_id=job.id))
    interview = make.interview(job_description_id=job.id, resume_id=tailored.id)
    sql_store.run(interviews.create_interview, interview, [])
    sql_store.run(library.delete_job, job.id)
    assert sql_store.run(integrity.dangling_references) == {}
    assert sql_store.run(interviews.load_interview, interview.id).interview.job_description_id is None
    assert [resume.title for resume in sql_store.run(library.resumes_of)] == ["Me"]
    assert sql_store.run(library.stories)[0].job_description_id is None


def test_an_interview_needs_its_job_to_exist(sql_store):
    with pytest.raises(NotFoundError):
        sql_store.run(interviews.create_interview, make.interview(job_description_id="unknown"), [])


def test_what_the_person_made_of_a_sample_stays_when_samples_go(sql_store, tmp_path: Path):
    archive = AudioArchive(str(tmp_path / "audio"))
    load_sample(sql_store, lambda: archive)
    master, tailored = sql_store.run(library.resumes_of)
    sql_store.run(library.save_resume, library.changed_resume(tailored, content="my own words"))
    story = library.changed_now(sql_store.run(library.stories)[0], title="Mine now")
    sql_store.run(library.save_story, story)
    remove_sample(sql_store, archive, tmp_path)
    assert [resume.content for resume in sql_store.run(library.resumes_of)] == ["my own words"]
    assert [story.title for story in sql_store.run(library.stories)] == ["Mine now"]
    assert len(sql_store.run(library.jobs)) == 1
    assert sql_store.run(integrity.dangling_references) == {}
    assert master.id not in {resume.id for resume in sql_store.run(library.resumes_of)}


def test_samples_that_cannot_go_in_leave_nothing(sql_store, tmp_path: Path):
    class Full(AudioArchive):
        def save(self, path, attempt_id):
            if self.uris():
                raise StoreError("The recording cannot be stored.")
            return super().save(path, attempt_id)

    archive = Full(str(tmp_path / "audio"))
    with pytest.raises(StoreError):
        load_sample(sql_store, lambda: archive)
    assert archive.uris() == []
    assert sql_store.run(queries.interview_rows) == []


def test_role_profiles_of_the_installation(sql_store):
    profile = RoleProfile(user_id=None, title="Lighthouse keeper", key_skills=["light"])
    sql_store.run(lambda connection: connection.execute(sa.insert(role_profiles), profile.model_dump()))
    assert sql_store.run(library.role_profiles_of) == [profile]


def test_samples_go_in_and_out_and_one_may_be_deleted_between(sql_store, tmp_path: Path):
    archive = AudioArchive(str(tmp_path / "audio"))
    load_sample(sql_store, lambda: archive)
    own = make.interview()
    sql_store.run(interviews.create_interview, own, [make.exchange(own)])
    sample_id = next(row["id"] for row in sql_store.run(queries.interview_rows) if row["is_sample"])
    delete_interview(sql_store, archive, sample_id, journal_dir=tmp_path)
    assert sql_store.run(integrity.dangling_references) == {}
    remove_sample(sql_store, archive, tmp_path)
    assert [row["id"] for row in sql_store.run(queries.interview_rows)] == [own.id]
    assert (sql_store.run(library.jobs), sql_store.run(library.resumes_of)) == ([], [])
    assert archive.uris() == []
    assert sql_store.run(integrity.dangling_references) == {}
