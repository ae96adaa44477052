"""What a client sends: JSON and sound in any order. Answers are events, errors have a code, the interview goes on."""

import asyncio
import json
import logging
import struct
import tempfile
from collections.abc import MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from starlette.websockets import WebSocket

from coach.audio.takes import ClockedFrame
from coach.contracts.interview import ViewState
from coach.errors import InputError
from coach.web.access import MAX_AUDIO_FRAME_BYTES
from coach.web.frames import HEAD, pack, unpack
from coach.web.opus import OpusDecoder, OpusError
from coach.web.socket import serve
from tests.conversation.driver import Client, begin, make_hub, tone
from tests.fakes import vendors
from tests.fuzz.engine import Target
from tests.fuzz.texts import damaged, damages, wild_texts

ATTEMPT, QUESTION, TASK = "@attempt", "@question", "@task"
ids = st.one_of(st.sampled_from([ATTEMPT, QUESTION, TASK, "", "x"]), wild_texts(2))
numbers = st.one_of(
    st.sampled_from([0, -1, 1.5, 1e300, -1e300, 2**63, 2**32, "1", None, True]), st.floats(), st.integers()
)
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "START_INTERVIEW": {"audio": st.sampled_from(["webrtc", "socket", "upload", "none", "x", None])},
    "FINISH_ANSWER": {"question_id": ids, "attempt_id": ids, "timestamp_ms": numbers, "take": numbers},
    "RESTART_ANSWER": {"attempt_id": ids},
    "READY_FOR_NEXT": {"last_question_id": ids},
    "RETRY_QUESTION": {"question_id": ids},
    "ANSWER_FOLLOW_UP": {"question_id": ids},
    "SUBMIT_TRANSCRIPT": {"attempt_id": ids, "text": wild_texts(8)},
    "RETRY_FEEDBACK": {"attempt_id": ids},
    "SPEECH_DONE": {"task_id": ids, "ok": st.sampled_from([True, False, 1, None])},
    "EYE_CONTACT": {"at_ms": numbers, "face": st.booleans(), "towards_camera": st.sampled_from([True, None, "x"])},
    "FINISH_INTERVIEW": {},
    "NONSENSE": {},
}
PIECES = st.sampled_from(
    ['"', "{", "}", "[" * 3000, "NaN", "1e999", "\x00", ",", '"type":"EYE_CONTACT",', "\\ud83d", "x" * 270_000]
)
good_ids = {"attempt_id": st.just(ATTEMPT), "question_id": st.just(QUESTION), "last_question_id": st.just(QUESTION)}


def _commands(kind: str) -> st.SearchStrategy[str]:
    fields = FIELDS[kind]
    likely = {name: st.one_of(good_ids.get(name, given), given) for name, given in fields.items()}
    payload = st.one_of(st.fixed_dictionaries({}, optional=likely), st.fixed_dictionaries(likely))
    return payload.map(lambda made: json.dumps({"type": kind, "payload": made}))


commands = st.sampled_from(sorted(FIELDS)).flatmap(_commands)
texts = st.one_of(commands, commands, st.builds(damaged, commands, damages(PIECES)), wild_texts(3))
counts = st.one_of(
    st.sampled_from([0, 1, 2, 320, 640, 16_000, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1), st.integers(0, 4000)
)
clocks = st.one_of(
    st.sampled_from([0.0, 1.8e12, -1.0, 1e308, -1e308, 5e-324]), st.floats(), st.floats(1.8e12, 1.8e12 + 5000)
)
sounds = st.one_of(
    st.sampled_from([tone(0.02), tone(0.1), b"", b"\0", bytes(641), bytes(33_000)]), st.binary(max_size=80)
)
clocked = st.builds(
    lambda version, take, number, first, clock, sound: HEAD.pack(version, take, number, first, clock) + sound,
    st.sampled_from([1, 1, 1, 1, 0, 255]), st.one_of(st.integers(0, 3), counts), counts, counts, clocks, sounds,
)  # fmt: skip
messages = st.one_of(texts, texts, clocked, sounds)
sessions = st.tuples(
    st.sampled_from(["", "framing=clocked", "framing=clocked", "codec=opus", "codec=opus&framing=clocked"]),
    st.booleans(),
    st.lists(messages, max_size=25),
)
CODES = {"BAD_MESSAGE", "BAD_FRAME", "RATE_LIMITED", "ILLEGAL_COMMAND", "USAGE", "INPUT", "BAD_INPUT", "AUDIO", "STALE"}


@dataclass
class FakeClient:
    """The ASGI side of one socket: sends what it has, one message at a time, then hangs up."""

    messages: list[str | bytes]
    live: Any
    sent: list[dict[str, Any]]

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if self.live.get("connected") is None:
            self.live["connected"] = True
            return {"type": "websocket.connect"}
        if not self.messages:
            await asyncio.sleep(0.01)
            return {"type": "websocket.disconnect", "code": 1000}
        message = self.messages.pop(0)
        if isinstance(message, bytes):
            return {"type": "websocket.receive", "bytes": message}
        return {"type": "websocket.receive", "text": self.live["fill"](message)}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            self.sent.append(json.loads(message["text"]))


def holds(case: tuple[str, bool, list[str | bytes]]) -> None:
    """Sends everything to an interview that listens."""
    with tempfile.TemporaryDirectory() as folder, quiet_log() as broken:
        asyncio.run(_session(Path(folder), *case))
        kept = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        assert kept < 40_000_000, f"{kept} bytes on disk for {len(case[2])} messages"
    assert not broken, broken[0]


async def _session(folder: Path, query: str, review: bool, messages: list[str | bytes]) -> None:
    hub = make_hub(folder, transcriber=vendors.FakeTranscriber(needs_review=review))
    client = await begin(hub)
    try:
        await client.start()
        await client.listen()
        sent: list[dict[str, Any]] = []
        fake = FakeClient(list(messages), {"fill": lambda text: _filled(client, text)}, sent)
        token = hub.tokens.issue(client.conductor.id) if hasattr(hub, "tokens") else ""
        await serve(_socket(fake, query, token), _Door(hub, client.conductor.id), ())  # type: ignore[arg-type]
        _sensible(sent)
        assert client.state.view_state in ViewState
        await client.conductor.settle()
    finally:
        await client.leave()
        await hub.close()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left, left


class _Door:
    """The hub with its token check answered."""

    def __init__(self, hub: Any, interview_id: str) -> None:
        self._hub, self._id = hub, interview_id

    async def check(self, _token: str) -> str:
        return self._id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hub, name)


