"""The open interface over a real server: REST, socket, tokens, limits."""

import asyncio
import json
import wave

import httpx
import pytest
import websockets

from coach.audio.takes import ClockedFrame
from coach.contracts import events as ev
from coach.contracts.interview import ViewState
from coach.errors import StoreBusyError
from coach.interview.service import InitRequest, InterviewService
from coach.web.frames import pack
from tests.conversation.driver import make_hub, tone
from tests.conversation.serving import served
from tests.fakes.store import FakeStore
from tests.fakes.vendors import FakeBrain, ScriptedEvaluation


class Socket:
    """A client's end of the socket."""

    def __init__(self, connection):
        self.connection = connection
        self.seen = []

    async def wait(self, kind, **payload):
        while True:
            event = json.loads(await self.connection.recv())
            self.seen.append(event)
            if event["type"] == kind and all(event["payload"].get(k) == v for k, v in payload.items()):
                return event["payload"]

    async def send(self, kind, **payload):
        await self.connection.send(json.dumps({"type": kind, "payload": payload}))


def header(way):
    return {"Authorization": f"Bearer {way['auth_token']}"}


async def begin(http, q_count=2):
    return (await http.post("/mock-interviews/init", json={"q_count": q_count})).json()


def connect(way, *, framing="plain", **more):
    return websockets.connect(f"{way['ws_url']}?token={way['auth_token']}&framing={framing}", **more)


class Visitor(httpx.AsyncClient):
    """A client that also knows what it talks to."""

    hub: InterviewService
    store: FakeStore
    host: str


@pytest.fixture
async def server(tmp_path):
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, evaluate=ScriptedEvaluation({"follow_up": "And the numbers?"}, {}))
    async with served(hub) as host, Visitor(base_url=f"http://{host}") as http:
        http.hub, http.store = hub, store
        yield http


async def test_an_interview_over_the_socket(server):
    way = await begin(server, q_count=1)
    async with connect(way) as raw:
        socket = Socket(raw)
        assert (await socket.wait("SESSION_STATE"))["view_state"] == "INTRO_LOADING"
        await socket.send("START_INTERVIEW")
        speak = await socket.wait("SPEAK")
        await socket.send("SPEECH_DONE", task_id=speak["task_id"])
        state = await socket.wait("SESSION_STATE", view_state="LISTENING")
        for at in range(0, 6400 * 2, 640):
            await raw.send(tone(0.4)[at : at + 640])
        finish = {"question_id": state["current_question"]["id"], "attempt_id": state["attempt_id"], "timestamp_ms": 1}
        await socket.send("FINISH_ANSWER", **finish)
        await socket.send("FINISH_ANSWER", **finish)
        hint = await socket.wait("PROCESSING_HINT")
        assert hint["attempt_id"] == state["attempt_id"]
        queued = await socket.wait("FOLLOW_UP_QUEUED")
        assert queued["question_text"] == "And the numbers?" and queued["heygen_task_id"]
        await socket.wait("UPDATE_SCORES", overall=6.5)
        await socket.wait("UPDATE_REWRITE")
        await socket.send("FINISH_INTERVIEW")
        summary = await socket.wait("INTERVIEW_SUMMARY")
        assert summary["status"] == "completed"
        await socket.wait("SESSION_STATE", status="completed")
        await raw.wait_closed()
        assert raw.close_code == 1000
    async with connect(way) as raw:
        refused = await Socket(raw).wait("ERROR")
        assert refused["code"] == "UNAUTHORIZED" and refused["recoverable"] is False


async def test_a_finished_interview_is_finished_also_when_its_socket_breaks(tmp_path):
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Thoughtful(FakeBrain):
        async def summarise(self, items, job, *, interview_id):
            begun.set()
            await go_on.wait()
            return await super().summarise(items, job, interview_id=interview_id)

    store = FakeStore()
    hub = make_hub(tmp_path, store=store, brain=Thoughtful())
    async with served(hub) as host, Visitor(base_url=f"http://{host}") as http:
        way = await begin(http, q_count=1)
        async with connect(way, framing="clocked") as raw:  # once a second the server notices that nobody is there
            socket = Socket(raw)
            await socket.send("START_INTERVIEW")
            await socket.send("SPEECH_DONE", task_id=(await socket.wait("SPEAK"))["task_id"])
            state = await socket.wait("SESSION_STATE", view_state="LISTENING")
            await http.post(
                f"/attempts/{state['attempt_id']}/submit", headers=header(way), json={"transcript": "I led it well."}
            )
            await socket.wait("UPDATE_REWRITE")
            await socket.send("FINISH_INTERVIEW")
            await begun.wait()
            raw.transport.abort()
        while hub.standing["interviews_watched"]:  # noqa: ASYNC110 - the server notices when it notices
            await asyncio.sleep(0.01)
        go_on.set()
        await hub.settle(10)
        assert store.interviews[way["mock_interview_id"]].status == "completed"
        assert await hub.check(way["auth_token"]) is None
        assert hub.standing["interviews_open"] == 0, "nobody listens to it any more"


