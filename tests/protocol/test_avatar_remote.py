"""The remote avatar over its wire, to a loopback server that can fail."""

import asyncio
import socket

import pytest
import uvicorn

from coach.avatar.remote import RemoteAvatar
from coach.contracts import commands as cmd
from coach.contracts.interview import ViewState
from tests.conversation.driver import begin, make_hub, slow
from tests.fakes.avatar_server import AvatarServer
from tests.fakes.vendors import ScriptedEvaluation


@pytest.fixture
async def vendor():
    fake = AvatarServer()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(fake.app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.005)
    fake.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield fake
    fake.drop_events()
    server.should_exit = True
    await task


async def interview(vendor, tmp_path, **changes):
    hub = make_hub(tmp_path, avatar=RemoteAvatar(vendor.url), timing=slow(speech_grace_s=3), **changes)
    return hub, await begin(hub)


async def test_it_asks_the_question_and_the_microphone_arms_by_itself(vendor, tmp_path):
    hub, client = await interview(vendor, tmp_path, evaluate=ScriptedEvaluation({"follow_up": "Which numbers?"}))
    await client.start()
    await client.view(ViewState.LISTENING)
    assert client.types() == ["SESSION_STATE", "SESSION_STATE", "SPEECH_END", "SESSION_STATE"]
    scores = await client.answer()
    texts = [s["text"] for s in vendor.spoken]
    assert texts == [client.conductor.board.questions()[0].question_text, "Which numbers?"]
    queued = client.of("FOLLOW_UP_QUEUED")[0].payload
    assert queued.heygen_task_id == vendor.spoken[1]["task_id"]
    timeline = client.conductor.board.attempt(scores.payload.attempt_id).timeline
    assert timeline["follow_up_complete"] <= timeline["speak_requested"]
    await client.follow_up()
    await client.view(ViewState.LISTENING)
    assert len(vendor.spoken) == 2, "a follow-up is generated once"
    await hub.finish(client.conductor.id)
    used = [e for e in hub.parts.store._store.usage.values() if e.vendor == "remote_avatar"]
    assert len(used) == 1 and used[0].unit == "second"
    await hub.close()
    assert vendor.open_sessions == {}


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_one_that_refuses_to_speak_gives_way_to_the_browsers_voice(vendor, tmp_path, status):
    hub, client = await interview(vendor, tmp_path)
    vendor.refuse = status
    await client.start()
    speak = await client.wait("SPEAK")
    assert client.of("NOTICE")[0].payload.code == "AVATAR_DOWN"
    await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.payload.task_id)))
    await client.view(ViewState.LISTENING)
    await client.answer()
    await hub.close()


async def test_one_that_dies_in_the_middle_of_a_question_gives_way_too(vendor, tmp_path):
    vendor.speaks_for_s = 60
    hub, client = await interview(vendor, tmp_path)
    await client.start()
    await client.view(ViewState.ASKING)
    vendor.drop_events()
    speak = await client.wait("SPEAK")
    await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.payload.task_id)))
    await client.view(ViewState.LISTENING)
    assert len(client.of("SPEECH_END")) == 1
    await hub.close()


async def test_one_that_cannot_be_reached_is_no_obstacle(tmp_path):
    hub = make_hub(tmp_path, avatar=RemoteAvatar("http://127.0.0.1:9"))
    client = await begin(hub)
    await client.start()
    await client.listen()
    await hub.close()
