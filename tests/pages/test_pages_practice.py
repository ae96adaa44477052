"""The Practice page without a browser: what it hands the stage and what it does when the stage asks."""

import asyncio
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.contracts.commands import SpeechDone, SpeechDonePayload, StartInterview, SubmitTranscript, TranscriptPayload
from coach.contracts.interview import ViewState
from coach.errors import InputError, NotFoundError
from coach.interview.loop_bound import WaitedTooLongError
from coach.store.repositories import library, library_records
from pages.components.practice import personas
from pages.components.practice.interview_desk import Desk
from pages.components.stage import script, style

ROOT = Path(__file__).resolve().parents[2]
ANSWER = (
    "Last spring our checkout project was six weeks late. I was asked to bring it back. I cut the scope to three "
    "payment methods and paired with our newest engineer. As a result we shipped four days early and errors fell by "
    "20 percent."
)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The process's services on an empty home, their hub running on a loop of its own like the server's."""
    made = build_services(transcriber="typed", brain="offline", coach_home=tmp_path)
    monkeypatch.setattr(bootstrap, "_services", made)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.hub.start(), loop).result(20)
    yield made
    asyncio.run_coroutine_threadsafe(made.close(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def desk(services: Services) -> Desk:
    return Desk(services)


def begin(desk: Desk, **asked: object) -> str:
    desk.act({"name": "start", "persona_id": "john", "q_count": 1, "audio": "socket", "at": 1, **asked})
    assert desk.failure == ""
    assert desk.session is not None
    return str(desk.session["interview_id"])


def until(condition, patience_s: float = 30) -> None:
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def listen(desk: Desk, interview_id: str):
    """Brings a begun interview to LISTENING and returns its conductor."""
    hub = desk.services.hub
    conductor = hub.find(interview_id)
    hub.call(conductor.send(StartInterview()))
    speech = conductor._s.voice._current.request.task_id
    hub.call(conductor.send(SpeechDone(payload=SpeechDonePayload(task_id=speech))))
    until(lambda: conductor.snapshot().payload.view_state == ViewState.LISTENING)
    return conductor


def answered(desk: Desk) -> tuple[str, str]:
    """An interview with one evaluated typed answer: its id and the attempt's."""
    interview_id = begin(desk)
    conductor = listen(desk, interview_id)
    attempt_id = conductor.snapshot().payload.attempt_id
    typed = SubmitTranscript(payload=TranscriptPayload(attempt_id=attempt_id, text=ANSWER))
    desk.services.hub.call(conductor.send(typed))
    until(lambda: conductor.snapshot().payload.view_state == ViewState.FEEDBACK)
    return interview_id, attempt_id


def test_the_page_mounts_the_stage_on_an_empty_home(services: Services):
    page = AppTest.from_file(str(ROOT / "pages" / "practice.py"), default_timeout=30).run()
    assert not page.exception
    assert page.session_state["practice_desk"].session is None


def test_the_frame_lists_every_screen_there_is(services: Services):
    page = AppTest.from_file(str(ROOT / "pages" / "home.py"), default_timeout=30).run()
    assert not page.exception


def test_start_gives_the_stage_its_way_in(desk: Desk):
    interview_id = begin(desk, at=77)
    assert desk.session["join"] == 77
    assert desk.session["ws_url"].endswith("/ws/mock-interview")
    assert len(desk.session["token"]) >= 32
    assert desk.intake is not None and desk.webrtc_on
    snapshot = desk.services.hub.find(interview_id).board
    assert snapshot.interview.persona_id == "john" and snapshot.interview.q_count == 1


def test_a_job_of_the_library_shapes_the_questions(desk: Desk):
    job = library_records.JobDescription(
        title="Data analyst", company="Northwind", description="Own dashboards in SQL and Python. Lead experiments."
    )
    desk.services.store.run(library.save_job, job)
    assert desk.jobs() == [{"id": job.id, "label": "Data analyst, Northwind"}]
    interview_id = begin(desk, job_id=job.id, q_count=2)
    board = desk.services.hub.find(interview_id).board
    assert board.interview.job_description_id == job.id
    assert board.interview.job.key_skills and len(board.questions()) == 2


def test_a_typed_interview_mounts_no_microphone(desk: Desk):
    begin(desk, audio="none")
    assert not desk.webrtc_on


def test_a_finished_interview_leaves_no_second_microphone_on(desk: Desk):
    begin(desk)
    assert desk.webrtc_on
    desk.act({"name": "finished", "at": 2})
    assert not desk.webrtc_on and desk.finished


def test_two_wishes_in_one_run_are_both_carried_out_once_and_a_failure_is_told(desk: Desk):
    _, attempt_id = answered(desk)
    save = {"name": "save", "attempt_id": "nothing", "at": 5, "seq": 5}
    both = {"name": "finished", "at": 6, "seq": 6, "before": [save]}
    assert desk.hear(both) == [save, both]
    assert desk.finished and "attempt" in desk.failure and desk.failed_at == 5
    assert desk.hear(both) == [] and desk.heard == 6
    desk.hear({"name": "save", "attempt_id": attempt_id, "at": 7, "seq": 7, "before": [save, both]})
    assert desk.saved == [attempt_id] and desk.failure == ""


def test_an_unknown_job_is_told_on_the_stage(desk: Desk):
    desk.act({"name": "start", "job_id": "nowhere", "at": 1})
    assert desk.session is None and "job" in desk.failure


