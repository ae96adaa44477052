"""Exactly once, resumable: duplicates, races, two tabs, restarts, a database that is busy."""

import asyncio
import itertools
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from coach.audio.archive import AudioArchive
from coach.audio.decode import decode
from coach.audio.journal import RecordingJournal
from coach.bootstrap import build_services
from coach.brain.prompts.policy import Policy
from coach.contracts import commands as cmd
from coach.contracts.interview import AttemptStatus, InterviewStatus, PlannedQuestion, ViewState
from coach.errors import IllegalCommandError, InputError, NotFoundError, StoreBusyError, StoreError, StoreVersionError
from coach.interview import store_and_forward as spool
from coach.interview.answer.recording_files import RecordingFiles
from coach.interview.dependencies import off_loop
from coach.interview.service import InitRequest
from tests.conversation.driver import Client, begin, listening, make_hub, slow
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeAvatar, FakeBrain, FakeTranscriber, ScriptedEvaluation

PROBE = "What changed in numbers?"


async def crash(hub):
    """The process dies: nothing is closed in order, tasks just stop."""
    for conductor in hub._conductors.values():
        await conductor._processing.close()
        conductor._listening.capture = None
        conductor._s.fanout.close()
    hub._conductors.clear()


async def test_finish_from_two_tabs_and_rest_at_once_is_one_evaluation(tmp_path):
    scripts, store = ScriptedEvaluation({}), FakeStore()
    hub = make_hub(tmp_path, evaluate=scripts, store=store)
    client = await listening(hub)
    second = Client(client.conductor)
    await client.speak()
    command = client.finish_command()
    typed = cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=command.payload.attempt_id, text="late"))
    await asyncio.gather(*(c.send(x) for c, x in itertools.product([client, second], [command, command, typed])))
    for tab in (client, second):
        await tab.wait("UPDATE_REWRITE")
    await client.settled()
    assert len(scripts.calls) == len(store.completions) == 1
    assert len(client.of("PROCESSING_HINT")) == len(client.of("NO_FOLLOW_UP")) == 1
    assert [e.type for e in second.seen if e.type.startswith("UPDATE")] == ["UPDATE_SCORES", "UPDATE_REWRITE"]
    await hub.close()


async def test_double_clicks_on_next_and_follow_up_move_on_once(tmp_path):
    hub = make_hub(tmp_path, evaluate=ScriptedEvaluation({"follow_up": PROBE}))
    client = await listening(hub, q_count=3)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    question = client.state.current_question.id
    twice = cmd.AnswerFollowUp(payload=cmd.ExchangeRef(question_id=question))
    await client.send(twice)
    await client.send(twice)
    await client.view(ViewState.LISTENING)
    assert sum(e.follow_up_of == question for e in client.conductor.board.exchanges.values()) == 1
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    probe = client.state.current_question.id
    again = cmd.ReadyForNext(payload=cmd.ReadyForNextPayload(last_question_id=probe))
    await client.send(again)
    await client.send(again)
    await client.send(again)
    assert client.state.question_number == 2
    await hub.close()


async def test_a_follow_up_is_its_own_exchange_and_there_is_one_at_most(tmp_path):
    scripts, store = ScriptedEvaluation({"follow_up": PROBE}), FakeStore()
    hub = make_hub(tmp_path, evaluate=scripts, store=store)
    client = await listening(hub)
    main = client.state.current_question.id
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await client.follow_up()
    await client.view(ViewState.LISTENING)
    await client.answer()
    assert scripts.calls[1].input.question.is_follow_up
    assert [e.payload.attempt_id for e in client.of("NO_FOLLOW_UP")] == [client.state.attempt_id]
    await client.view(ViewState.FEEDBACK)
    with pytest.raises(IllegalCommandError):
        await client.follow_up()
    await client.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=main)))
    await client.view(ViewState.LISTENING)
    assert client.state.attempt_number == 2
    await client.answer()
    assert len(client.of("FOLLOW_UP_QUEUED")) == 1
    assert store.exchanges[main].follow_up_question_text == PROBE
    await hub.close()


