"""Every paid call reaches the ledger from `bootstrap`, whether it succeeded, failed or was given up.

Each kind of call is made through the services of a process; then the ledger is compared with the server's own count.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from coach.audio.flac import write_flac
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.avatar.policy import avatar_policy
from coach.bootstrap import Services, build_services
from coach.brain.openai.errors import retry_after_s
from coach.contracts import commands as cmd
from coach.contracts.interview import PlannedQuestion, ViewState
from coach.contracts.usage import UsageEvent
from coach.errors import CoachError, VendorError
from coach.interview.service import InitRequest
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment
from coach.lab.statistics.pairwise import vote
from coach.store.repositories import ledger
from tests.conversation.driver import Client
from tests.fakes import brain_samples as samples
from tests.fakes.coded_speech import answer as answer_of
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.evaluations import make_evaluation
from tests.fakes.liveavatar_server import KEY as AVATAR_KEY
from tests.fakes.liveavatar_server import LiveAvatarServer, liveavatar
from tests.fakes.openai_batches import BatchServer, response_line
from tests.fakes.openai_server import OpenAIServer, Reply, Tokens
from tests.unit.test_lab_replay import make_dataset

QUESTION = PlannedQuestion(text="Tell me about a time you improved a process.")
GOOD = Reply(samples.output(), tokens=Tokens(input=1500, cached=1024, output=900))
PLAN = {
    "job": {
        "job_title": "Baker",
        "company": "",
        "key_skills": ["sourdough", "early shifts"],
        "competencies": ["reliability"],
        "summary": "Bakes.",
    },
    "questions": [
        {
            "text": f"Tell me about loaf {n}.",
            "type": "behavioral",
            "competency": "reliability",
            "skill": "",
            "reason": "",
        }
        for n in range(3)
    ],
}
SUMMARY = {
    "headline": "Good.",
    "strengths": ["a"],
    "gaps": ["b"],
    "stories_to_save": [],
    "next_plan": ["c"],
    "resume_prompts": [],
    "readiness_score": 6.0,
}


@pytest.fixture
def open_services(tmp_path: Path) -> Iterator[Callable[..., Services]]:
    def make(**settings: Any) -> Services:
        chosen = {"transcriber": "typed", "brain": "offline", "coach_voice": "none"} | settings
        return build_services(coach_home=tmp_path, **chosen)

    yield make


def with_model(make: Callable[..., Services], url: str) -> Services:
    return make(brain="openai", openai_base_url=url, openai_api_key="k", coach_openai_model="gpt-test-1")


async def written(services: Services) -> list[UsageEvent]:
    """The ledger once everything is closed and written; read by another process's services."""
    await services.close()
    again = Services(services.settings)
    try:
        return await again.store.arun(ledger.usage_events)
    finally:
        await again.close()


def model_tokens(events: list[UsageEvent]) -> Decimal:
    return sum((e.quantity for e in events if e.vendor == "openai" and not e.estimated), Decimal(0))


def agree(events: list[UsageEvent], server: OpenAIServer) -> None:
    """Token for token what the server told; an estimate for each answer it began and never told about."""
    assert server.breaches == []
    assert model_tokens(events) == sum(tokens.input + tokens.output + tokens.reasoning for tokens in server.billed)
    told = {(e.attempt_id, e.interview_id, e.call_id) for e in events if e.vendor == "openai" and not e.estimated}
    guessed = {(e.attempt_id, e.interview_id, e.call_id) for e in events if e.estimated}
    assert len(guessed) == server.untold and len(told | guessed) >= bool(server.billed) + server.untold


async def interview(services: Services) -> Client:
    """One that listens to a typed answer."""
    await services.hub.start()
    begun = await services.hub.init(InitRequest(q_count=1), questions=[QUESTION])
    client = Client(await services.hub.open(begun.mock_interview_id))
    await client.start()
    await client.listen()
    return client


