"""A question may be left unanswered, opened again from its dot, and is named as unanswered in the end."""

import asyncio

import pytest

from coach.contracts import commands as cmd
from coach.contracts.interview import AttemptStatus, InterviewStatus, ViewState
from coach.errors import IllegalCommandError, RateLimitError
from coach.interview.live_state import LiveState
from tests.conversation.driver import Client, begin, listening, make_hub, slow
from tests.fakes.store import FakeStore
from tests.fakes.vendors import ScriptedEvaluation


def in_hand(client: Client) -> str:
    question = client.state.current_question
    assert question
    return question.id


async def skip(client: Client, question_id: str = "") -> None:
    await client.send(cmd.SkipQuestion(payload=cmd.ExchangeRef(question_id=question_id or in_hand(client))))


async def back_to(client: Client, question_id: str) -> None:
    await client.send(cmd.OpenQuestion(payload=cmd.ExchangeRef(question_id=question_id)))


def trail(client: Client) -> list[str]:
    return [dot.standing for dot in client.state.questions]


async def test_a_skipped_question_is_opened_again_answered_and_not_asked_twice(tmp_path):
    judge = ScriptedEvaluation({"overall": 6.0}, {"overall": 7.0}, {"overall": 5.0})
    hub = make_hub(tmp_path, evaluate=judge)
    client = await listening(hub, 3)
    first = in_hand(client)
    await client.speak()
    await skip(client)
    speak = await client.wait("SPEAK")
    await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.payload.task_id)))
    await client.view(ViewState.LISTENING)
    assert "No problem" in speak.payload.lead_in or "fine" in speak.payload.lead_in
    assert trail(client) == ["skipped", "current", "ahead"]
    assert judge.calls == [] and client.conductor.board.interview.status == InterviewStatus.IN_PROGRESS
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await back_to(client, first)
    await client.listen()
    assert trail(client) == ["current", "answered", "ahead"] and client.state.attempt_number == 1
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await client.next()
    await client.listen()
    assert trail(client) == ["answered", "answered", "current"] and client.state.is_last_question
    await hub.close()


async def test_two_clicks_skip_one_question_and_two_tabs_as_well(tmp_path):
    hub = make_hub(tmp_path)
    client = await begin(hub, 3)
    other = Client(client.conductor)
    await client.start()
    first = in_hand(client)
    await asyncio.gather(skip(client, first), skip(other, first), skip(client, first))
    assert trail(client) == ["skipped", "current", "ahead"]
    second = in_hand(client)
    await asyncio.gather(back_to(client, first), back_to(other, first))
    assert trail(client) == ["current", "skipped", "ahead"] and in_hand(other) == first
    await skip(client)
    assert in_hand(client) == second, "the next without an answer, also where it was asked before"
    await hub.close()


async def test_the_last_one_skipped_ends_the_interview_and_the_summary_names_what_is_unanswered(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub, 2)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await client.next()
    await client.listen()
    await client.speak()
    left = in_hand(client)
    await skip(client)
    told = await client.wait("INTERVIEW_SUMMARY")
    assert [(q.exchange_id == left, q.attempt_id == "") for q in told.payload.questions] == [
        (False, False),
        (True, True),
    ]
    assert "1 of 2 questions answered" in told.payload.readiness_why
    dropped = next(a for a in store.attempts.values() if a.exchange_id == left)
    assert dropped.status == AttemptStatus.DISCARDED and not [*(tmp_path / "journal").glob(f"{dropped.id}*")]
    with pytest.raises(IllegalCommandError):
        await skip(client)
    await hub.close()


async def test_an_interview_of_which_everything_was_skipped_ends_with_a_clear_word(tmp_path):
    hub = make_hub(tmp_path)
    client = await begin(hub, 2)
    await client.start()
    await skip(client)
    await skip(client)
    told = await client.wait("INTERVIEW_SUMMARY")
    assert told.payload.summary["headline"] == "No answer was scored in this interview."
    assert client.conductor.board.interview.status == InterviewStatus.COMPLETED
    await hub.close()


async def test_a_skipped_follow_up_goes_on_and_leaves_its_question_answered(tmp_path):
    hub = make_hub(tmp_path, evaluate=ScriptedEvaluation({"overall": 5.0, "follow_up": "What came of it?"}))
    client = await listening(hub, 2)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await client.follow_up()
    await client.view(ViewState.LISTENING)
    await skip(client)
    assert trail(client) == ["answered", "current"] and not client.state.is_follow_up
    await hub.close()


async def test_only_what_was_skipped_is_opened_and_not_for_ever(tmp_path):
    hub = make_hub(tmp_path, timing=slow(restarts_per_minute=3))
    client = await listening(hub, 3)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    answered, ahead = (client.state.questions[n].id for n in (0, 2))
    for refused in (answered, ahead):
        with pytest.raises(IllegalCommandError):
            await back_to(client, refused)
    await client.next()
    second = in_hand(client)
    with pytest.raises(IllegalCommandError):
        await client.send(cmd.OpenQuestion(payload=cmd.ExchangeRef(question_id=answered)))
    await skip(client)
    third = in_hand(client)
    for wanted in (second, third, second):
        await back_to(client, wanted)
    with pytest.raises(RateLimitError):
        await back_to(client, third)
    assert in_hand(client) == second
    await hub.close()


async def test_a_restart_finds_the_question_in_hand_and_the_skipped_one(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    client = await listening(hub, 3)
    interview_id = client.conductor.id
    await skip(client)
    second = in_hand(client)
    await hub.close()
    hub = make_hub(tmp_path, store=store)
    again = Client(await hub.open(interview_id))
    assert in_hand(again) == second and trail(again) == ["skipped", "current", "ahead"]
    snapshot = await store.load_interview(interview_id)
    assert snapshot and LiveState.of(snapshot).skipped(again.conductor.board.questions()[0])
    await hub.close()