async def test_a_contradicted_follow_up_is_taken_back(tmp_path):
    avatar = FakeAvatar(speaks_for_s=None)
    hub = make_hub(
        tmp_path,
        avatar=avatar,
        evaluate=ScriptedEvaluation({"follow_up": PROBE, "contradict": True}),
        timing=slow(speech_grace_s=5),
    )
    client = await begin(hub)
    await client.start()
    await client.send(
        cmd.ReadyForNext(payload=cmd.ReadyForNextPayload(last_question_id=client.state.current_question.id))
    )
    await client.view(ViewState.LISTENING)
    await client.answer()
    assert client.types().index("FOLLOW_UP_QUEUED") < client.types().index("NOTICE")
    assert client.of("NOTICE")[0].payload.code == "FOLLOW_UP_WITHDRAWN"
    assert not client.state.can_follow_up and client.of("NO_FOLLOW_UP") == []
    assert avatar.sessions[0].cancels >= 1
    with pytest.raises(IllegalCommandError):
        await client.follow_up()
    await hub.close()


async def test_the_better_earlier_attempt_stays_best_and_noise_is_no_progress(tmp_path):
    store = FakeStore()
    store.noise["test"] = 0.3
    scripts = ScriptedEvaluation({"overall": 6.0}, {"overall": 6.5}, {"overall": 8.0}, {"overall": 7.0})
    hub = make_hub(tmp_path, store=store, evaluate=scripts)
    client = await listening(hub)
    said = [(await client.answer()).payload]
    for _ in range(3):
        await client.view(ViewState.FEEDBACK)
        await client.retry()
        await client.view(ViewState.LISTENING)
        said.append((await client.answer()).payload)
    assert [p.comparison for p in said] == [
        "",
        "About the same as your best attempt so far (6.0).",
        "Up 1.5 on your best attempt so far.",
        "Your best attempt stays at 8.0.",
    ]
    assert [p.attempt_status for p in said] == ["best", "best", "best", "current"]
    assert [d.rank for d in said[-1].history] == ["superseded", "superseded", "best", "current"]
    assert [d.attempt_number for d in said[-1].history] == [1, 2, 3, 4]
    assert len(scripts.calls[-1].input.attempt_history) == 3
    exchange = client.state.current_question.id
    assert store.attempts[store.exchanges[exchange].final_attempt_id].overall_score == 8.0
    await hub.close()


async def test_reconnecting_puts_a_client_where_it_was(tmp_path):
    gate = asyncio.Event()
    hub = make_hub(tmp_path, evaluate=ScriptedEvaluation({"follow_up": PROBE, "gate": gate}))
    client = await listening(hub)
    await client.speak()
    middle = Client(client.conductor)
    await middle.view(ViewState.LISTENING)
    assert middle.state.attempt_id == client.state.attempt_id
    await client.send(client.finish_command())
    await client.wait("FOLLOW_UP_QUEUED")
    late = Client(client.conductor)
    await late.wait("FOLLOW_UP_QUEUED")
    assert late.types("SPEAK") == ["SESSION_STATE", "PROCESSING_HINT", "FOLLOW_UP_QUEUED"]
    gate.set()
    await late.wait("UPDATE_REWRITE")
    await client.settled()
    assert late.state.view_state == ViewState.FEEDBACK
    after = Client(client.conductor)
    await after.wait("UPDATE_REWRITE")
    expected = ["SESSION_STATE", "FOLLOW_UP_QUEUED", "UPDATE_SCORES", "UPDATE_REWRITE"]
    assert after.types("SPEAK", "SPEECH_END") == expected
    assert after.seen[0].payload.can_follow_up
    await hub.close()


async def test_a_restart_in_the_middle_of_an_answer_offers_what_was_recorded(tmp_path):
    store, scripts = FakeStore(), ScriptedEvaluation({})
    hub = make_hub(tmp_path, store=store, evaluate=scripts)
    client = await listening(hub)
    await client.speak(2.0)
    attempt = client.state.attempt_id
    await crash(hub)
    hub = make_hub(tmp_path, store=store, evaluate=scripts)
    await hub.start()
    back = Client(await hub.open(client.conductor.id))
    state = (await back.wait("SESSION_STATE")).payload
    assert (state.view_state, state.attempt_id, state.recoverable_s) == (ViewState.LISTENING, attempt, 2.0)
    assert "2 s of your answer" in state.notice
    await back.speak(1.0)
    await back.send(back.finish_command())
    await back.wait("UPDATE_REWRITE")
    await back.settled()
    assert store.attempts[attempt].duration_seconds == pytest.approx(3.0, abs=0.05)
    await hub.close()


