"""A server that speaks OpenAI's `/v1/audio/transcriptions` on loopback, and holds callers to what that documents."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MODEL, KEY = "whisper-1", "team-key"
NO_TIMES = "Currently only support response_format `text` or `json`"
FORMATS = {"json", "text", "srt", "verbose_json", "vtt", "diarized_json"}


class TranscriptionServer:
    """Answers every piece with `words`; with a prompt full of hesitations it writes an um before the last word.

    Args:
        words: what it hears, spread evenly over the piece.
        gives: `words` with times (speaches), `tokens` inside segments (whisper.cpp), `segments` alone, or the `text`
            alone, where another format is refused (vLLM with models that know no times).
        faults: statuses of the first requests.
    """

    def __init__(
        self, words: str = "We had forty orders.", *, gives: str = "words", faults: tuple[int, ...] = ()
    ) -> None:
        self.words = words.split()
        self.requests: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.refused = 0
        self._gives = gives
        self._faults = list(faults)
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TranscriptionServer"]:
        """Serves on a free port until the block ends."""
        app = Starlette(routes=[Route("/v1/audio/transcriptions", self._transcribe, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.should_exit = True
            await serving

    async def _transcribe(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            await request.body()  # an answer before the end of an upload may be lost with the connection
            return _error(401, "Incorrect API key provided.")
        if self._faults:
            return _error(self._faults.pop(0), "fault")
        form = await request.form()
        asked: dict[str, Any] = {k: form.getlist(k) for k in form if k != "file"}
        self.requests.append(asked)
        problem, seconds = await self._problem(form, asked)
        if problem:
            self.errors += [problem] if problem != NO_TIMES else []
            self.refused += 1
            return _error(400, problem)
        hesitant = "um," in str(asked.get("prompt", [""])[0]).lower()
        said = [*self.words[:-1], "um,", self.words[-1]] if hesitant else self.words
        brief = asked.get("response_format", ["json"]) == ["json"]
        return JSONResponse({"text": " ".join(said)} if brief else self._answer(said, seconds))

    async def _problem(self, form: Any, asked: dict[str, Any]) -> tuple[str, float]:
        if "file" not in form or asked.get("model") != [MODEL]:
            return "file and a known model are required", 0.0
        wanted = asked.get("response_format", ["json"])[0]
        if wanted not in FORMATS:
            return "unknown response_format", 0.0
        if self._gives == "text" and wanted not in ("json", "text"):
            return NO_TIMES, 0.0
        granular = asked.get("timestamp_granularities[]", [])
        if granular and asked.get("response_format") != ["verbose_json"]:
            return "timestamp_granularities needs verbose_json", 0.0
        if set(granular) - {"word", "segment"} or not 0 <= float(asked.get("temperature", ["0"])[0]) <= 1:
            return "invalid timestamp_granularities or temperature", 0.0
        try:
            with wave.open(io.BytesIO(await form["file"].read())) as file:
                return "", file.getnframes() / file.getframerate()
        except (wave.Error, EOFError):
            return "the file is no audio", 0.0

    def _answer(self, said: list[str], seconds: float) -> dict[str, Any]:
        step = seconds / len(said)
        segment = {
            "id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": " ".join(said), "tokens": [1], "temperature": 0.0,
            "avg_logprob": -0.105, "compression_ratio": 1.0, "no_speech_prob": 0.0,
        }  # fmt: skip
        if self._gives == "tokens":
            segment["words"] = [part for i, w in enumerate(said) for part in _tokens(f" {w}", i * step, step)]
        answer: dict[str, Any] = {
            "task": "transcribe", "language": "english", "duration": seconds, "text": segment["text"],
            "segments": [segment],
        }  # fmt: skip
        if self._gives == "words":
            answer["words"] = [
                {"word": w.strip(".,"), "start": i * step, "end": (i + 1) * step} for i, w in enumerate(said)
            ]
        return answer


def _tokens(word: str, start: float, width: float) -> list[dict[str, Any]]:
    """A word as whisper.cpp gives it: in two tokens, the second without a blank before it."""
    middle = start + width / 2
    return [
        {"word": word[:2], "start": start, "end": middle, "t_dtw": -1, "probability": 0.97},
        {"word": word[2:], "start": middle, "end": start + width, "t_dtw": -1, "probability": 0.9},
    ]


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "error", "code": None, "param": None}}, status)
