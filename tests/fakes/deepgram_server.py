"""A Deepgram on this machine: live and pre-recorded transcription and speech, over the vendor's wire protocol.

It recognises `coded_speech`, so its answers depend on the audio that arrived, or says a script. `Fault`s make it fail.
Every message it takes and sends is checked against the vendor's published schemas when `validate` is on.
"""

import asyncio
import contextlib
import io
import json
import struct
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import uvicorn
from av.audio.resampler import AudioResampler
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tests.fakes.coded_speech import FILLERS, RATE_HZ, CodedRecogniser, Speech, SpokenWord, tone

KEY = "loopback-key"
SCHEMAS = Path(__file__).parent.parent / "protocol" / "schemas" / "deepgram.json"
INTERIM_EVERY_S = 1.0
ENDPOINT_S = 0.3
LONGEST_S = 5.0
MODEL = {"name": "general-nova-3", "version": "2025-07-31.0", "arch": "nova-3"}


@dataclass(frozen=True)
class Fault:
    """How one connection misbehaves. Seconds with `_at_s` are audio received on that connection; others are wall time.

    finalize: "flagged" answers with from_finalize, "unflagged" without the flag, "none" not at all, "drop" hangs up.
    """

    refuse: int = 0
    drop_at_s: float = 0
    close_at_s: float = 0
    close: tuple[int, str] = (1000, "")
    silent_from_s: float = float("inf")
    wordless_from_s: float = float("inf")
    slow_s: float = 0
    finalize: str = "flagged"
    finalize_delay_s: float = 0
    duplicate: bool = False
    shuffle: bool = False
    garbage: bool = False
    stall_at_s: float = 0
    idle_close_s: float = 10
    words_only: bool = False