@pytest.mark.parametrize("typed", [False, True])
async def test_what_was_recorded_before_a_restart_is_kept_whatever_is_done_next(tmp_path, typed):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    await client.speak(2.0)
    attempt = client.state.attempt_id
    await crash(hub)
    hub = make_hub(tmp_path, store=store)
    back = Client(await hub.open(client.conductor.id))
    await back.wait("SESSION_STATE", recoverable_s=2.0)
    if typed:
        await back.send(cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=attempt, text="What I said.")))
        await back.settled()
    else:
        await hub.finish(back.conductor.id)
    kept = store.attempts[attempt]
    assert kept.status == (AttemptStatus.EVALUATED if typed else AttemptStatus.DELAYED)
    assert decode(AudioArchive(str(tmp_path / "audio")).local_path(kept.audio_uri or "", tmp_path)).duration_s == 2.0
    await hub.close()


async def test_a_recording_that_is_read_while_its_answer_is_started_over_is_no_answer_to_the_new_one(tmp_path):
    begun, go = threading.Event(), threading.Event()

    def slowly(upload: Path, taken: Path) -> str:
        begun.set()
        assert go.wait(10)
        shutil.copyfile(upload, taken)
        return ""

    store = FakeStore()
    hub = make_hub(tmp_path, store=store, take_upload=slowly)
    client = await listening(hub)
    old = client.state.attempt_id or ""
    (tmp_path / "upload.flac").write_bytes(b"sound")
    sending = asyncio.create_task(client.conductor.submit_recording(tmp_path / "upload.flac"))
    await off_loop(begun.wait, 10)
    await client.send(cmd.RestartAnswer(payload=cmd.RestartAnswerPayload(attempt_id=old)))
    await client.speak(1.0)
    go.set()
    with pytest.raises(IllegalCommandError, match="started over"):
        await sending
    assert client.state.view_state == ViewState.LISTENING and client.conductor._listening.capture
    assert client.conductor._listening.capture.seconds == 1.0
    assert [path.name for path in (tmp_path / "journal").iterdir() if old in path.name or "part" in path.name] == []
    await hub.close()


async def test_a_disk_that_is_full_at_the_end_loses_no_answer(tmp_path):
    full = [True]

    class Journal(RecordingJournal):
        def seal(self):
            if full:
                raise StoreError("The recording cannot be written (No space left on device).")
            return super().seal()

    store = FakeStore()
    hub = make_hub(tmp_path, store=store, journals=Journal)
    client = await listening(hub)
    await client.speak(1.0)
    attempt = client.state.attempt_id
    for _ in range(2):
        with pytest.raises(StoreError, match="No space"):
            await hub.finish(client.conductor.id)
        assert client.state.view_state == ViewState.ERROR_RECOVERABLE, "nobody is listened to any more"
    full.clear()
    await hub.finish(client.conductor.id)
    kept = store.attempts[attempt]
    assert (kept.status, kept.duration_seconds) == (AttemptStatus.DELAYED, 1.0) and kept.audio_uri
    await hub.close()


async def full(_: object) -> None:
    raise StoreVersionError("The database is full of another version.")


async def test_what_is_said_after_an_end_that_failed_belongs_to_the_answer(tmp_path, monkeypatch):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    await client.speak(1.0)
    attempt = client.state.attempt_id
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="full"):
        patch.setattr(store, "update_attempt", full)
        await hub.finish(client.conductor.id)
    assert client.state.view_state == ViewState.LISTENING
    await client.speak(0.5)
    await hub.finish(client.conductor.id)
    kept = store.attempts[attempt]
    assert (kept.status, kept.duration_seconds) == (AttemptStatus.DELAYED, 1.5)
    await hub.close()


@pytest.mark.parametrize("spoken", [False, True])
async def test_an_end_that_fails_late_leaves_an_interview_that_goes_on(tmp_path, monkeypatch, spoken):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    if spoken:
        await client.speak(1.0)
    with monkeypatch.context() as patch, pytest.raises(StoreError, match="full"):
        patch.setattr(store, "update_interview", full)
        await hub.finish(client.conductor.id)
    await client.view(ViewState.ERROR_RECOVERABLE)
    await client.retry()
    await client.view(ViewState.LISTENING)
    await client.answer()
    assert (await hub.finish(client.conductor.id)).status == InterviewStatus.COMPLETED
    await hub.close()


async def test_an_interview_that_ends_while_a_question_is_asked_listens_to_nobody(tmp_path):
    hub = make_hub(tmp_path)
    client = await begin(hub)
    await client.start()
    await hub.finish(client.conductor.id)
    await client.wait("INTERVIEW_SUMMARY")
    await asyncio.sleep(0.05)
    assert client.of("ERROR") == [] and client.conductor._listening.capture is None
    await hub.close()


