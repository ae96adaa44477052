"""Runs one answer through the real SDK against the loopback Deepgram, faster than real time."""

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from coach.speech.deepgram.transcriber import DeepgramTranscriber
from coach.speech.port import SpeechContext
from coach.speech.streaming.segment import LiveOptions
from coach.speech.streaming.stream import LiveStream
from tests.fakes.coded_speech import Speech, speech_s
from tests.fakes.deepgram_server import KEY, DeepgramServer

SPEED = 8.0
FAST = LiveOptions(
    replay_rate=1.25 * SPEED,
    finalize_s=2.0,
    live_limit_s=10.0,
    quiet_tail_s=0.5,
    tick_s=0.1,
    keep_alive_s=0.4,
    prime_after_s=0.5,
    stall_s=0.6,
    open_wait_s=3.0,
    backoff_first_s=0.05,
    backoff_most_s=0.4,
)
CONTEXT = SpeechContext(keyterms=("FastAPI", "PostgreSQL"), interview_id="interview-1")


async def coded_voice(pcm: bytes) -> float:
    """Voice activity for coded speech."""
    return speech_s(pcm)


def transcriber(server: DeepgramServer, *, key: str = KEY, **options: Any) -> DeepgramTranscriber:
    return DeepgramTranscriber(
        SecretStr(key), server.url, probe=coded_voice, options=replace(FAST, **options) if options else FAST
    )


@asynccontextmanager
async def stream(server: DeepgramServer, *, speed: float = SPEED, **options: Any) -> AsyncIterator[LiveStream]:
    """An open live stream; afterwards everything is closed."""
    hearer = transcriber(server, **{"replay_rate": 1.25 * speed, **options})
    live = await hearer.open_stream(CONTEXT)
    try:
        yield live
    finally:
        await live.close()
        await hearer.close()


async def say(
    live: LiveStream, speech: Speech, *, speed: float = SPEED, start: int = 0, stop: int | None = None
) -> None:
    """Pushes the frames at `speed` x real time."""
    frames = speech.frames()[start:stop]
    began = time.monotonic()
    for i, frame in enumerate(frames):
        live.push(frame)
        await asyncio.sleep(max(0.0, began + (i + 1) * 0.02 / speed - time.monotonic()))


async def left_over(before: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    """Tasks that were not there before and do not end by themselves (the loopback server's last ones do)."""
    extra = asyncio.all_tasks() - before - {asyncio.current_task()}
    return (await asyncio.wait(extra, timeout=2))[1] if extra else set()


def record(speech: Speech, path: Path) -> Path:
    """The recording on disk, complete as always."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(speech.samples.astype("<i2").tobytes())
    return path
