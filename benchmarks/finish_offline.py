"""Finish -> scores without any vendor: Whisper, the offline coach, database and recordings are all the product's own.

Real speech (`FINISH_AUDIO`, a folder; else the sample recordings) is pushed as fast as it is spoken, alone and by two
people at once. Also: what the first answer of a fresh process waits for, and the memory of all processes.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import uvloop

from benchmarks._playing import percentiles, table
from coach.audio.decode import decode
from coach.bootstrap import Services, build_services
from coach.contracts.interview import PlannedQuestion
from coach.interview.latency import stages
from coach.interview.service import InitRequest
from coach.settings import DATA
from tests.conversation.driver import Client

LENGTHS_S = tuple(float(s) for s in os.environ.get("FINISH_SECONDS", "30,90,180").split(","))
ANSWERS = int(os.environ.get("FINISH_ANSWERS", "3"))
FOLDER = Path(os.environ.get("FINISH_AUDIO", "") or DATA / "sample" / "audio")
FRAME, FRAME_S = 640, 0.02
QUESTION = "Tell me about a time you made something faster."


def speech(seconds: float, start: int) -> bytes:
    """Real speech, recordings one after the other from the `start`-th on, cut at `seconds`."""
    files = sorted(p for p in FOLDER.iterdir() if p.suffix in (".wav", ".flac", ".mp3", ".ogg"))
    sound = [decode(files[(start + n) % len(files)]).samples for n in range(len(files))]
    whole = np.concatenate(sound)
    return np.tile(whole, 1 + int(seconds * 16_000) // len(whole))[: int(seconds * 16_000)].astype("<i2").tobytes()


def memory_mb() -> float:
    """Resident memory of this process and its children."""
    own = psutil.Process()
    return sum(p.memory_info().rss for p in (own, *own.children(recursive=True))) / 1e6


def used_s() -> float:
    """Processor time of this process and its children, seconds."""
    own = psutil.Process()
    return float(sum(sum(p.cpu_times()[:2]) for p in (own, *own.children(recursive=True))))


async def person(services: Services, sounds: list[bytes]) -> list[float]:
    """Seconds from *Finish* to the scores of each answer of one person."""
    opened = await services.hub.init(InitRequest(q_count=1), questions=[PlannedQuestion(text=QUESTION)])
    client = Client(await services.hub.open(opened.mock_interview_id))
    waits = []
    await client.start()
    for sound in sounds:
        await client.listen()
        due = time.monotonic()
        for at in range(0, len(sound), FRAME):
            client.conductor.push_audio(sound[at : at + FRAME])
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        attempt, finished = client.state.attempt_id, time.monotonic()
        await client.send(client.finish_command())
        await client.wait("UPDATE_SCORES", 120)
        waits.append(time.monotonic() - finished)
        await client.settled()
        if os.environ.get("FINISH_STAGES"):
            marks = client.conductor.board.attempt(attempt).timeline
            print({stage.name: round(stage.ms) for stage in stages(marks)}, flush=True)
        await client.retry()
    return waits


async def fresh(home: Path) -> tuple[float, Services]:
    """A service that warms up behind the first answer, as the server does, and what that one of ten seconds waited."""
    services = build_services(
        coach_home=home, coach_voice="browser", brain="offline", deepgram_api_key=None, openai_api_key=None
    )
    services.serves = True
    await services.hub.start()
    beside = asyncio.gather(services.transcriber.warm_up(), services.brain.warm_up())
    first_s = (await person(services, [speech(10, 0)]))[0]
    await beside
    return first_s, services


async def measure(home: Path) -> None:
    """Prints every row as it is known."""
    first_s, services = await fresh(home)
    rows: list[Any] = []
    alone: dict[Any, Any] = {}
    for seconds in LENGTHS_S:
        for people in (1, 2):
            used = used_s()
            waits = await asyncio.gather(
                *(person(services, [speech(seconds, p + n) for n in range(ANSWERS)]) for p in range(people))
            )
            flat = [wait for waited in waits for wait in waited]
            p50, p95 = percentiles(flat, 50, 95)
            alone.setdefault(seconds, p50)
            cpu = (used_s() - used) / len(flat)
            rows.append([f"{seconds:.0f} s", people, len(flat), p50, p95, f"{p50 / alone[seconds]:.2f}", f"{cpu:.1f}"])
            print(rows[-1], f"load {os.getloadavg()[0]:.1f}", flush=True)
    print(f"\n## Finish -> scores, offline (load average {os.getloadavg()[0]:.1f})\n")
    table(["answer", "people at once", "answers", "p50 s", "p95 s", "x alone", "processor s per answer"], rows)
    print(f"\nfirst answer of a fresh process: {first_s:.2f} s; memory of all processes: {memory_mb():.0f} MB")
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        print(f"  {process.memory_info().rss / 1e6:.0f} MB  {' '.join(process.cmdline()[1:4])}")
    await services.close()


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as home:
        uvloop.run(measure(Path(home)))


if __name__ == "__main__":
    main()