async def test_an_answer_sealed_just_before_its_row_says_so_is_judged_after_a_restart(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    await client.speak()
    attempt_id = client.state.attempt_id
    await off_loop(client.conductor._listening.take().seal)
    await crash(hub)

    again = make_hub(tmp_path, store=store)
    conductor = await again.open(client.conductor.id)
    assert conductor.snapshot().payload.view_state == ViewState.PROCESSING
    await conductor.settle()
    assert store.attempts[attempt_id].status == AttemptStatus.EVALUATED and store.completions == [attempt_id]
    assert store.attempts[attempt_id].audio_uri
    await again.close()


async def test_an_answer_that_is_sealed_elsewhere_while_it_is_looked_for_is_found(tmp_path):
    """The process that was taken for dead seals between its successor's two looks at the folder."""
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    await client.speak(1.0)
    capture = client.conductor._listening.capture

    class SealedMeanwhile(RecordingJournal):
        @classmethod
        def create(cls, directory, attempt_id):
            capture.seal()
            return super().create(directory, attempt_id)

    successor = RecordingFiles(cast(Any, SimpleNamespace(parts=replace(hub.parts, journals=SealedMeanwhile))))
    found = await off_loop(successor.find, store.attempts[client.state.attempt_id])
    assert found and decode(found).duration_s == pytest.approx(1.0, abs=0.05)
    await crash(hub)
    await hub.close()


@pytest.mark.parametrize("pause_at", ["transcribing", "evaluating"])
async def test_a_restart_between_finish_and_feedback_resumes_once(tmp_path, pause_at):
    store, transcriber, gate = FakeStore(), FakeTranscriber(), asyncio.Event()
    scripts = ScriptedEvaluation({"gate": gate}, {})
    if pause_at == "transcribing":
        transcriber.delay_s = 30
        scripts = ScriptedEvaluation({})
    hub = make_hub(tmp_path, store=store, transcriber=transcriber, evaluate=scripts)
    client = await listening(hub)
    await client.speak(1.0)
    await client.send(client.finish_command())
    attempt = client.state.attempt_id
    if pause_at == "evaluating":
        await client.wait("NO_FOLLOW_UP")
    else:
        while store.attempts[attempt].status == AttemptStatus.RECORDING:  # noqa: ASYNC110
            await asyncio.sleep(0)
    await crash(hub)
    transcriber.delay_s = 0
    hub = make_hub(tmp_path, store=store, transcriber=transcriber, evaluate=scripts)
    await hub.start()
    conductor = await hub.open(client.conductor.id)
    back = Client(conductor)
    await conductor.settle()
    await back.wait("UPDATE_REWRITE")
    done = store.attempts[attempt]
    assert done.status == AttemptStatus.EVALUATED and done.duration_seconds > 0.5 and done.audio_uri
    assert store.completions == [attempt]
    assert [e.meter for e in store.usage.values()].count("fake.output") == 1
    await hub.close()


async def test_restart_while_asked_or_in_feedback(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, evaluate=ScriptedEvaluation({"follow_up": PROBE}))
    client = await listening(hub, q_count=2)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await crash(hub)
    hub = make_hub(tmp_path, store=store)
    await hub.start()
    back = Client(await hub.open(client.conductor.id))
    await back.wait("UPDATE_REWRITE")
    assert back.types() == ["SESSION_STATE", "FOLLOW_UP_QUEUED", "UPDATE_SCORES", "UPDATE_REWRITE"]
    assert back.state.view_state == ViewState.FEEDBACK and back.state.can_follow_up
    await back.next()
    await crash(hub)
    hub = make_hub(tmp_path, store=store)
    await hub.start()
    third = Client(await hub.open(client.conductor.id))
    await third.wait("SPEAK")
    assert third.state.question_number == 2 and third.state.attempt_number == 1
    await hub.close()


async def test_a_busy_database_stops_nothing_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "REPLAY_EVERY_S", 0.01)
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    store.fail = 10**6
    scores = await client.answer()
    await client.view(ViewState.FEEDBACK)
    assert [n.payload.code for n in client.of("NOTICE")] == ["STORE_BUSY"]
    assert store.completions == []
    with pytest.raises(StoreBusyError):
        await hub.init(InitRequest())
    store.fail = 0
    while (await client.wait("NOTICE")).payload.code != "STORE_BACK":
        pass
    stored = store.attempts[scores.payload.attempt_id]
    assert stored.status == AttemptStatus.EVALUATED and stored.overall_score == 6.5
    assert len(store.usage) == 2
    await hub.close()