def test_the_same_refusal_twice_is_told_twice(desk: Desk):
    desk.act({"name": "start", "job_id": "nowhere", "at": 1})
    once = desk.failure, desk.failed_at
    desk.act({"name": "start", "job_id": "nowhere", "at": 2})
    assert once == (desk.failure, 1) and desk.failed_at == 2


def test_work_that_takes_too_long_is_told_and_not_thrown(desk: Desk):
    done = threading.Event()
    with pytest.raises(WaitedTooLongError, match="longer"):
        desk.services.hub.call(asyncio.to_thread(done.wait), 0.01)
    done.set()


def test_unknown_requests_are_ignored(desk: Desk):
    desk.act({"name": "leave", "at": 1})
    desk.act({"name": "", "at": 2})
    assert desk.session is None and desk.failure == ""


def test_an_interrupted_interview_can_be_resumed(desk: Desk):
    assert desk.resumable() is None
    interview_id, _ = answered(desk)
    desk.leave()
    assert desk.resumable()["id"] == interview_id
    desk.act({"name": "resume", "id": interview_id, "audio": "socket", "at": 5})
    assert desk.session["interview_id"] == interview_id and desk.session["join"] == 5


def test_save_to_library_keeps_one_story_however_often(desk: Desk):
    _, attempt_id = answered(desk)
    for at in (1, 2):
        desk.act({"name": "save", "attempt_id": attempt_id, "at": at})
    stories = desk.services.store.run(library.stories)
    assert [story.source_attempt_id for story in stories] == [attempt_id]
    assert stories[0].original_transcript == ANSWER and stories[0].polished_answer


def test_delete_this_session_removes_it_and_leaves_the_story(desk: Desk):
    interview_id, attempt_id = answered(desk)
    desk.act({"name": "save", "attempt_id": attempt_id, "at": 1})
    desk.act({"name": "delete", "at": 2})
    assert desk.deleting == interview_id
    desk.delete()
    assert desk.session is None and desk.resumable() is None
    desk.services.bin.empty()
    assert desk.services.hub.call(desk.services.store.load_interview(interview_id)) is None
    assert len(desk.services.store.run(library.stories)) == 1


def test_a_recorded_file_is_the_answer(desk: Desk, tmp_path: Path):
    conductor = listen(desk, begin(desk))
    recording = tmp_path / "answer.mp3"
    subprocess.run(["espeak-ng", "-w", str(tmp_path / "a.wav"), "I led the project and we saved ten days."], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.wav"), str(recording)], check=True)
    desk.submit_recording(recording)
    assert desk.handed_in == 1, "the fields begin anew: the same recording never answers the next question"
    attempt = conductor.board.attempt(conductor.snapshot().payload.attempt_id)
    until(lambda: conductor.board.attempt(attempt.id).transcript is not None)
    assert conductor.board.attempt(attempt.id).duration_seconds > 1.5


def test_a_recording_is_refused_when_no_answer_is_awaited(desk: Desk, tmp_path: Path):
    with pytest.raises(InputError):
        desk.submit_recording(tmp_path / "none.wav")
    begin(desk)
    with pytest.raises(InputError):
        desk.submit_recording(tmp_path / "none.wav")


def test_saving_an_unknown_attempt_is_told(desk: Desk):
    begin(desk)
    desk.act({"name": "save", "attempt_id": "nothing", "at": 9})
    assert desk.failure == str(NotFoundError("There is no such attempt."))


def test_every_persona_can_be_drawn():
    people = personas.load_personas()
    assert [person.id for person in people][:2] == ["sarah", "john"]
    assert {"Tech recruiter Sarah", "Executive John"} <= {person.label for person in people}
    wanted = set(people[0].look.colors)
    drawn = script()
    for person in people:
        assert set(person.look.colors) == wanted
        assert f"  {person.look.hair}: {{" in drawn and f"  {person.look.outfit}: (c)" in drawn


def test_the_script_is_one_module_without_leftovers():
    joined = script()
    assert joined.count("export default function mount") == 1
    assert "import " not in [line[:7] for line in joined.splitlines()]
    assert "prefers-reduced-motion" in style()


def test_a_line_of_the_summary_is_practised_and_put_on_the_resume_by_id(desk: Desk):
    interview_id, attempt_id = answered(desk)
    board = desk.services.hub.find(interview_id).board
    (question,) = board.questions()
    desk.services.hub.call(desk.services.hub.finish(interview_id))
    desk.act({"name": "finished", "at": 1})
    assert desk.finished == interview_id
    desk.act({"name": "add_to_resume", "attempt_id": attempt_id, "at": 2})
    desk.act({"name": "add_to_resume", "attempt_id": attempt_id, "at": 3})
    (resume,) = [r for r in desk.services.library.resumes() if r.is_base_version]
    assert desk.failure == "" and resume.title in desk.told
    assert len(resume.content.splitlines()) == 1 and "scope" in resume.content
    desk.act({"name": "practise", "id": question.id, "at": 4, "audio": "none"})
    assert desk.failure == "" and desk.finished == "" and desk.session["interview_id"] != interview_id
    (again,) = desk.services.hub.find(desk.session["interview_id"]).board.questions()
    assert again.question_text == question.question_text and again.id != question.id
    desk.act({"name": "practise", "id": "nowhere", "at": 5})
    assert "not there any more" in desk.failure