def _socket(fake: FakeClient, query: str, token: str) -> WebSocket:
    scope = {
        "type": "websocket", "scheme": "ws", "path": "/", "query_string": f"token={token}&{query}".encode(),
        "headers": [],
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "subprotocols": [],
    }  # fmt: skip
    return WebSocket(scope, fake.receive, fake.send)


def _filled(client: Client, text: str) -> str:
    state = client.state
    question = state.current_question.id if state.current_question else ""
    return text.replace(ATTEMPT, state.attempt_id or "").replace(QUESTION, question)


def _sensible(sent: list[dict[str, Any]]) -> None:
    for event in sent:
        if event["type"] == "ERROR":
            told = event["payload"]
            assert told["code"] != "INTERNAL" and told["message"], told
            assert "\n" not in told["message"] and len(told["message"]) < 600, told


@contextmanager
def quiet_log() -> Any:
    """Collects what is logged as an error instead of printing it."""
    broken: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            broken.append(logging.Formatter().format(record))

    collector, root = Collector(logging.ERROR), logging.getLogger()
    root.addHandler(collector)
    try:
        yield broken
    finally:
        root.removeHandler(collector)


heads = st.one_of(clocked, st.binary(max_size=60))
packets = st.lists(
    st.one_of(st.binary(max_size=60), st.sampled_from([b"", b"\0", b"\xff" * 1276, b"\xfc\xff\xfe"])), max_size=6
)


def frames_hold(case: tuple[bytes, list[bytes]]) -> None:
    """A head says what was packed; a decoder that met junk still decodes."""
    data, junk = case
    try:
        frame = unpack(data, lambda sound: sound)
    except InputError:
        assert len(data) < HEAD.size or data[0] != 1 or not abs(struct.unpack_from("<d", data, 16)[0]) < float("inf")
    else:
        assert unpack(pack(frame), bytes) == frame == ClockedFrame(*[*HEAD.unpack_from(data)[1:], data[HEAD.size :]])
    decoder = OpusDecoder()
    for packet in junk:
        with suppress(OpusError):
            sound = decoder.decode(packet)
            assert len(sound) % 2 == 0 and len(sound) <= 2 * MAX_AUDIO_FRAME_BYTES
    heard = b"".join(decoder.decode(packet) for packet in opus_packets())
    assert len(heard) >= 0.8 * 0.02 * len(opus_packets()) * 32_000, f"{len(heard)} bytes after junk"


_PACKETS: list[bytes] = []


def opus_packets() -> list[bytes]:
    """Ten real packets of 20 ms."""
    if not _PACKETS:
        import av
        import numpy as np

        encoder: Any = av.CodecContext.create("libopus", "w")
        encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
        wave = (8000 * np.sin(np.arange(48_000 // 4) / 30)).astype(np.int16)
        for at in range(0, len(wave) - 960, 960):
            frame = av.AudioFrame.from_ndarray(wave[None, at : at + 960], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, at
            _PACKETS.extend(bytes(packet) for packet in encoder.encode(frame))
    return _PACKETS[:10]


TARGETS = (Target("socket", sessions, holds), Target("frames", st.tuples(heads, packets), frames_hold))