async def answer(client: Client) -> str:
    attempt_id = client.state.attempt_id or ""
    payload = cmd.TranscriptPayload(attempt_id=attempt_id, text=samples.ANSWER)
    await client.send(cmd.SubmitTranscript(payload=payload))
    return attempt_id


@pytest.mark.parametrize(
    "replies",
    [
        [GOOD],
        [Reply("not json"), GOOD],
        [Reply("not json"), Reply("nor this")],
        [Reply(samples.output(), fault="truncated"), GOOD],
        [Reply(samples.output(), fault="disconnect"), GOOD],
        [Reply(samples.output(), fault="no_usage")],
        [Reply(fault="refusal")],
        [Reply(fault="http_error", status=500, retry_after="0")],
    ],
    ids=["succeeds", "repaired", "fails", "truncated", "breaks off", "tells nothing", "refused", "is down"],
)
async def test_an_evaluation(open_services, replies) -> None:
    with OpenAIServer(*replies) as server:
        services = with_model(open_services, server.base_url)
        client = await interview(services)
        await answer(client)
        await client.wait("UPDATE_REWRITE", 30)
        await client.settled()
        agree(await written(services), server)


@pytest.mark.parametrize("fault", ["stall_first", "stall_middle"])
async def test_an_evaluation_that_is_given_up(open_services, fault) -> None:
    with OpenAIServer(Reply(samples.output(), fault=fault)) as server:
        services = with_model(open_services, server.base_url)
        client = await interview(services)
        await answer(client)
        async with asyncio.timeout(20):
            while not server.untold:  # noqa: ASYNC110 - the server is in another thread
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        agree(await written(services), server)


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(json.dumps(PLAN))],
        [Reply("nonsense")],
        [Reply("nonsense"), Reply(fault="http_error", status=401)],
        [Reply(fault="failed")],
        [Reply(json.dumps(PLAN), fault="no_usage")],
    ],
    ids=["succeeds", "fails twice", "fails, then the key is refused", "fails at the vendor", "tells nothing"],
)
async def test_a_plan(open_services, replies) -> None:
    with OpenAIServer(*replies) as server:
        services = with_model(open_services, server.base_url)
        await services.hub.start()
        assert await services.hub.init(InitRequest(q_count=2))
        assert server.billed or server.untold
        agree(await written(services), server)


async def test_a_plan_that_is_given_up(open_services) -> None:
    with OpenAIServer(Reply(json.dumps(PLAN), fault="stall_first")) as server:
        services = with_model(open_services, server.base_url)
        await services.hub.start()
        planning = asyncio.create_task(services.hub.init(InitRequest(q_count=2)))
        async with asyncio.timeout(20):
            while not server.untold:  # noqa: ASYNC110 - the server is in another thread
                await asyncio.sleep(0.01)
        planning.cancel()
        await asyncio.gather(planning, return_exceptions=True)
        agree(await written(services), server)


def impatient(brain: Any) -> float:
    return 0.5 if brain.name == "openai" else 30.0


async def test_a_plan_that_never_comes(open_services, monkeypatch) -> None:
    monkeypatch.setattr("coach.interview.planning.patience_s", impatient)
    with OpenAIServer(Reply(json.dumps(PLAN), fault="stall_first")) as server:
        services = with_model(open_services, server.base_url)
        await services.hub.start()
        assert await services.hub.init(InitRequest(q_count=2))
        assert server.untold == 1
        agree(await written(services), server)


async def test_a_summary_that_never_comes(open_services, monkeypatch) -> None:
    monkeypatch.setattr(
        "coach.interview.phases.closing.patience_s", lambda brain: 0.5 if brain.name == "openai" else 30.0
    )
    with OpenAIServer(GOOD, Reply(json.dumps(SUMMARY), fault="stall_first")) as server:
        services = with_model(open_services, server.base_url)
        client = await interview(services)
        await answer(client)
        await client.wait("UPDATE_REWRITE", 30)
        await client.settled()
        told = await services.hub.finish(client.conductor.id)
        assert told.status == "completed" and told.summary["strengths"], "the offline coach sums up"
        assert server.untold == 1
        agree(await written(services), server)


