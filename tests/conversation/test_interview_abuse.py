"""What clients must not be able to do: no 5xx from what schemathesis thinks of, no crash from junk frames."""

import asyncio
import contextlib
import json
import random

import httpx
import schemathesis
import websockets
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from coach.contracts.interview import ViewState
from coach.web.endpoints import ENDPOINTS
from coach.web.openapi import document
from tests.conversation.driver import make_hub, tone
from tests.conversation.serving import served
from tests.conversation.test_interview_web import Socket, begin, connect, header
from tests.long import how_many

FRAMES = how_many("clients' junk frames")
CASES_PER_OPERATION = how_many("requests per operation")


async def test_no_request_within_or_outside_the_document_is_answered_with_5xx(tmp_path):
    hub = make_hub(tmp_path)
    async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        way = await begin(http)
        path = f"/mock-interviews/{way['mock_interview_id']}/next-question"
        asked = (await http.post(path, headers=header(way))).json()
        answers = await asyncio.to_thread(throw_all, host, way, asked)
    assert set(answers) == {row.handler for row in ENDPOINTS}
    assert all(max(seen) < 500 for seen in answers.values()), answers
    assert {200, 201, 401, 404, 422} <= set().union(*answers.values()), answers


def throw_all(host, way, asked):
    """Every operation of the document; status codes by operation."""
    answers = {}
    for found in schemathesis.openapi.from_dict(document()).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        known = asked["exchange_id"] if name == "retry" else asked["attempt_id"]
        known = way["mock_interview_id"] if "mock-" in operation.path else known
        answers[name] = throw(operation, f"http://{host}", header(way), known)
    return answers


def throw(operation, base_url, auth, known):
    """Sends generated requests, half of them with a live id and token."""
    seen = set()

    @settings(
        max_examples=CASES_PER_OPERATION,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=NEGATIVE)), real=st.booleans())
    def one(case, real):
        if real and case.path_parameters:
            case.path_parameters["id"] = known
        seen.add(case.call(base_url=base_url, headers=auth if real else {}).status_code)

    one()
    return seen


NEGATIVE = schemathesis.GenerationMode.NEGATIVE


def junk(dice):
    """One frame nobody should send."""
    kinds = [
        lambda: dice.randbytes(dice.choice([0, 1, 3, 640, 641, 33_000])),
        lambda: dice.randbytes(dice.randrange(200)).decode("latin-1"),
        lambda: json.dumps(dice.choice([None, 1, "x", [], {}, {"type": 1}, [[[]]] * 20])),
        lambda: json.dumps({"type": dice.choice(COMMANDS), "payload": dice.choice([None, 7, {}, {"attempt_id": 5}])}),
        lambda: json.dumps({"type": dice.choice(COMMANDS), "payload": {"attempt_id": "x" * dice.randrange(300)}}),
        lambda: json.dumps(
            {"type": "FINISH_ANSWER", "payload": {"question_id": "a", "attempt_id": "b", "timestamp_ms": 1e300}}
        ),
        lambda: '{"type": "START_INTERVIEW", "payload": ' + "[" * dice.randrange(2000),
        lambda: "\u0000\ud7ff" * dice.randrange(50),
        lambda: "x" * 270_000 if dice.random() < 0.01 else "y",
    ]
    return dice.choice(kinds)()


COMMANDS = [
    "FINISH_ANSWER",
    "RESTART_ANSWER",
    "READY_FOR_NEXT",
    "RETRY_QUESTION",
    "ANSWER_FOLLOW_UP",
    "SKIP_QUESTION",
    "OPEN_QUESTION",
    "SUBMIT_TRANSCRIPT",
    "RETRY_FEEDBACK",
    "FINISH_INTERVIEW",
    "SPEECH_DONE",
    "EYE_CONTACT",
    "NONSENSE",
]


async def test_junk_frames_by_the_thousand_disturb_nobody(tmp_path):
    hub = make_hub(tmp_path)
    dice = random.Random(7)
    async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        bad, good = await begin(http), await begin(http)
        async with connect(good) as raw:
            socket = Socket(raw)
            await socket.send("START_INTERVIEW")
            speak = await socket.wait("SPEAK")
            await socket.send("SPEECH_DONE", task_id=speak["task_id"])
            state = await socket.wait("SESSION_STATE", view_state="LISTENING")
            errors = await fuzz(bad, dice)
            for _ in range(5):
                await raw.send(tone(0.1))
            finish = {"question_id": "q", "attempt_id": state["attempt_id"], "timestamp_ms": 0}
            await socket.send("FINISH_ANSWER", **finish)
            await socket.wait("UPDATE_REWRITE")
            assert "ERROR" not in {e["type"] for e in socket.seen}
        assert {e["code"] for e in errors} >= {"BAD_MESSAGE", "BAD_FRAME"}
        assert all(e["recoverable"] and "Traceback" not in e["message"] for e in errors)
        after = await hub.open(bad["mock_interview_id"])
        assert after.snapshot().payload.view_state in (ViewState.INTRO_LOADING, ViewState.ASKING, ViewState.LISTENING)


async def fuzz(way, dice):
    """Sends the frames over as many connections as it takes; the errors that came back."""
    errors, sent = [], 0

    async def read(raw):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for frame in raw:
                event = json.loads(frame)
                if event["type"] == "ERROR":
                    errors.append(event["payload"])

    while sent < FRAMES:
        async with connect(way, max_size=None, max_queue=None) as raw:
            reader = asyncio.create_task(read(raw))
            with contextlib.suppress(websockets.ConnectionClosed):
                while sent < FRAMES:
                    sent += 1
                    await raw.send(junk(dice))
                await (await raw.ping())
            await raw.close()
            await reader
    return errors


async def test_a_client_that_does_not_read_is_cut_off_and_finds_its_place_again(tmp_path):
    hub = make_hub(tmp_path)
    async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        way = await begin(http)
        conductor = await hub.open(way["mock_interview_id"])
        lazy = conductor.subscribe()
        for number in range(400):
            conductor.tell("N", str(number))
        assert lazy.overrun and lazy.closed and conductor.listeners == 0
        async with connect(way) as raw:
            assert (await Socket(raw).wait("SESSION_STATE"))["view_state"] == "INTRO_LOADING"


async def test_too_many_messages_are_told(tmp_path):
    hub = make_hub(tmp_path)
    async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        way = await begin(http)
        async with connect(way, max_queue=None) as raw:
            socket = Socket(raw)
            for _ in range(150):
                await socket.send("EYE_CONTACT", at_ms=1, face=True)
            assert (await socket.wait("ERROR"))["code"] == "RATE_LIMITED"