async def test_facts_that_waited_survive_the_death_of_the_process(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    store.fail = 10**6
    scores = await client.answer()
    await crash(hub)
    assert (tmp_path / "journal" / "facts.jsonl").exists()
    store.fail = 0
    hub = make_hub(tmp_path, store=store)
    await hub.start()
    assert store.attempts[scores.payload.attempt_id].status == AttemptStatus.EVALUATED
    assert not (tmp_path / "journal" / "facts.jsonl").exists()
    await hub.close()


async def test_feedback_that_failed_can_be_had_later(tmp_path):
    store = FakeStore()
    scripts = ScriptedEvaluation({"fallback": True}, {"overall": 7.0})
    hub = make_hub(tmp_path, store=store, evaluate=scripts)
    client = await listening(hub)
    first = await client.answer()
    await client.view(ViewState.FEEDBACK)
    attempt = first.payload.attempt_id
    assert "Feedback is delayed" in first.payload.notices[0]
    assert store.attempts[attempt].status == AttemptStatus.DELAYED and store.attempts[attempt].overall_score is None
    again = cmd.RetryFeedback(payload=cmd.AttemptRef(attempt_id=attempt))
    await client.send(again)
    await client.send(again)
    await client.wait("UPDATE_SCORES", overall=7.0)
    await client.settled()
    assert store.attempts[attempt].status == AttemptStatus.EVALUATED
    assert [c.call_number for c in scripts.calls] == [1, 11]
    await hub.close()


@pytest.mark.parametrize("section", ["follow_up", "scoring", "rewrite"])
async def test_an_evaluation_that_breaks_keeps_the_answer(tmp_path, section):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, evaluate=ScriptedEvaluation({"fail": section}, {}))
    client = await listening(hub)
    await client.speak()
    await client.send(client.finish_command())
    error = await client.wait("ERROR")
    assert error.payload.recoverable
    await client.settled()
    stored = store.attempts[client.state.attempt_id]
    assert stored.status == AttemptStatus.DELAYED and stored.transcript.text and stored.audio_uri
    await client.send(cmd.RetryFeedback(payload=cmd.AttemptRef(attempt_id=stored.id)))
    await client.wait("UPDATE_REWRITE")
    await client.settled()
    assert store.attempts[stored.id].status == AttemptStatus.EVALUATED
    await hub.close()


async def test_a_dead_transcriber_keeps_the_audio_and_can_be_asked_again(tmp_path):
    store, transcriber = FakeStore(), FakeTranscriber()
    transcriber.fail_live = transcriber.fail_batch = True
    hub = make_hub(tmp_path, store=store, transcriber=transcriber)
    client = await listening(hub)
    await client.speak(1.0)
    await client.send(client.finish_command())
    await client.view(ViewState.ERROR_RECOVERABLE)
    attempt = client.state.attempt_id
    transcriber.fail_live = transcriber.fail_batch = False
    await client.send(cmd.RetryFeedback(payload=cmd.AttemptRef(attempt_id=attempt)))
    await client.wait("UPDATE_REWRITE")
    await client.settled()
    assert store.attempts[attempt].transcript.source == "batch"
    await hub.close()


async def test_everything_down_is_still_an_interview(tmp_path):
    avatar, transcriber, brain = FakeAvatar(), FakeTranscriber(), FakeBrain()
    avatar.fail_open = transcriber.fail_open = brain.fail_summary = True
    hub = make_hub(tmp_path, avatar=avatar, transcriber=transcriber, brain=brain)
    client = await listening(hub)
    assert {n.payload.code for n in client.of("NOTICE")} == {"STT_STREAM_FAILED"}
    await client.answer()
    summary = await hub.finish(client.conductor.id)
    assert summary.status == "completed"
    await hub.close()


async def test_nothing_heard_is_told_and_changes_nothing(tmp_path):
    hub = make_hub(tmp_path)
    client = await listening(hub)
    with pytest.raises(InputError):
        await client.send(client.finish_command())
    assert client.state.view_state == ViewState.LISTENING
    with pytest.raises(NotFoundError):
        await client.send(client.finish_command("nobody"))
    await hub.close()