def test_only_what_never_arrived_is_sent_again() -> None:
    request = httpx2.Request("POST", "http://127.0.0.1/v1/responses")
    for cause, again in ((httpx2.ConnectTimeout("t"), True), (httpx2.ReadTimeout("t"), False), (None, False)):
        error = openai.APITimeoutError(request=request)
        error.__cause__ = cause
        assert (retry_after_s(error, 0) is not None) == again


@pytest.mark.parametrize("replies", [[Reply(json.dumps(SUMMARY))], [Reply("nonsense")]], ids=["succeeds", "fails"])
async def test_a_summary(open_services, replies) -> None:
    with OpenAIServer(GOOD, *replies) as server:
        services = with_model(open_services, server.base_url)
        client = await interview(services)
        await answer(client)
        await client.wait("UPDATE_REWRITE", 30)
        await client.settled()
        await services.hub.finish(client.conductor.id)
        assert len(server.billed) == 1 + (1 if replies[0].text != "nonsense" else 2)
        agree(await written(services), server)


@pytest.mark.parametrize("said", ['{"reason": "Sharper.", "better": "first"}', '{"better": "both"}'])
async def test_a_pair_judge(open_services, said) -> None:
    item, one = make_dataset(1).items[0], make_evaluation()
    other = one.model_copy(update={"content_feedback": one.content_feedback.model_copy(update={"headline": "Else."})})
    with OpenAIServer(Reply(said)) as server:
        services = with_model(open_services, server.base_url)
        try:
            await vote(services.pair_judge, item, one, other)
        except VendorError:
            assert "both" in said
        assert len(server.billed) == 2
        agree(await written(services), server)


def experiment(folder: Path, **more: Any) -> Experiment:
    path = folder / "answers.jsonl"
    path.write_text(
        "\n".join(json.dumps({"id": f"a{n}", "question": "Why us?", "answer": f"Pump {n}."}) for n in range(3))
    )
    return Experiment(name="Paid", dataset=str(path), variants=[Variant(name="live", brain="openai")], **more)


async def test_a_replay_of_the_lab_and_the_same_one_again(open_services, tmp_path) -> None:
    with OpenAIServer(GOOD, Reply("not json"), Reply("nor this"), GOOD) as server:
        services = with_model(open_services, server.base_url)
        for name in ("first", "second"):
            await services.lab.run(experiment(tmp_path, use_cache=False).model_copy(update={"name": name}))
        assert len(server.billed) >= 6
        events = await written(services)
        agree(events, server)
        assert not any(event.billable for event in events)


@pytest.mark.parametrize("broken", [False, True], ids=["succeeds", "a line fails"])
async def test_a_batch(open_services, tmp_path, monkeypatch, broken) -> None:
    monkeypatch.setattr("coach.brain.openai.batch.POLL_S", 0.0)

    def line_of(line: dict[str, Any]) -> dict[str, Any]:
        if broken and "Pump 1." in json.dumps(line["body"]["input"]):
            return {"id": "x", "custom_id": line["custom_id"], "response": None, "error": {"code": "batch_expired"}}
        counted.append(2000)
        return response_line(line, samples.output())

    counted: list[int] = []
    with BatchServer(line_of, polls_before_done=0) as server:
        services = with_model(open_services, server.base_url)
        await services.lab.run(experiment(tmp_path, batch=True))
        events = await written(services)
    assert counted and model_tokens(events) == sum(counted)


@pytest.mark.parametrize("faults", [(), (500,) * 9], ids=["succeeds", "fails"])
async def test_a_recording_transcribed_as_a_whole(open_services, tmp_path, faults) -> None:
    speech = answer_of(6)
    write_flac(Pcm(speech.samples), tmp_path / "upload.flac")
    async with DeepgramServer(speech, batch_faults=faults).running() as server:
        services = open_services(transcriber="deepgram", deepgram_base_url=server.url, deepgram_api_key=KEY)
        client = await interview(services)
        await client.conductor.submit_recording(tmp_path / "upload.flac")
        await client.wait("ERROR" if faults else "UPDATE_REWRITE", 30)
        await client.settled()
        events = [e for e in await written(services) if e.vendor == "deepgram" and ".live" not in e.meter]
    paid, seconds = 0 if faults else len(server.batches), len(speech.samples) / SAMPLE_RATE_HZ
    assert len({e.call_id for e in events}) == paid
    assert sum(float(e.quantity) for e in events) == pytest.approx(paid * seconds, rel=0.01)