async def test_what_was_asked_for_is_done_also_when_the_socket_breaks_meanwhile(tmp_path):
    """Half done it would leave an attempt in the store that the interview knows nothing of."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(FakeStore):
        async def add_attempt(self, attempt):
            if attempt.attempt_number == 2:
                begun.set()
                await asyncio.shield(asyncio.ensure_future(self._later(attempt)))  # as a database's own thread does
            else:
                await super().add_attempt(attempt)

        async def _later(self, attempt):
            await go_on.wait()
            await super().add_attempt(attempt)

    hub = make_hub(tmp_path, store=Slow())
    async with served(hub) as host, Visitor(base_url=f"http://{host}") as http:
        way = await begin(http, q_count=1)
        url = f"{way['ws_url']}?token={way['auth_token']}&framing=clocked"
        async with websockets.connect(url) as raw:
            socket = Socket(raw)
            state = await listen(socket)
            await http.post(
                f"/attempts/{state['attempt_id']}/submit", headers=header(way), json={"transcript": "I led it well."}
            )
            await socket.wait("SESSION_STATE", view_state="FEEDBACK")
            await socket.send("RETRY_QUESTION", question_id=state["current_question"]["id"])
            await begun.wait()
            raw.transport.abort()
        while hub.standing["interviews_watched"]:  # noqa: ASYNC110 - the server notices when it notices
            await asyncio.sleep(0.01)
        go_on.set()
        await hub.settle(10)
        async with websockets.connect(url) as raw:
            there = await Socket(raw).wait("SESSION_STATE")
            assert (there["view_state"], there["attempt_number"]) == ("LISTENING", 2)


async def test_who_comes_while_the_database_is_busy_is_asked_to_come_again(tmp_path):
    class Busy(FakeStore):
        async def load_interview(self, interview_id):
            raise StoreBusyError("The database is held by another process.")

    store = FakeStore()
    before = make_hub(tmp_path, store=store)
    made = await before.init(InitRequest(q_count=1))
    await before.close()
    busy = Busy()
    busy.__dict__ |= store.__dict__
    way = f"{made.ws_url}?token={made.auth_token}"
    async with served(make_hub(tmp_path, store=busy)) as host, websockets.connect(f"ws://{host}{way}") as raw:
        told = await Socket(raw).wait("ERROR")
        assert (told["code"], told["recoverable"]) == (StoreBusyError.code, True)
        await raw.wait_closed()
        assert raw.close_code == 1013, "the client tries again"


async def test_an_interview_over_rest_alone(server, tmp_path):
    way = await begin(server, q_count=2)
    interview, auth = way["mock_interview_id"], header(way)
    asked = await server.post(f"/mock-interviews/{interview}/next-question", headers=auth)
    assert asked.status_code == 200 and asked.json()["question_number"] == 1
    client = await server.hub.open(interview)
    listener = client.subscribe()
    attempt = asked.json()["attempt_id"]
    async for event in listener:
        if event.type == "SESSION_STATE" and event.payload.view_state == ViewState.LISTENING:
            break
    file = tmp_path / "a.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(tone(1.0))
    junk = await server.post(f"/attempts/{attempt}/recording", headers=auth, content=b"nonsense")
    assert junk.status_code == 422
    with file.open("rb") as body:
        sent = await server.post(f"/attempts/{attempt}/recording", headers=auth, files={"file": body})
    assert sent.status_code == 202
    again = await server.post(f"/attempts/{attempt}/submit", headers=auth)
    assert again.status_code == 202
    async for event in listener:
        if event.type == "UPDATE_REWRITE":
            break
    await client.settle()
    sound = await server.get(f"/attempts/{attempt}/audio", headers=auth)
    assert sound.status_code == 200 and sound.content[:4] == b"fLaC"
    part = await server.get(f"/attempts/{attempt}/audio", headers={**auth, "Range": "bytes=4-13"})
    assert part.status_code == 206 and part.content == sound.content[4:14]
    assert (await server.get(f"/attempts/{attempt}/audio")).status_code == 401
    exchange = asked.json()["exchange_id"]
    retried = await server.post(f"/exchanges/{exchange}/retry", headers=auth)
    assert retried.json()["attempt_number"] == 2
    done = await server.post(f"/mock-interviews/{interview}/finish", headers=auth)
    assert done.json()["status"] == "completed" and done.json()["plan"] == ["add a number"]
    assert (await server.post(f"/mock-interviews/{interview}/finish", headers=auth)).json() == done.json()
    assert (await server.get(f"/mock-interviews/{interview}", headers=auth)).status_code == 401


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", "BAD_MESSAGE"),
        ('{"type": "NO_SUCH"}', "BAD_MESSAGE"),
        ('{"type": "FINISH_ANSWER", "payload": {"question_id": 1}}', "BAD_MESSAGE"),
        ('{"type": "START_INTERVIEW", "payload": {"audio": "socket"}, "more": 1}', "BAD_MESSAGE"),
        ('{"type": "RETRY_QUESTION", "payload": {"question_id": "nobody"}}', "NOT_FOUND"),
        ('{"type": "READY_FOR_NEXT", "payload": {"last_question_id": "nobody"}}', "ILLEGAL_COMMAND"),
        (b"\x00", "BAD_FRAME"),
        (b"\x00" * 40_000, "BAD_FRAME"),
    ],
)
async def test_what_cannot_be_used_gets_a_typed_error_and_changes_nothing(server, frame, code):
    way = await begin(server)
    async with connect(way) as raw:
        socket = Socket(raw)
        before = await socket.wait("SESSION_STATE")
        await raw.send(frame)
        error = await socket.wait("ERROR")
        assert error["code"] == code and error["recoverable"]
    now = (await server.get(f"/mock-interviews/{way['mock_interview_id']}", headers=header(way))).json()
    assert now["view_state"] == before["view_state"]


async def test_a_foreign_page_is_not_let_in(server):
    way = await begin(server)
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(way, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    foreign = await server.post("/mock-interviews/init", json={}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    own = str(server.base_url).rstrip("/")
    async with connect(way, origin=own) as raw:
        await Socket(raw).wait("SESSION_STATE")


async def test_a_token_opens_its_own_interview_only(server):
    mine, other = await begin(server), await begin(server)
    assert (await server.get(f"/mock-interviews/{other['mock_interview_id']}", headers=header(mine))).status_code == 401
    stored = server.store.tokens[mine["mock_interview_id"]][0]
    assert mine["auth_token"] not in stored and len(stored) == 64


async def test_opus_frames_are_understood(server):
    import av
    import numpy as np

    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    encoder.open()
    samples = (8000 * np.sin(np.arange(48_000) * 2 * np.pi * 220 / 48_000)).astype(np.int16)
    packets = []
    for at in range(0, 48_000, encoder.frame_size):
        block = samples[at : at + encoder.frame_size].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate = 48_000
        packets += [bytes(p) for p in encoder.encode(frame)]
    way = await begin(server)
    async with websockets.connect(f"{way['ws_url']}?token={way['auth_token']}&codec=opus") as raw:
        socket = Socket(raw)
        await socket.send("START_INTERVIEW")
        speak = await socket.wait("SPEAK")
        await socket.send("SPEECH_DONE", task_id=speak["task_id"])
        await socket.wait("SESSION_STATE", view_state="LISTENING")
        for packet in packets:
            await raw.send(packet)
        await raw.send(b"\xff\xff\xff")
        level = await socket.wait("LEVEL")
        assert level["rms_dbfs"] > -30
        conductor = await server.hub.open(way["mock_interview_id"])
        assert isinstance(conductor.snapshot(), ev.SessionState)


async def listen(socket):
    await socket.send("START_INTERVIEW")
    speak = await socket.wait("SPEAK")
    await socket.send("SPEECH_DONE", task_id=speak["task_id"])
    return await socket.wait("SESSION_STATE", view_state="LISTENING")


def clocked(take, seconds, start=0.0):
    """Frames of 20 ms with their heads; the client's clock begins at 1000 s."""
    sound = tone(seconds)
    return [
        pack(ClockedFrame(take, n, n * 320, 1e6 + start * 1000 + n * 20, sound[n * 640 : n * 640 + 640]))
        for n in range(int(seconds * 50))
    ]