async def test_ending_in_the_middle_of_an_answer_keeps_it(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    await client.speak(1.0)
    attempt = client.state.attempt_id
    await hub.finish(client.conductor.id)
    assert store.interviews[client.conductor.id].status == InterviewStatus.COMPLETED
    assert store.attempts[attempt].status == AttemptStatus.DELAYED and store.attempts[attempt].audio_uri
    await hub.close()


async def test_an_abandoned_interview_is_resumed_with_a_fresh_token(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub)
    await client.answer()
    await crash(hub)
    left = store.interviews[client.conductor.id].model_copy(update={"status": InterviewStatus.ABANDONED})
    store.interviews[left.id] = left
    hub = make_hub(tmp_path, store=store)
    way = await hub.resume(left.id)
    assert await hub.check(way.auth_token) == left.id
    assert store.interviews[left.id].status == InterviewStatus.IN_PROGRESS
    await hub.finish(left.id)
    assert await hub.check(way.auth_token) is None
    with pytest.raises(InputError):
        await hub.resume(left.id)
    await hub.close()


async def test_the_verbatim_pass_corrects_scores_when_it_arrives(tmp_path):
    store = FakeStore()
    transcriber = FakeTranscriber(verbatim_batch=True)
    transcriber.verbatim_delay_s = 0.05
    hub = make_hub(tmp_path, store=store, transcriber=transcriber, policy=Policy())
    client = await listening(hub)
    scores = await client.answer()
    first, second = client.of("UPDATE_SCORES")
    assert scores is first and not first.payload.updated and second.payload.updated
    assert first.payload.delivery_metrics["filler_count"] is None
    assert second.payload.delivery_metrics["filler_count"] == 1
    assert "Fillers not measurable with this transcriber." in first.payload.notices
    assert "Fillers not measurable with this transcriber." not in second.payload.notices
    assert second.payload.delivery == 8 and second.payload.overall == Policy().overall(6.5, 8)
    stored = store.attempts[scores.payload.attempt_id]
    assert stored.overall_score == second.payload.overall and stored.transcript.text.startswith("Um, ")
    await hub.close()


@pytest.mark.parametrize(
    ("share", "recording", "batches", "alarms"),
    [
        (0.0, "Um, I, uh, led it, um, alone.", 0, 0),
        (1.0, "I led it alone.", 1, 0),
        (1.0, "Um, I, uh, led, um, it.", 1, 1),
    ],
)
async def test_a_sample_of_recordings_checks_that_live_keeps_fillers(tmp_path, share, recording, batches, alarms):
    transcriber = FakeTranscriber(("I led it alone.",), verbatim_batch=True, verbatim_live=True, check_share=share)
    transcriber.verbatim_text = recording
    hub = make_hub(tmp_path, transcriber=transcriber, policy=Policy())
    client = await listening(hub)
    await client.answer()
    told = client.of("UPDATE_SCORES")
    assert (transcriber.batches, transcriber.told_lost) == (batches, alarms)
    assert [s.payload.updated for s in told] == [False, True][: 1 + alarms]
    await hub.close()


async def test_idle_conductors_are_let_go_and_come_back(tmp_path):
    now = [0.0]
    hub = make_hub(tmp_path, monotonic=lambda: now[0])
    client = await listening(hub)
    await client.leave()
    assert await hub.idle.let_go_of_idle() == 0
    now[0] += 601
    assert await hub.idle.let_go_of_idle() == 1
    back = Client(await hub.open(client.conductor.id))
    await back.wait("SESSION_STATE")
    assert back.conductor is not client.conductor
    await hub.close()


async def test_a_deleted_session_is_nowhere_any_more(tmp_path):
    services = build_services(coach_home=tmp_path, transcriber="typed", brain="offline", coach_voice="none")
    await services.hub.start()
    question = PlannedQuestion(text="Tell me about a time you improved a process.")
    way = await services.hub.init(InitRequest(q_count=1), questions=[question])
    client = Client(await services.hub.open(way.mock_interview_id))
    await client.start()
    await client.listen()
    await client.speak()
    await asyncio.to_thread(services.delete_session, way.mock_interview_id)
    assert services.hub.find(way.mock_interview_id) is None
    assert await services.hub.check(way.auth_token) is None
    assert client.conductor.listeners == 0 and not [*services.settings.journal_dir.glob("*.pcm")]
    with pytest.raises(NotFoundError):
        await services.hub.open(way.mock_interview_id)
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(services.delete_session, way.mock_interview_id)
    await services.close()