async def test_a_voice(open_services) -> None:
    async with DeepgramServer().running() as server:
        services = open_services(deepgram_base_url=server.url, deepgram_api_key=KEY, coach_voice="deepgram")
        wrong = open_services(deepgram_base_url=server.url, deepgram_api_key="wrong", coach_voice="deepgram")
        assert services.clips and wrong.clips
        await services.clips.clip("Tell me about yourself.", persona_id="sarah")
        await services.clips.clip("Tell me about yourself.", persona_id="sarah")
        with pytest.raises(CoachError):
            await wrong.clips.clip("Something else.", persona_id="sarah")
        await wrong.close()
        events = await written(services)
    assert server.spoken == ["Tell me about yourself."]
    assert sum(e.quantity for e in events) == sum(len(text) for text in server.spoken)


@asynccontextmanager
async def in_a_thread(vendor: LiveAvatarServer) -> AsyncIterator[str]:
    with liveavatar(vendor) as url:
        yield url


async def picture(client: Client) -> str:
    """The session whose picture the client is to show."""
    return (await client.wait("AVATAR_STREAM", 20)).payload.session_id


@pytest.mark.parametrize(
    ("mode", "fault"),
    [
        ("lite", {}),
        ("lite", {"never_connects": True}),
        ("lite", {"drop_after_s": 0.01}),
        ("lite", {"told_late": 2}),
        ("full", {}),
    ],
    ids=["lite", "never connects", "drops while speaking", "is counted late", "full"],
)
async def test_a_live_avatar(open_services, mode, fault, monkeypatch) -> None:
    policy = avatar_policy(mode=mode).model_copy(update={"connect_patience_s": 0.4})
    monkeypatch.setattr("coach.avatar.policy.avatar_policy", lambda *_, **__: policy)
    vendor = LiveAvatarServer(speed=50)
    for name, value in fault.items():
        setattr(vendor, name, value)
    async with DeepgramServer().running() as speech, in_a_thread(vendor) as url:
        services = open_services(
            deepgram_base_url=speech.url, deepgram_api_key=KEY, coach_voice="deepgram", coach_avatar="liveavatar",
            liveavatar_api_key=AVATAR_KEY, liveavatar_base_url=url, liveavatar_mode=mode,
        )  # fmt: skip
        await services.hub.start()
        begun = await services.hub.init(InitRequest(q_count=1), questions=[QUESTION])
        client = Client(await services.hub.open(begun.mock_interview_id))
        await client.start()
        await client.send(cmd.AvatarViewed(payload=cmd.AvatarViewPayload(session_id=await picture(client), shown=True)))
        if mode == "full" or "never_connects" in fault or "drop_after_s" in fault:
            speak = (await client.wait("SPEAK", 20)).payload
            assert speak.by == ("avatar" if mode == "full" else "browser")
            assert speak.by == "avatar" or speak.audio_url.startswith("/clips/"), "the same sound is the fallback"
            await client.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.task_id)))
        await client.view(ViewState.LISTENING, 20)
        await services.hub.finish(client.conductor.id)
        events = [e for e in await written(services) if e.vendor == "liveavatar"]
    assert vendor.running == [] and vendor.breaches == [] and vendor.used == (1 if mode == "lite" else 2)
    assert sum(e.quantity for e in events if e.unit == "credit") == vendor.used
    assert {e.meter for e in events} == {f"{mode}.credits", f"{mode}.connected"} and not any(
        e.estimated for e in events
    )
    assert sum(e.cost_usd or 0 for e in events) > 0
