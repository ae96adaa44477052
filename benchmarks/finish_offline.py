"""Finish -> scores without any vendor: Whisper, the offline coach, database and recordings are all the product's own.

Real speech (`FINISH_AUDIO`, a folder; else the sample recordings) is pushed, alone and by two people at once: the last
30 s as fast as they are spoken, what lies before three times as fast (`FINISH_FASTER`), since only the last pieces are
waited for. Also: what the first answer of a fresh process waits for, how late the event loop was for its frames, and
the memory of all processes, at most and after a rest; `FINISH_VOICE=local` with the interviewer's voice.
"""

import asyncio
import os
import tempfile
import threading
import time
from contextlib import suppress
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
ANSWERS = int(os.environ.get("FINISH_ANSWERS", "2"))
FASTER, AS_SPOKEN_S = float(os.environ.get("FINISH_FASTER", "3")), 30.0
VOICE = os.environ.get("FINISH_VOICE", "browser")
REST_S = 3.0
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


class Most:
    """The largest memory of all processes until it is left, looked at four times a second, megabytes."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.25):
            with suppress(psutil.Error):
                self.mb = max(self.mb, memory_mb())

    def __enter__(self) -> "Most":
        self._looking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._looking.join()


async def spoken(client: Client, sound: bytes, late: list[float]) -> None:
    """Pushes an answer; `late` gets by how much each frame came too late, seconds."""
    due, slowly = time.monotonic(), max(0, len(sound) - int(AS_SPOKEN_S / FRAME_S) * FRAME)
    for at in range(0, len(sound), FRAME):
        client.conductor.push_audio(sound[at : at + FRAME])
        due += FRAME_S / (FASTER if at < slowly else 1)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        late.append(time.monotonic() - due)


async def person(services: Services, sounds: list[bytes], late: list[float]) -> list[float]:
    """Seconds from *Finish* to the scores of each answer of one person."""
    opened = await services.hub.init(InitRequest(q_count=1), questions=[PlannedQuestion(text=QUESTION)])
    client = Client(await services.hub.open(opened.mock_interview_id))
    waits = []
    await client.start()
    for sound in sounds:
        await client.listen()
        await spoken(client, sound, late)
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
        coach_home=home, coach_voice=VOICE, brain="offline", deepgram_api_key=None, openai_api_key=None
    )
    services.serves = True
    await services.hub.start()
    beside = asyncio.gather(services.transcriber.warm_up(), services.brain.warm_up())
    first_s = (await person(services, [speech(10, 0)], []))[0]
    await beside
    return first_s, services


async def measure(home: Path, most: Most) -> None:
    """Prints every row as it is known."""
    first_s, services = await fresh(home)
    rows: list[Any] = []
    alone: dict[Any, Any] = {}
    for seconds in LENGTHS_S:
        for people in (1, 2):
            used, late = used_s(), list[float]()
            waits = await asyncio.gather(
                *(person(services, [speech(seconds, p + n) for n in range(ANSWERS)], late) for p in range(people))
            )
            flat = [wait for waited in waits for wait in waited]
            p50, p95 = percentiles(flat, 50, 95)
            alone.setdefault(seconds, p50)
            cpu = (used_s() - used) / len(flat)
            (late_ms,) = percentiles([each * 1000 for each in late], 99)
            times = f"{p50 / alone[seconds]:.2f}"
            rows.append([f"{seconds:.0f} s", people, len(flat), p50, p95, times, f"{cpu:.1f}", late_ms])
            print(rows[-1], f"load {os.getloadavg()[0]:.1f}", flush=True)
    print(f"\n## Finish -> scores, offline (load average {os.getloadavg()[0]:.1f})\n")
    head = ["answer", "people at once", "answers", "p50 s", "p95 s", "x alone", "processor s per answer"]
    table([*head, "frames late p99 ms"], rows)
    print(f"\nfirst answer of a fresh process: {first_s:.2f} s; memory of all processes at most: {most.mb:.0f} MB")
    await asyncio.sleep(REST_S)
    print(f"after a rest: {memory_mb():.0f} MB")
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        print(f"  {process.memory_info().rss / 1e6:.0f} MB  {' '.join(process.cmdline()[1:4])}")
    await services.close()


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as home, Most() as most:
        uvloop.run(measure(Path(home), most))


if __name__ == "__main__":
    main()
