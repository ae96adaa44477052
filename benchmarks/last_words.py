"""From *Finish* to the final transcript: what we add to what the transcriber takes. Also: memory of a live session.

Many short answers over the real SDK to the loopback Deepgram in another process, which waits a known time before its
last result. Everything beyond that time counts as ours: SDK, socket and operating system included.
"""

import asyncio
import gc
import json
import multiprocessing as mp
import os
import statistics
import tempfile
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from coach.speech.port import SpeechContext
from coach.speech.streaming.stream import LiveStream
from tests.fakes.coded_speech import Speech, answer
from tests.fakes.deepgram_run import FAST, record, transcriber
from tests.fakes.deepgram_server import DeepgramServer

SERVER_S = 0.05
FINISHES = 60
SESSIONS = 40
MEMORY_ANSWER_S = 60


class _Address:
    """The loopback server of another process, as `transcriber` wants it."""

    def __init__(self, url: str) -> None:
        self.url = url


def _serve(pipe: Connection, words: int) -> None:
    async def run() -> None:
        server = DeepgramServer(answer(words), finalize_s=SERVER_S, validate=False)
        async with server.running():
            pipe.send(server.url)
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    asyncio.run(run())


async def _push(live: LiveStream, speech: Speech, speed: float) -> None:
    began = time.monotonic()
    for i, frame in enumerate(speech.frames()):
        live.push(frame)
        await asyncio.sleep(max(0.0, began + (i + 1) * 0.02 / speed - time.monotonic()))


async def finishes(url: str, folder: Path) -> list[float]:
    """Milliseconds from *Finish* to the transcript, one interview, many answers."""
    speech, speed = answer(20), 10.0
    recording = record(speech, folder / "answer.wav")
    options = replace(FAST, replay_rate=1.25 * speed)
    hearer = transcriber(_Address(url))  # type: ignore[arg-type]
    hearer._options = options
    live, took = await hearer.open_stream(SpeechContext()), []
    for i in range(FINISHES):
        await live.start_answer(f"attempt-{i}")
        await _push(live, speech, speed)
        began = time.perf_counter()
        heard = await live.finish_answer(recording)
        took.append((time.perf_counter() - began) * 1000)
        assert heard.transcript.source == "live", heard.transcript.notes
    await live.close()
    await hearer.close()
    return took


async def memory(url: str) -> float:
    """Mebibytes of resident memory that one live session holds after a minute of speech."""
    speech, speed = answer(MEMORY_ANSWER_S * 3), 10.0
    hearer = transcriber(_Address(url))  # type: ignore[arg-type]
    hearer._options = replace(FAST, replay_rate=1.25 * speed, live_limit_s=30)
    warm = await hearer.open_stream(SpeechContext())
    gc.collect()
    before = psutil.Process().memory_info().rss
    streams = [await hearer.open_stream(SpeechContext()) for _ in range(SESSIONS)]
    for stream in streams:
        await stream.start_answer("attempt")
    frames = speech.frames()
    began = time.monotonic()
    for i, frame in enumerate(frames):
        for stream in streams:
            stream.push(bytes(bytearray(frame)))
        await asyncio.sleep(max(0.0, began + (i + 1) * 0.02 / speed - time.monotonic()))
    used = psutil.Process().memory_info().rss - before
    for stream in [warm, *streams]:
        await stream.close()
    await hearer.close()
    return used / SESSIONS / 2**20


def main() -> None:
    """Prints the figures as JSON."""
    pipe, theirs = mp.Pipe()
    server = mp.get_context("spawn").Process(target=_serve, args=(theirs, MEMORY_ANSWER_S * 3), daemon=True)
    server.start()
    url = pipe.recv()
    with tempfile.TemporaryDirectory() as folder:
        took = asyncio.run(finishes(url, Path(folder)))
    added = [t - SERVER_S * 1000 for t in took]
    session_mb = asyncio.run(memory(url))
    pipe.send("stop")
    server.join(5)
    print(
        json.dumps(
            {
                "benchmark": "last_words",
                "server_takes_ms": SERVER_S * 1000,
                "we_add_ms_median": round(statistics.median(added), 2),
                "we_add_ms_p90": round(statistics.quantiles(added, n=10)[-1], 2),
                "answers": len(took),
                "memory_mb_per_live_session": round(session_mb, 2),
                "load_average": round(os.getloadavg()[0], 1),
            }
        )
    )


if __name__ == "__main__":
    main()
