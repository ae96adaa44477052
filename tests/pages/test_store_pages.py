"""Progress, Library, Jobs & resumes: with nothing, with samples, and what their buttons change in the store."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from coach.bootstrap import Services
from coach.brain.port import PlanRequest
from coach.contracts.interview import OwnView
from coach.errors import ConflictError, InputError, NotFoundError
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import interviews, library, library_records, queries
from coach.views.materials import resume_line
from coach.views.postings import posting_of_file
from pages.components.progress import browser
from pages.components.shared import clock
from tests.fakes import records as make

PAGES = Path(__file__).resolve().parents[2] / "pages"
TIMEOUT_S = 30


@pytest.fixture
def sampled(services) -> Iterator[Services]:
    """The same with the sample content in."""
    load_sample(services.store, lambda: services.archive)
    return services


def page(name: str, *, samples: bool = False) -> AppTest:
    app = AppTest.from_file(PAGES / f"{name}.py", default_timeout=TIMEOUT_S).run()
    if samples:
        next(item for item in app.toggle if item.label == "Show sample people").set_value(True).run()
    assert not app.exception
    return app


def button(app: AppTest, label: str):
    return next(item for item in app.button if item.label == label)


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.title, *app.header, *app.info, *app.error]
    return "\n".join(str(item.value) for item in parts)


@pytest.mark.parametrize(
    ("name", "title", "says"),
    [
        ("progress", "Progress", "Nothing to show yet"),
        ("library", "Library", "No stories yet"),
        ("jobs", "Jobs & resumes", "Add a job"),
    ],
)
def test_an_empty_page_says_what_to_do(services, name, title, says):
    app = page(name)
    assert [item.value for item in app.title] == [title]
    assert says in texts(app)


@pytest.mark.parametrize("name", ["progress", "library", "jobs"])
def test_a_database_of_a_newer_program_is_told_not_thrown(services, name):
    services.store.upgrade()
    services.store.run(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    services.store._ready = False
    assert "newer than this program" in texts(page(name))


def test_progress_shows_sessions_scores_and_the_best_attempt(sampled):
    app = page("progress", samples=True)
    metrics = {item.label: item.value for item in app.metric}
    assert metrics["Answers so far"] == "15"
    assert float(metrics["Latest session"]) > 0
    assert any("★ best" in option for option in app.segmented_control[0].options)
    assert "words per minute" in texts(app)
    assert len(app.get("plotly_chart")) == 5
    assert len(app.get("audio")) >= 1


def test_another_session_can_be_chosen(sampled):
    app = page("progress", samples=True)
    oldest = app.selectbox[0].options[-1]
    app.selectbox[0].select(oldest).run()
    assert not app.exception
    assert "Tell me about a time you improved a process" in texts(app)


def test_deleting_a_session_asks_first_and_then_deletes_it(sampled):
    app = page("progress", samples=True)
    before = len(sampled.store.run(queries.interview_rows))
    button(app, "Delete this session").click().run()
    assert len(sampled.store.run(queries.interview_rows)) == before
    button(app, "Delete for good").click().run()
    assert not app.exception
    assert len(sampled.store.run(queries.interview_rows)) == before
    sampled.bin.empty()
    assert len(sampled.store.run(queries.interview_rows)) == before - 1
    assert len(sampled.archive.uris()) == 0


def test_what_was_deleted_is_offered_back_and_comes_back_whole(services):
    job = library_records.JobDescription(title="Analyst", company="Northwind", description="SQL")
    services.library.save_job(job)
    master = library_records.Resume(title="Mine", is_base_version=True, content="- one")
    copy = library_records.Resume(title="Copy", job_description_id=job.id, source_resume_id=master.id, content="- one")
    for resume in (master, copy):
        services.library.save_resume(resume)
    app = AppTest.from_function(jobs_with_the_bar, default_timeout=TIMEOUT_S).run()
    app.button(key=f"delete-{job.id}").click().run()
    app.run()
    assert "Deleted: Analyst" in texts(app)
    assert services.library.jobs() == [] and [r.id for r in services.library.resumes()] == [master.id]
    app.button(key=f"undo_{job.id}").click().run()
    assert not app.exception
    assert [j.id for j in services.library.jobs()] == [job.id]
    assert {resume.id for resume in services.library.resumes()} == {master.id, copy.id}
    app.run()
    assert "Deleted: Analyst" not in texts(app)


def jobs_with_the_bar() -> None:
    from runpy import run_path

    from coach.bootstrap import services
    from pages.components.shared.undo import undo_bar
    from tests.pages.test_store_pages import PAGES

    undo_bar(services())
    run_path(str(PAGES / "jobs.py"))


def test_samples_are_said_to_be_samples_and_can_be_removed(sampled):
    app = page("progress", samples=True)
    button(app, "Remove samples").click().run()
    assert not app.exception
    assert "Nothing to show yet" in texts(app)
    assert sampled.bin.take_back("samples", "all") and sampled.store.run(library.stories) != []
    assert app.run().toggle
    page_again = page("progress", samples=True)
    button(page_again, "Remove samples").click().run()
    sampled.bin.empty()
    assert sampled.store.run(library.stories) == []


def test_an_answer_without_feedback_is_shown_as_delayed(services):
    interview = make.interview()
    exchange = make.exchange(interview)
    services.store.run(interviews.create_interview, interview, [exchange])
    services.store.run(interviews.add_attempt, make.attempt(exchange, transcript=make.transcript(), status="delayed"))
    assert "feedback is delayed" in texts(page("progress"))


def test_an_answer_whose_text_expired_says_so(services):
    interview = make.interview()
    exchange = make.exchange(interview)
    services.store.run(interviews.create_interview, interview, [exchange])
    gone = make.evaluated(exchange, transcript=None, evaluation=None)
    services.store.run(interviews.add_attempt, gone)
    assert "was deleted when its time was up" in texts(page("progress"))


def test_a_question_written_like_markup_is_shown_as_written(services):
    interview = make.interview()
    exchange = make.exchange(interview, question_text="Use <b>bold</b> or $x$ and *stars*?")
    services.store.run(interviews.create_interview, interview, [exchange])
    services.store.run(interviews.add_attempt, make.evaluated(exchange))
    assert "&lt;b&gt;" in texts(page("progress")) or "&lt;b>" in texts(page("progress"))


def test_library_finds_edits_links_and_deletes(sampled):
    app = page("library", samples=True)
    stories = sampled.store.run(library.stories)
    assert all(f"copy-{story.id}" for story in stories)
    app.text_input[0].input(stories[0].title).run()
    found = sampled.store.run(library.stories, search=stories[0].title)
    assert found
    assert [item.value for item in app.markdown if item.value.startswith("## ")] == [f"## {s.title}" for s in found]
    app.text_input[0].input("no such word anywhere").run()
    assert "No story matches" in texts(app)
    app.text_input[0].input("").run()
    first = stories[0]
    app.button(key=f"edit-{first.id}").click().run()
    next(item for item in app.text_input if item.label == "Title").input("A better title")
    button(app, "Save").click().run()
    assert sampled.store.run(library.stories)[0].title == "A better title"
    next(item for item in app.toggle if item.label == "Show sample people").set_value(False).run()
    app.button(key=f"delete-{first.id}").click().run()
    button(app, "Delete for good").click().run()
    assert first.id not in {story.id for story in sampled.library.stories()}
    assert first.id in {story.id for story in sampled.store.run(library.stories)}
    sampled.bin.empty()
    assert first.id not in {story.id for story in sampled.store.run(library.stories)}


def test_a_story_can_be_written_by_hand(services):
    app = page("library")
    button(app, "Write a story").click().run()
    button(app, "Save").click().run()
    assert "needs a title" in texts(app)
    next(item for item in app.text_input if item.label == "Title").input("My story")
    button(app, "Cancel").click().run()
    assert services.store.run(library.stories) == []
    button(app, "Write a story").click().run()
    next(item for item in app.text_input if item.label == "Title").input("My story")
    button(app, "Save").click().run()
    (story,) = services.store.run(library.stories)
    assert (story.title, story.source_type) == ("My story", "manual")


POSTING = """Senior Data Engineer at Bright Water
You will own our pipelines in Python and SQL, work with Airflow and dbt, and lead small projects.
You bring stakeholder management and experience with AWS."""


def test_a_pasted_posting_is_read_corrected_and_kept(services):
    app = page("jobs")
    app.text_area[0].input(POSTING)
    button(app, "Read posting").click().run()
    assert not app.exception
    skills = next(item for item in app.multiselect if item.label == "Skills")
    assert "Python" in skills.value
    next(item for item in app.text_input if item.label == "Company").input("Bright Water Ltd")
    button(app, "Keep this job").click().run()
    (job,) = services.store.run(library.jobs)
    assert job.company == "Bright Water Ltd"
    assert "SQL" in job.parsed_skills
    assert job.description == POSTING


def test_an_empty_posting_is_refused_with_its_mend(services):
    app = page("jobs")
    button(app, "Read posting").click().run()
    assert "nothing to read" in texts(app)


def test_one_master_and_one_tailored_copy_per_job(services):
    job = library_records.JobDescription(title="Analyst", company="Bright Water")
    services.store.run(library.save_job, job)
    app = page("jobs")
    area = next(item for item in app.text_area if item.label == "Master resume")
    area.input("I cut the night run from six hours to two.")
    app.run()
    button(app, "Save resume").click().run()
    button(app, "Make a copy for this job").click().run()
    assert not app.exception
    master, copy = services.store.run(library.resumes_of)
    assert (master.is_base_version, copy.is_base_version) == (True, False)
    assert (copy.source_resume_id, copy.job_description_id) == (master.id, job.id)
    area = next(item for item in app.text_area if item.label == "Tailored resume")
    area.input("For Bright Water: night run cut to two hours.")
    button(app, "Save copy").click().run()
    master, copy = services.store.run(library.resumes_of)
    assert "Bright Water" in copy.content
    assert "Bright Water" not in master.content


def written(app: AppTest, label: str) -> str:
    return str(next(item for item in app.text_area if item.label == label).value)


def test_lines_of_the_library_stand_in_the_copy_at_once_and_once(services):
    services.store.run(library.save_job, library_records.JobDescription(title="Analyst", company="Bright Water"))
    services.library.add_to_resume("- I led the night run.")
    story = library_records.StarStory(title="Night run", action="I split the night run.", result="It took two hours.")
    services.library.change_story(story, title=story.title)
    app = page("jobs")
    button(app, "Make a copy for this job").click().run()
    lines = next(item for item in app.multiselect if item.label == "Add lines from your library")
    lines.set_value([story.id]).run()
    button(app, "Save copy").click().run()
    assert not app.exception
    added = resume_line(story)
    assert written(app, "Tailored resume").endswith(added)
    button(app, "Save copy").click().run()
    assert written(app, "Tailored resume").count(added) == 1


def test_a_resume_follows_its_person_and_what_is_written_meanwhile_is_told(services):
    load_sample(services.store, lambda: services.archive)
    app = page("jobs")
    assert written(app, "Master resume") == ""
    app.toggle(key="show_samples").set_value(True).run()
    assert "Robin" in written(app, "Master resume")
    app.toggle(key="show_samples").set_value(False).run()
    assert written(app, "Master resume") == ""
    next(item for item in app.text_area if item.label == "Master resume").input("I led the night run.").run()
    button(app, "Save resume").click().run()
    services.library.add_to_resume("- I cut it to two hours.")
    assert "two hours" in written(app.run(), "Master resume") and not app.warning
    next(item for item in app.text_area if item.label == "Master resume").input("Mine.").run()
    services.library.add_to_resume("- And then to one.")
    assert written(app.run(), "Master resume") == "Mine." and "changed elsewhere" in app.warning[0].value
    button(app, "Save resume").click().run()
    assert written(app, "Master resume") == "Mine." and not app.warning


def field(app: AppTest, label: str):
    return next(each for each in [*app.text_area, *app.text_input, *app.multiselect] if each.label == label)


def test_a_copy_with_lines_from_the_library_is_typed_on_and_loses_none_of_them(services):
    job = library_records.JobDescription(title="Analyst")
    master = library_records.Resume(is_base_version=True, title="R", content="One.")
    story = library_records.StarStory(title="Night run", action="I cut the night run to two hours.")
    services.store.run(library.save_job, job)
    services.store.run(library.save_resume, master)
    services.store.run(library.save_story, story)
    app = page("jobs")
    button(app, "Make a copy for this job").click().run()
    field(app, "Add lines from your library").select(story.id)
    button(app, "Save copy").click().run()
    shown = field(app, "Tailored resume").value
    assert "night run" in shown and field(app, "Add lines from your library").value == []
    field(app, "Tailored resume").input(shown + "\nAnd more.")
    button(app, "Save copy").click().run()
    copy = next(r for r in services.store.run(library.resumes_of) if not r.is_base_version)
    assert copy.content == shown + "\nAnd more."
    button(app, "Delete copy").click().run()
    button(app, "Make a copy for this job").click().run()  # before the ten seconds are over
    assert not app.exception and field(app, "Tailored resume").value == "One."


def test_a_resume_another_tab_saved_meanwhile_is_kept_over_only_on_purpose(services):
    services.store.run(library.save_resume, library_records.Resume(is_base_version=True, title="R", content="One."))
    here, there = page("jobs"), page("jobs")
    for app, words in ((here, "Two."), (there, "Three.")):
        field(app, "Master resume").input(words)
        button(app, "Save resume").click().run()
        assert not app.exception
    warned = [warning.value for warning in there.warning]
    assert "changed elsewhere" in warned[0] and "Nothing was saved yet" in warned[1]
    assert [r.content for r in services.store.run(library.resumes_of)] == ["Two."]
    assert field(there, "Master resume").value == "Three."
    button(there, "Save resume").click().run()
    assert not there.exception
    assert [r.content for r in services.store.run(library.resumes_of)] == ["Three."]
    assert field(here.run(), "Master resume").value == "Three.", "a field nobody typed into follows"


def test_a_first_save_with_nothing_to_save_says_so_and_what_is_ahead_of_what_is_kept_is_told(services):
    app = page("jobs")
    button(app, "Save resume").click().run()
    assert "nothing to save yet" in texts(app) and services.store.run(library.resumes_of) == []
    field(app, "Master resume").input("I led the night run.").run()
    assert "Not saved yet." in texts(app)
    button(app, "Save resume").click().run()
    assert not app.exception and "Not saved yet." not in texts(app)


def _a_field_and_another_page() -> None:
    import streamlit as st

    from pages.components.jobs import long_text

    if st.toggle("Elsewhere"):
        st.stop()
    long_text.begin("field", "Kept.")
    st.text_area("Text", key="field")


def test_what_is_typed_waits_while_another_page_is_looked_at(services):
    app = AppTest.from_function(_a_field_and_another_page, default_timeout=TIMEOUT_S).run()
    app.text_area[0].input("Typed and not saved.").run()
    app.toggle[0].set_value(True).run()
    assert not app.text_area
    app.toggle[0].set_value(False).run()
    assert app.text_area[0].value == "Typed and not saved."


def test_a_title_typed_beside_a_file_goes_before_the_files_and_two_postings_are_refused():
    whole = json.dumps({"title": "Analyst", "company": "X", "description": "SQL"}).encode()
    assert posting_of_file("job.json", whole, PlanRequest("Lead", "", "")) == PlanRequest("Lead", "X", "SQL")
    with pytest.raises(InputError, match="two postings"):
        posting_of_file("job.json", whole, PlanRequest("", "", "We want SQL"))


def _shared() -> None:
    from coach.bootstrap import services
    from pages.components.shared.share import share_buttons

    share_buttons(services(), "deleted in another tab")


def test_a_session_deleted_in_another_tab_is_said_to_be_gone(services):
    app = AppTest.from_function(_shared, default_timeout=TIMEOUT_S).run()
    assert not app.exception and "not there any more" in texts(app)


def test_moments_are_told_by_the_clock_of_the_persons_browser(monkeypatch):
    monkeypatch.setattr("streamlit.context", SimpleNamespace(timezone="Asia/Tokyo"))
    at = datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
    session = {"created_at": at, "job_title": "", "status": "completed", "is_sample": False, "overall_score": 7.0}
    assert browser.label(session) == "28 Nov 2026, 05:30 · General practice · 7.0"
    for unknown in (None, "Middle/Earth"):
        monkeypatch.setattr("streamlit.context", SimpleNamespace(timezone=unknown))
        assert clock.here(at) == at and clock.here(at).hour == 20


def test_a_posting_file_may_be_text_or_json():
    whole = json.dumps({"title": "Analyst", "company": "X", "description": "SQL"}).encode()
    assert posting_of_file("job.json", whole) == PlanRequest("Analyst", "X", "SQL")
    assert posting_of_file("job.txt", b"\xef\xbb\xbfWe want SQL") == PlanRequest("", "", "We want SQL")
    for name, content in (("job.json", b"[1]"), ("job.json", b"{"), ("job.txt", b"\xff\xfe\x00")):
        with pytest.raises(InputError, match="cannot be read"):
            posting_of_file(name, content)


def test_of_several_sample_people_one_is_looked_at(services):
    load_sample(services.store, lambda: services.archive, size="full")
    app = page("progress", samples=True)
    people = next(box for box in app.selectbox if box.label == "Person")
    assert len(people.options) == 13
    answers = {m.label: m.value for m in app.metric}["Answers so far"]
    assert 30 <= int(answers) <= 36
    people.select("Marcus Webb (sample), Chef").run()
    assert not app.exception
    sessions = next(box for box in app.selectbox if box.label == "Session")
    assert len(sessions.options) == 11
    assert all("Chef" in option for option in sessions.options)


def test_everything_is_deleted_after_the_word_was_typed_and_a_receipt_is_given(services):
    session = make.interview()
    question = make.exchange(session)
    services.store.run(interviews.create_interview, session, [question])
    services.store.run(interviews.add_attempt, make.evaluated(question))
    app = page("progress")
    button(app, "Export everything of mine").click().run()
    assert not app.exception
    waiting = app.session_state["own_data_file"]
    assert waiting.size_bytes > 1000 and waiting.url.startswith("/handed-over/")
    key = waiting.url.rpartition("/")[2].removesuffix(".zip")
    services.handed_over.open(key)[1].close()
    button(app, "Delete everything of mine").click().run()
    button(app, "Delete everything").click().run()
    assert "type *delete*" in texts(app) and services.store.run(queries.interview_rows)
    app.text_input(key="own_data_word").set_value("delete").run()
    button(app, "Delete everything").click().run()
    assert not app.exception
    with pytest.raises(NotFoundError):
        services.handed_over.open(key)
    assert services.store.run(queries.interview_rows) == []
    assert any("Keep the receipt" in each.value for each in app.success)


def test_a_kept_job_is_edited_and_stays_one(services):
    one, two = (library_records.JobDescription(title="Analyst", company="Bright Water") for _ in range(2))
    for job in (one, two):
        services.store.run(library.save_job, job)
    app = page("jobs")
    app.button(key=f"edit-{two.id}").click().run()
    assert "Edit this job" in texts(app) and button(app, "Read posting")
    assert [item.key for item in app.button if item.label == "Edit"] == [f"edit-{one.id}"]
    next(item for item in app.text_input if item.label == "Company").input("Clear Water")
    button(app, "Keep this job").click().run()
    assert not app.exception
    assert {job.id: job.company for job in services.store.run(library.jobs)} == {
        one.id: "Bright Water",
        two.id: "Clear Water",
    }


def test_a_job_changed_in_another_tab_is_not_written_over_and_keeps_its_title(services):
    job = library_records.JobDescription(title="Analyst", company="A", is_sample=True)
    services.store.run(library.save_job, job)
    here, there = page("jobs", samples=True), page("jobs", samples=True)
    for app in (here, there):
        app.button(key=f"edit-{job.id}").click().run()
    field(here, "Company").input("B")
    field(here, "Title").input(" ")
    button(here, "Keep this job").click().run()
    field(there, "Company").input("C")
    button(there, "Keep this job").click().run()
    (kept,) = services.store.run(library.jobs)
    assert (kept.title, kept.company, kept.is_sample) == ("Analyst", "B", False)
    assert "changed in another tab" in texts(there) and field(there, "Company").value == "C"


def test_a_story_changed_in_another_tab_is_not_written_over(services):
    story = library_records.StarStory(title="Night run")
    services.library.change_story(story, action="I cut it.")
    (seen,) = services.library.stories()
    services.library.change_story(seen, action="We cut it.")
    with pytest.raises(ConflictError, match="another tab"):
        services.library.change_story(seen, action="Lost.")
    assert [s.action for s in services.library.stories()] == ["We cut it."]


def test_a_job_shows_the_line_behind_a_question_and_how_to_meet_a_gap(services):
    job = library_records.JobDescription(
        title="Data engineer", description=POSTING, parsed_skills=["Airflow", "SQL"], competencies=["leadership"]
    )
    services.store.run(library.save_job, job)
    services.store.run(
        library.save_resume, library_records.Resume(title="R", is_base_version=True, content="Wrote SQL for years.")
    )
    shown = texts(page("jobs"))
    assert "**SQL** by your resume" in shown
    assert "**Airflow** – “You will own our pipelines" in shown and "This role needs Airflow" in shown
    assert "because of “" in shown


def test_the_own_view_stands_beside_the_coachs_and_a_session_can_be_handed_on(services):
    interview = make.interview()
    exchange = make.exchange(interview)
    own = OwnView(overall=8, content=6, delivery=4)
    services.store.run(interviews.create_interview, interview, [exchange])
    services.store.run(interviews.add_attempt, make.evaluated(exchange).noting(self_rating=own))
    app = page("progress")
    assert "Own view, given first: story 6.0 (coach" in texts(app)
    shared = [getattr(item, "label", "") for item in app.get("download_button")]
    assert "Share as PDF" in shared and "Share as HTML" in shared


def test_the_cheat_sheet_shows_one_story_a_screen_and_turns_by_keys(services):
    twins = [library_records.StarStory(title="The flood", action=f"I moved {n} wards.") for n in (2, 3)]
    for story in twins:
        services.store.run(library.save_story, story)
    app = page("library")
    app.segmented_control(key="library_view").set_value("Cheat sheet").run()
    first = texts(app)
    assert ("I moved 2 wards" in first) != ("I moved 3 wards" in first) and "1 of 2" in first
    following = app.button(key="library_cheat-j")
    assert following.proto.shortcut == "j"
    following.click().run()
    second = texts(app)
    assert ("I moved 2 wards" in second) != ("I moved 2 wards" in first) and "2 of 2" in second
    assert app.button(key="library_cheat-j").disabled and not app.button(key="library_cheat-k").disabled