async def test_clocked_frames_are_kept_once_and_end_where_the_clock_says(server):
    way = await begin(server, q_count=1)
    async with websockets.connect(f"{way['ws_url']}?token={way['auth_token']}&framing=clocked") as raw:
        socket = Socket(raw)
        state = await listen(socket)
        frames = clocked(5, 1.0)
        for frame in [*frames[25:40], *frames[:30], *frames[10:50], frames[0], frames[49]]:
            await raw.send(frame)
        while (kept := await socket.wait("SOUND_KEPT"))["samples"] < 16_000:
            pass
        assert kept == {"attempt_id": state["attempt_id"], "take": 5, "samples": 16_000}
        question = state["current_question"]["id"]
        finish = {"question_id": question, "attempt_id": state["attempt_id"], "timestamp_ms": 1e6 + 1000, "take": 5}
        await socket.send("FINISH_ANSWER", **finish)
        await raw.send(clocked(5, 2.0)[-1])
        await socket.wait("UPDATE_SCORES")
        await socket.send("RETRY_QUESTION", question_id=question)
        again = await socket.wait("SESSION_STATE", view_state="LISTENING")
        for frame in [*clocked(5, 2.0), *clocked(6, 0.4, start=60.0)]:
            await raw.send(frame)
        await socket.send(
            "FINISH_ANSWER", **{**finish, "attempt_id": again["attempt_id"], "take": 6, "timestamp_ms": 1e6 + 60_300}
        )
        await socket.wait("UPDATE_SCORES", attempt_id=again["attempt_id"])
    conductor = await server.hub.open(way["mock_interview_id"])
    await conductor.settle()
    lengths = {a.attempt_number: a.duration_seconds for a in conductor.board.attempts.values()}
    assert lengths == {1: 1.0, 2: pytest.approx(0.3)}