@dataclass
class Connection:
    """What happened on one live connection."""

    query: dict[str, list[str]]
    authorization: str
    opened_at: float
    audio_s: float = 0
    controls: list[str] = field(default_factory=list)
    arrivals: list[tuple[float, float]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def heard(self, seconds: float) -> None:
        """Waits until this much audio arrived."""
        async with asyncio.timeout(10):
            while self.audio_s < seconds - 1e-6:
                self.arrived.clear()
                await self.arrived.wait()

    async def settled(self, quiet_s: float = 0.2) -> None:
        """Waits until no audio arrived for a while."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.arrived.clear()
                async with asyncio.timeout(quiet_s):
                    await self.arrived.wait()


class ScriptedRecogniser:
    """Says given words at given seconds, whatever the audio is; each Finalize begins the next answer of the script."""

    def __init__(self, answers: Sequence[Sequence[SpokenWord]]) -> None:
        self._answers = list(answers)
        self._samples = 0
        self._began = 0.0

    @property
    def seconds(self) -> float:
        return self._samples / RATE_HZ

    @property
    def silent_s(self) -> float:
        words = self.words(self._began, finished_only=True)
        return self.seconds - (words[-1].end_s if words else self._began)

    def feed(self, pcm: bytes) -> None:
        self._samples += len(pcm) // 2

    def words(self, since_s: float, *, finished_only: bool) -> list[SpokenWord]:
        said = self._answers[0] if self._answers else []
        moved = [SpokenWord(w.number, w.text, w.start_s + self._began, w.end_s + self._began) for w in said]
        limit = self.seconds + (0 if finished_only else 1e9)
        return [w for w in moved if w.start_s >= since_s - 1e-6 and w.end_s <= limit]

    def finalized(self) -> None:
        self._answers = self._answers[1:]
        self._began = self.seconds


class DeepgramServer:
    """Serves on a free port of this machine while `running()`; `faults[i]` belongs to the i-th live connection.

    `ignores_fillers`: like a server of an older version, it leaves um and uh out of live results whatever is asked.
    `hears` makes another recogniser for every connection and recording.
    """

    def __init__(
        self,
        speech: Speech | None = None,
        *,
        faults: Sequence[Fault] = (),
        always: Fault | None = None,
        script: Sequence[Sequence[SpokenWord]] = (),
        batch_faults: Sequence[int] = (),
        finalize_s: float = 0.0,
        validate: bool = True,
        clock: Callable[[], float] | None = None,
        ignores_fillers: bool = False,
        hears: Callable[[], Any] | None = None,
    ) -> None:
        self.ignores_fillers = ignores_fillers
        self.speech = speech or Speech(np.zeros(0, np.int16), [])
        self.connections: list[Connection] = []
        self.refused = 0
        self.batches: list[dict[str, Any]] = []
        self.spoken: list[str] = []
        self.speakers: list[str] = []
        self.voice_status = 200
        self.errors: list[str] = []
        self._faults = list(faults)
        self._always = always or Fault()
        self._script = script
        self._hears = hears
        self._batch_faults = list(batch_faults)
        self._finalize_s = finalize_s
        self._validate = validate
        self._clock = clock
        self.url = ""
        self.stopping = asyncio.Event()
        self._connected = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["DeepgramServer"]:
        """Serves until the block ends."""
        app = Starlette(
            routes=[
                WebSocketRoute("/v1/listen", self._live),
                Route("/v1/listen", self._batch, methods=["POST"]),
                Route("/v1/speak", self._speak, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_config=None, ws=_Protocol, ws_per_message_deflate=False, lifespan="off"
        )
        config.timeout_graceful_shutdown = 1
        server = _Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        task = asyncio.create_task(server.serve())
        await server.up.wait()
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self.stopping.set()
            server.should_exit = True
            server.force_exit = True
            await task
        if self.errors:
            raise AssertionError(f"messages against the published schema: {self.errors[:3]}")

    async def connected(self, count: int) -> None:
        """Waits for the `count`-th live connection."""
        async with asyncio.timeout(10):
            while len(self.connections) < count:
                self._connected.clear()
                await self._connected.wait()

    def now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()

    def check(self, schema: str, message: Any) -> None:
        """Notes a message that the published schema does not allow."""
        if self._validate:
            self.errors += [f"{schema}: {e.message[:200]}" for e in _validator(schema).iter_errors(message)]

    def check_query(self, kind: str, names: Sequence[str]) -> None:
        unknown = set(names) - set(_schemas()[kind]) - {"filler_words"}
        self.errors += [f"{kind}: unknown parameter {n}" for n in sorted(unknown)]

    async def _live(self, socket: WebSocket) -> None:
        fault = self._faults[len(self.connections) + self.refused :][:1] or [self._always]
        if socket.headers.get("authorization") != f"Token {KEY}" or fault[0].refuse:
            self.refused += 1
            status = fault[0].refuse or 401
            await socket.send_denial_response(JSONResponse({"err_code": "refused"}, status_code=status))
            return
        query = {k: socket.query_params.getlist(k) for k in socket.query_params}
        self.check_query("live_query", list(query))
        connection = Connection(query, socket.headers["authorization"], self.now())
        self.connections.append(connection)
        self._connected.set()
        await socket.accept(headers=[(b"dg-request-id", uuid.uuid4().hex.encode())])
        try:
            await _Live(self, socket, connection, fault[0], self._recogniser()).run()
        finally:
            connection.closed.set()

    def _recogniser(self) -> Any:
        if self._hears:
            return self._hears()
        return ScriptedRecogniser(self._script) if self._script else CodedRecogniser(self.speech)

    async def _batch(self, request: Request) -> Response:
        body = await request.body()
        names = list(request.query_params)
        self.check_query("batch_query", names)
        self.batches.append({"query": dict(request.query_params), "bytes": len(body)})
        status = self._batch_faults.pop(0) if self._batch_faults else 200
        if request.headers.get("authorization") != f"Token {KEY}":
            status = 401
        if status != 200:
            return JSONResponse({"err_code": "FAULT", "err_msg": "fault", "request_id": str(uuid.uuid4())}, status)
        samples = await asyncio.to_thread(_decoded, body)
        verbatim = request.query_params.get("filler_words") == "true"
        message = self._batch_message(samples, verbatim)
        self.check("ListenV1Response", message)
        return JSONResponse(message)

    def _batch_message(self, samples: np.ndarray, verbatim: bool) -> dict[str, Any]:
        if self._script:
            words = list(self._script[0])
        else:
            recogniser = self._hears() if self._hears else CodedRecogniser(self.speech)
            recogniser.feed(samples.astype("<i2").tobytes())
            words = recogniser.words(0, finished_only=False)
        kept = [w for w in words if verbatim or w.text not in FILLERS]
        return {
            "metadata": {
                "transaction_key": "deprecated",
                "request_id": str(uuid.uuid4()),
                "sha256": "0" * 64,
                "created": "2026-11-22T12:00:00.000Z",
                "duration": len(samples) / RATE_HZ,
                "channels": 1,
                "models": [str(uuid.uuid4())],
                "model_info": {},
            },
            "results": {"channels": [{"alternatives": [_alternative(kept)]}]},
        }

    async def _speak(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Token {KEY}":
            return JSONResponse({"err_code": "INVALID_AUTH"}, 401)
        if self.voice_status != 200:
            return JSONResponse({"err_code": "INTERNAL_SERVER_ERROR"}, self.voice_status)
        text = (await request.json())["text"]
        self.spoken.append(text)
        self.speakers.append(request.query_params.get("model", ""))
        rate = int(request.query_params.get("sample_rate", 24_000))
        pcm = tone(7, 0.06 * len(text.split()) * rate / RATE_HZ).astype("<i2").tobytes()
        if request.query_params.get("container") == "wav":
            pcm = _wav_header(len(pcm), rate) + pcm
        return Response(pcm, media_type="audio/l16", headers={"dg-char-count": str(len(text))})


class _Live:
    """One live connection: hears, answers, fails as told."""

    def __init__(
        self,
        server: DeepgramServer,
        socket: WebSocket,
        connection: Connection,
        fault: Fault,
        recogniser: Any,
    ) -> None:
        self._server = server
        self._socket = socket
        self._log = connection
        self._fault = fault
        self._heard = recogniser
        self._verbatim = connection.query.get("filler_words") == ["true"] and not server.ignores_fillers
        self._final_until_s = 0.0
        self._interim_at_s = 0.0
        self._outbox: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._held: list[dict[str, Any]] = []
        self._request_id = str(uuid.uuid4())

    async def run(self) -> None:
        pump = asyncio.create_task(self._pump())
        try:
            if self._fault.garbage:
                self._garbage()
            await self._take_all()
        except (WebSocketDisconnect, ConnectionError, RuntimeError):
            pass
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _take_all(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._fault.idle_close_s):
                    message = await self._socket.receive()
            except TimeoutError:
                await self._close(1011, "NET-0001")
                return
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is not None:
                if not await self._take_audio(message["bytes"]):
                    return
            elif not await self._take_control(json.loads(message["text"])):
                return

    async def _take_audio(self, pcm: bytes) -> bool:
        fault, log = self._fault, self._log
        self._heard.feed(pcm)
        log.audio_s = self._heard.seconds
        log.arrivals.append((self._server.now(), log.audio_s))
        log.arrived.set()
        if fault.drop_at_s and log.audio_s >= fault.drop_at_s:
            self._abort()
            return False
        if fault.close_at_s and log.audio_s >= fault.close_at_s:
            await self._close(*fault.close)
            return False
        if fault.stall_at_s and log.audio_s >= fault.stall_at_s:
            _transport(self._socket).pause_reading()
            await self._server.stopping.wait()
            return False
        self._results_while_listening()
        return True

    def _results_while_listening(self) -> None:
        now_s, words = self._heard.seconds, self._heard.words(self._final_until_s, finished_only=True)
        if words and self._heard.silent_s >= ENDPOINT_S:
            self._result(words, now_s, is_final=True, speech_final=True)
        elif words and now_s - self._final_until_s >= LONGEST_S:
            self._result(words, words[-1].end_s, is_final=True)
        elif now_s - self._interim_at_s >= INTERIM_EVERY_S:
            self._interim_at_s = now_s
            if words or now_s - self._final_until_s < LONGEST_S:
                self._result(words, now_s, is_final=False)
            else:
                self._result([], now_s, is_final=True)

    async def _take_control(self, message: dict[str, Any]) -> bool:
        kind = message.get("type", "")
        self._log.controls.append(kind)
        self._server.check(f"ListenV1_ListenV1{kind}", message)
        if kind == "KeepAlive" and not self._log.audio_s:
            self._server.errors.append("KeepAlive before the first audio")
        if kind == "CloseStream":
            self._send(self._metadata())
            self._outbox.put_nowait((0.0, ""))
        if kind == "Finalize":
            return self._finalize()
        return True

    def _finalize(self) -> bool:
        how = self._fault.finalize
        if how == "drop":
            self._abort()
            return False
        if how != "none":
            words = self._heard.words(self._final_until_s, finished_only=False)
            delay = self._fault.finalize_delay_s + self._server._finalize_s
            self._result(words, self._heard.seconds, is_final=True, from_finalize=how == "flagged", delay_s=delay)
        if finalized := getattr(self._heard, "finalized", None):
            finalized()
        return True

    def _result(
        self,
        words: list[SpokenWord],
        end_s: float,
        *,
        is_final: bool,
        speech_final: bool = False,
        from_finalize: bool = False,
        delay_s: float = 0.0,
    ) -> None:
        start = self._final_until_s
        if is_final:
            self._final_until_s = end_s
        if self._heard.seconds >= self._fault.silent_from_s:
            return
        if self._heard.seconds >= self._fault.wordless_from_s:
            words = []
        if self._fault.words_only and words:
            start, end_s = words[0].start_s, words[-1].end_s
        message = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(end_s - start, 3),
            "start": round(start, 3),
            "is_final": is_final,
            "speech_final": speech_final,
            "from_finalize": from_finalize,
            "channel": {"alternatives": [_alternative([w for w in words if self._verbatim or w.text not in FILLERS])]},
            "metadata": {"request_id": self._request_id, "model_info": MODEL, "model_uuid": str(uuid.uuid4())},
        }
        for each in self._in_faulty_order(message):
            self._send(each, delay_s)

    def _in_faulty_order(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        if not message["is_final"]:
            return [message]
        if self._fault.shuffle and not self._held and not message["from_finalize"]:
            self._held.append(message)
            return []
        released = [message, *self._held]
        self._held = []
        return released * 2 if self._fault.duplicate else released

    def _send(self, message: dict[str, Any], delay_s: float = 0.0) -> None:
        if message["type"] == "Results":
            self._log.results.append(message)
        self._server.check(f"ListenV1_ListenV1{message['type']}", message)
        due = asyncio.get_running_loop().time() + self._fault.slow_s + delay_s
        self._outbox.put_nowait((due, json.dumps(message)))

    def _garbage(self) -> None:
        for text in (
            '{"type":"Results"}',
            '{"type":"Results","start":0,"duration":1,"channel":{"alternatives":[]},"is_final":false}',
            '{"type":"Error","variant":"SchemaError","description":"no such thing","message":"?"}',
            '{"type":"SomethingNew","payload":[1,2,3]}',
            '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":1.0}',
            '{"type":"SpeechStarted","channel":[0,1],"timestamp":0.4}',
        ):
            self._outbox.put_nowait((0.0, text))

    def _metadata(self) -> dict[str, Any]:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": "0" * 64,
            "created": "2026-11-22T12:00:00.000Z",
            "duration": self._heard.seconds,
            "channels": 1,
        }

    async def _pump(self) -> None:
        while True:
            due, text = await self._outbox.get()
            wait = due - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            if not text:
                await self._close(1000, "")
                return
            await self._socket.send_text(text)

    async def _close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)

    def _abort(self) -> None:
        _transport(self._socket).abort()


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


class _Protocol(WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket protocol, which lets the fake hang up without a word."""

    open: dict[Any, asyncio.Transport] = {}

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.open[(transport.get_extra_info("peername")[1], transport.get_extra_info("sockname")[1])] = transport


def _transport(socket: WebSocket) -> asyncio.Transport:
    return _Protocol.open[(socket.scope["client"][1], socket.scope["server"][1])]


def _alternative(words: Sequence[SpokenWord]) -> dict[str, Any]:
    shown = [_punctuated(words, i) for i in range(len(words))]
    return {
        "transcript": " ".join(shown),
        "confidence": 0.97 if words else 0.0,
        "words": [
            {
                "word": w.text,
                "start": round(w.start_s, 3),
                "end": round(w.end_s, 3),
                "confidence": 0.95,
                "punctuated_word": shown[i],
            }
            for i, w in enumerate(words)
        ],
    }


def _punctuated(words: Sequence[SpokenWord], at: int) -> str:
    text = words[at].text
    first = at == 0 or words[at].start_s - words[at - 1].end_s > 0.5
    last = at == len(words) - 1 or words[at + 1].start_s - words[at].end_s > 0.5
    return (text.capitalize() if first else text) + ("." if last else "")


def _decoded(body: bytes) -> np.ndarray:
    resampler, parts = AudioResampler(format="s16", layout="mono", rate=RATE_HZ), []
    with av.open(io.BytesIO(body), "r") as container:
        for frame in container.decode(audio=0):
            frame.pts = None
            parts += [f.to_ndarray().reshape(-1) for f in resampler.resample(frame)]
    parts += [f.to_ndarray().reshape(-1) for f in resampler.resample(None)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def _wav_header(size: int, rate: int) -> bytes:
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", size
    )


@cache
def _schemas() -> dict[str, Any]:
    return json.loads(SCHEMAS.read_text())


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    root = _schemas()
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": root["components"]})
