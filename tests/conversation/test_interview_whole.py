"""A whole interview through the conductor with scripted vendors and the drawn avatar."""

import wave

import pytest

from coach.brain.offline.coach import OfflineCoach
from coach.contracts import commands as cmd
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import AttemptRank, AttemptStatus, InterviewStatus, ViewState
from coach.contracts.transcript import Transcript
from coach.interview.planning import InitRequest
from tests.conversation.driver import begin, listening, make_hub, tone
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeTranscriber, ScriptedEvaluation, measure

PROBE = "What changed in numbers?"


async def test_a_whole_interview_with_follow_up_retry_and_summary(tmp_path):
    store = FakeStore()
    scripts = ScriptedEvaluation(
        {"overall": 5.0, "follow_up": PROBE}, {"overall": 8.0}, {"overall": 7.0}, {"overall": 6.0}
    )
    hub = make_hub(tmp_path, store=store, evaluate=scripts)
    client = await begin(hub)
    assert client.state.view_state == ViewState.INTRO_LOADING
    await client.start()
    await client.view(ViewState.ASKING)
    await client.listen()

    first = await client.answer()
    assert first.payload.attempt_status == AttemptRank.BEST
    await client.view(ViewState.FEEDBACK)
    assert client.state.can_follow_up
    await client.follow_up()
    await client.view(ViewState.LISTENING)
    assert client.state.is_follow_up and client.state.attempt_number == 1
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    assert not client.state.can_follow_up

    await client.next()
    await client.listen()
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await client.retry()
    await client.view(ViewState.LISTENING)
    worse = await client.answer()
    assert worse.payload.attempt_status == AttemptRank.CURRENT
    assert [d.rank for d in worse.payload.history] == [AttemptRank.BEST, AttemptRank.CURRENT]
    await client.view(ViewState.FEEDBACK)

    summary = await hub.finish(client.conductor.id)
    assert summary.status == "completed"
    interview = store.interviews[client.conductor.id]
    assert interview.status == InterviewStatus.COMPLETED
    assert interview.overall_score == round((8 + 7) / 2, 1)
    assert interview.plan == ["add a number"]
    statuses = [a.status for a in store.attempts.values()]
    assert statuses == [AttemptStatus.EVALUATED] * 4
    assert len(store.completions) == len(set(store.completions)) == 4
    assert all(a.audio_uri and a.audio_expires_at for a in store.attempts.values())
    assert not list((tmp_path / "journal").iterdir())
    await hub.close()


async def test_events_come_in_the_order_the_contract_demands(tmp_path):
    hub = make_hub(tmp_path, evaluate=ScriptedEvaluation({"follow_up": PROBE}))
    client = await listening(hub)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    order = [t for t in client.types("SESSION_STATE", "SPEECH_END") if t != "SPEAK"]
    assert order == ["PROCESSING_HINT", "FOLLOW_UP_QUEUED", "UPDATE_SCORES", "UPDATE_REWRITE"]
    types = client.types()
    follow_up_speech = [i for i, e in enumerate(client.seen) if e.type == "SPEAK" and e.payload.purpose == "follow_up"]
    assert len(follow_up_speech) == 1
    assert types.index("FOLLOW_UP_QUEUED") < types.index("SPEAK", types.index("PROCESSING_HINT"))
    await hub.close()


@pytest.mark.parametrize(("confidence", "reviewed"), [(0.4, True), (0.9, False)])
async def test_only_an_unsure_transcript_waits_for_the_person_and_never_sends_itself(tmp_path, confidence, reviewed):
    scripts, store = ScriptedEvaluation({}), FakeStore()
    transcriber = FakeTranscriber(review_below=0.78)
    transcriber.confidence = confidence
    hub = make_hub(tmp_path, store=store, transcriber=transcriber, evaluate=scripts)
    client = await listening(hub)
    await client.speak()
    await client.send(client.finish_command())
    if reviewed:
        review = await client.wait("TRANSCRIPT_REVIEW")
        await client.settled()
        assert scripts.calls == [] and review.payload.doubtful
        assert store.attempts[review.payload.attempt_id].status == AttemptStatus.REVIEW
        text = cmd.TranscriptPayload(attempt_id=review.payload.attempt_id, text="I led the migration.")
        await client.send(cmd.SubmitTranscript(payload=text))
    await client.wait("UPDATE_SCORES")
    await client.settled()
    assert len(scripts.calls) == 1
    (attempt,) = store.attempts.values()
    assert (attempt.transcript.source == "corrected") == reviewed
    assert attempt.status == AttemptStatus.EVALUATED
    await hub.close()


async def test_not_what_you_said_scores_the_same_attempt_again_without_asking_the_plan(tmp_path):
    scripts, store = ScriptedEvaluation({}), FakeStore()
    hub = make_hub(tmp_path, store=store, transcriber=FakeTranscriber(), evaluate=scripts)
    client = await listening(hub)
    await client.speak()
    await client.send(client.finish_command())
    await client.wait("UPDATE_SCORES")
    await client.settled()
    (first,) = store.attempts.values()
    same = cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=first.id, text=first.transcript.text))
    await client.send(same)
    await client.settled()
    assert len(scripts.calls) == 1, "nothing was corrected, nothing is scored again"
    text = "I led the migration of our night run and cut it from nine hours to two."
    submit = cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=first.id, text=text))
    await client.send(submit)
    await client.send(submit)
    await client.settled()
    assert [c.input.user_answer.transcript for c in scripts.calls] == [first.transcript.text, text]
    assert scripts.calls[0].call_number != scripts.calls[1].call_number
    (again,) = store.attempts.values()
    assert (again.id, again.attempt_number, again.status) == (first.id, 1, AttemptStatus.EVALUATED)
    assert (again.transcript.text, again.transcript.source) == (text, "corrected")
    assert client.state.view_state == ViewState.FEEDBACK
    await hub.close()