async def test_a_client_that_comes_back_hears_what_is_kept_of_its_answer(server):
    way = await begin(server, q_count=1)
    url = f"{way['ws_url']}?token={way['auth_token']}&framing=clocked"
    async with websockets.connect(url) as raw:
        socket = Socket(raw)
        await listen(socket)
        for frame in clocked(5, 0.5):
            await raw.send(frame)
        while (await socket.wait("SOUND_KEPT"))["samples"] < 8000:
            pass
    async with websockets.connect(url) as raw:
        state = await Socket(raw).wait("SESSION_STATE")
        assert state["view_state"] == "LISTENING" and state["recoverable_s"] == 0.5


@pytest.mark.parametrize(
    "frame",
    [b"", b"\x01" * 23, bytes(24), pack(ClockedFrame(1, 0, 0, float("nan"), b"")), clocked(1, 0.02)[0] + b"x"],
)
async def test_a_head_that_cannot_be_read_is_told(server, frame):
    way = await begin(server)
    async with websockets.connect(f"{way['ws_url']}?token={way['auth_token']}&framing=clocked") as raw:
        await raw.send(frame)
        assert (await Socket(raw).wait("ERROR"))["code"] == "BAD_FRAME"


async def test_tokens_do_not_reach_the_log(server, caplog):
    way = await begin(server)
    with caplog.at_level("INFO", "uvicorn.error"):
        async with connect(way) as raw:
            await Socket(raw).wait("SESSION_STATE")
    assert "mock-interview" in caplog.text and way["auth_token"] not in caplog.text


async def test_an_earlier_attempt_is_told_again_and_the_summary_says_why(server):
    way = await begin(server, q_count=2)
    auth = header(way)
    asked = (await server.post(f"/mock-interviews/{way['mock_interview_id']}/next-question", headers=auth)).json()
    conductor = await server.hub.open(way["mock_interview_id"])
    listener = conductor.subscribe()
    async for event in listener:
        if event.type == "SESSION_STATE" and event.payload.view_state == ViewState.LISTENING:
            break
    text = {"transcript": "I moved two routes together and drove the third one myself."}
    await server.post(f"/attempts/{asked['attempt_id']}/submit", headers=auth, json=text)
    async for event in listener:
        if event.type == "UPDATE_REWRITE":
            break
    await conductor.settle()
    told = (await server.get(f"/attempts/{asked['attempt_id']}/feedback", headers=auth)).json()
    assert told["question"] == asked["question_text"] and told["recorded"] is False
    assert told["scores"]["overall"] == 6.5 and told["rewrite"]["transcript"] == text["transcript"]
    assert (await server.get(f"/attempts/{asked['attempt_id']}/feedback")).status_code == 401
    first, second = conductor.snapshot().payload.questions
    assert (first.standing, first.overall, second.standing) == ("current", 6.5, "ahead")
    done = (await server.post(f"/mock-interviews/{way['mock_interview_id']}/finish", headers=auth)).json()
    assert [(q["number"], q["attempt_id"]) for q in done["questions"]] == [(1, asked["attempt_id"]), (2, "")]
    assert all(line["why"] for line in done["lines"])
    again = (await server.post(f"/mock-interviews/{way['mock_interview_id']}/finish", headers=auth)).json()
    assert again == done


async def test_a_line_that_breaks_is_in_the_log(server, caplog, monkeypatch):
    way = await begin(server)
    conductor = server.hub.find(way["mock_interview_id"])

    async def broken(command):
        raise ZeroDivisionError

    monkeypatch.setattr(conductor, "send", broken)
    async with connect(way) as raw:
        socket = Socket(raw)
        await socket.wait("SESSION_STATE")
        await socket.send("START_INTERVIEW")
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await raw.recv()
    assert [record.exc_info[0] for record in caplog.records if "line broke" in record.message] == [ZeroDivisionError]