async def test_the_offline_transcript_is_reviewed_before_it_is_scored(tmp_path):
    scripts = ScriptedEvaluation({})
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, transcriber=FakeTranscriber(needs_review=True), evaluate=scripts)
    client = await listening(hub)
    await client.speak()
    await client.send(client.finish_command())
    review = await client.wait("TRANSCRIPT_REVIEW")
    await client.settled()
    assert scripts.calls == []
    assert client.state.view_state == ViewState.PROCESSING
    text = "I led the migration of the night run."
    submit = cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=review.payload.attempt_id, text=text))
    await client.send(submit)
    await client.send(submit)
    await client.wait("UPDATE_SCORES")
    await client.settled()
    assert [c.input.user_answer.transcript for c in scripts.calls] == [text]
    stored = store.attempts[review.payload.attempt_id]
    assert stored.transcript.source == "corrected" and stored.audio_uri and "reviewed" in stored.timeline
    await hub.close()


async def test_a_typed_answer_needs_no_audio(tmp_path):
    scripts = ScriptedEvaluation({})
    hub = make_hub(tmp_path, evaluate=scripts)
    client = await listening(hub)
    attempt_id = client.state.attempt_id
    await client.send(cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=attempt_id, text="I typed this.")))
    await client.wait("UPDATE_REWRITE")
    await client.settled()
    assert scripts.calls[0].input.user_answer.transcript == "I typed this."
    assert client.conductor.board.attempt(attempt_id).transcript.source == "typed"
    await hub.close()


async def test_what_was_said_before_somebody_typed_instead_is_kept_and_tells_nothing_of_the_delivery(tmp_path):
    measured: list[object] = []

    def noting(transcript: Transcript, sound: object, eyes: float | None, band: tuple[float, float]) -> DeliveryMetrics:
        measured.append(sound)
        return measure(transcript, sound, eyes, band)

    store = FakeStore()
    hub = make_hub(tmp_path, store=store, measure=noting)
    client = await listening(hub)
    await client.speak(2.0)
    attempt_id = client.state.attempt_id
    await client.send(cmd.SubmitTranscript(payload=cmd.TranscriptPayload(attempt_id=attempt_id, text="I typed this.")))
    await client.wait("UPDATE_REWRITE")
    await client.settled()
    kept = store.attempts[attempt_id]
    assert kept.audio_uri
    assert (measured[-1], kept.duration_seconds) == (None, 0.0), "no sound is measured"
    await hub.close()


async def test_an_uploaded_recording_is_an_answer(tmp_path):
    hub = make_hub(tmp_path)
    client = await listening(hub)
    file = tmp_path / "answer.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(tone(1.0))
    await client.conductor.submit_recording(file)
    await client.conductor.submit_recording(file)
    await client.wait("UPDATE_SCORES")
    await client.settled()
    attempt = client.conductor.board.attempt(client.state.attempt_id)
    assert attempt.transcript.source == "batch" and attempt.audio_uri.endswith(".flac")
    await hub.close()


@pytest.mark.parametrize("times", [1, 3])
async def test_finish_any_number_of_times_is_one_evaluation(tmp_path, times):
    scripts, store = ScriptedEvaluation({}), FakeStore()
    hub = make_hub(tmp_path, evaluate=scripts, store=store)
    client = await listening(hub)
    await client.speak()
    command = client.finish_command()
    for _ in range(times):
        await client.send(command)
    await client.wait("UPDATE_SCORES")
    await client.settled()
    await client.send(command)
    assert len(scripts.calls) == 1 and len(store.completions) == 1
    assert sorted(e.meter for e in store.usage.values()) == ["fake.live", "fake.output"]
    await hub.close()


async def test_start_over_costs_nothing_and_leaves_no_gap(tmp_path):
    scripts, store, transcriber = ScriptedEvaluation({}), FakeStore(), FakeTranscriber()
    hub = make_hub(tmp_path, evaluate=scripts, store=store, transcriber=transcriber)
    client = await listening(hub)
    old = client.state.attempt_id
    await client.speak()
    await client.send(cmd.RestartAnswer(payload=cmd.RestartAnswerPayload(attempt_id=old)))
    reset = await client.wait("LISTENING_RESET")
    await client.send(cmd.RestartAnswer(payload=cmd.RestartAnswerPayload(attempt_id=old)))
    assert client.state.attempt_id == reset.payload.new_attempt_id != old
    assert client.state.attempt_number == 1
    assert scripts.calls == [] and store.usage == {} and len(transcriber.streams) == 1
    assert store.attempts[old].status == AttemptStatus.DISCARDED
    await client.answer()
    assert [a.attempt_number for a in store.attempts.values() if a.status == AttemptStatus.EVALUATED] == [1]
    await hub.close()


async def test_general_practice_twice_in_a_row_asks_nothing_again(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, brain=OfflineCoach())
    for _ in range(3):
        await hub.init(InitRequest(q_count=5))
    asked = [exchange.question_text for exchange in store.exchanges.values()]
    assert len(asked) == len(set(asked)) == 15
    await hub.close()
