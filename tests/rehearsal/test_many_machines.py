"""Two application processes, one PostgreSQL, a bucket and a proxy: one process is killed in the middle of ten answers.

Everybody goes on at the other one. What a client was told is there, each sample that was spoken is in the recording,
and the ledger says what the vendors counted.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from coach.audio.decode import decode
from coach.contracts.interview import AttemptStatus
from coach.store import SqlStore
from coach.store.repositories import ledger
from tests.conversation.app_process import AppProcess, application
from tests.fakes.bucket import Bucket, running_bucket
from tests.fakes.coded_speech import answer
from tests.fakes.deepgram_server import KEY
from tests.fakes.postgres import postgres_server
from tests.fakes.proxy import ACCESS_KEY, running_proxy
from tests.rehearsal.speaker import Speaker
from tests.soak.vendors import Counts, FaultyDeepgram, FaultyModel

AT_THE_KILLED, BESIDE = 10, 2
SPOKEN_S = 6
CLEARED_WITHIN_S = 10
UNTOLD_S = 3.0
"""What a vendor may have heard of an answer before its process died and nobody could write down: notes are a second
apart and half a second under way; a machine that is full of other work holds them back as long again."""


def both(stack: ExitStack, folder: Path, **settings: str) -> list[AppProcess]:
    """The two processes, started one after the other as an operator would."""
    apps = []
    for name in ("a", "b"):
        home = folder / name
        home.mkdir()
        apps.append(stack.enter_context(application(home, "--server.headless", "true", **settings)))
    return apps


def sound(number: int) -> bytes:
    """Every person says something else."""
    speech = answer(24, first_number=1 + number * 24)
    return speech.samples.astype("<i2").tobytes()[: SPOKEN_S * 32_000]


@pytest.mark.timeout(150)
def test_one_of_two_processes_is_killed_in_the_middle_of_ten_answers(tmp_path):
    with ExitStack() as stack:
        database = stack.enter_context(postgres_server())
        bucket = stack.enter_context(running_bucket(tmp_path))
        counts = Counts()
        people = asyncio.run(evening(stack, tmp_path, database, bucket, counts))
        with SqlStore(database) as store:
            snapshots = {p.interview_id: asyncio.run(store.load_interview(p.interview_id)) for p in people}
            nothing_is_lost(people, snapshots, bucket, tmp_path)
            nothing_is_billed_twice(store.run(ledger.usage_events), counts, len(people))


async def evening(stack, folder, database, bucket, counts) -> list[Speaker]:
    """Vendors that count, two processes behind a door, twelve people."""
    dice = random.Random(3)
    model = FaultyModel(counts, dice, 0.0, slow=False)
    hearing = FaultyDeepgram(answer(24 * 20), counts, dice, 0.0, slow=False)
    async with hearing.running() as deepgram:
        with model as openai:
            keys = {"DEEPGRAM_API_KEY": KEY, "OPENAI_API_KEY": "k", "COACH_OPENAI_MODEL": "gpt-test-1"}
            places = {
                "DEEPGRAM_BASE_URL": deepgram.url,
                "OPENAI_BASE_URL": openai.base_url,
                "COACH_TRANSCRIBER": "deepgram",
            }
            shared = {"COACH_DATABASE_URL": database, "COACH_ACCESS_KEY": ACCESS_KEY, **bucket.settings}
            apps = await asyncio.to_thread(lambda: both(stack, folder, **keys, **places, **shared))
            servers = {name: f"127.0.0.1:{app.port}" for name, app in zip("ab", apps, strict=True)}
            door = await asyncio.to_thread(lambda: stack.enter_context(running_proxy(folder, servers)))
            return await ten_answers(door, *apps)


async def ten_answers(door: str, killed: AppProcess, other: AppProcess) -> list[Speaker]:
    """All speak; one process dies when everybody is halfway; the other one is stopped in good order at the end."""
    people = [Speaker(door, "a", sound(number), 100 + number) for number in range(AT_THE_KILLED)]
    people += [Speaker(door, "b", sound(20 - number), 200 + number) for number in range(1, BESIDE + 1)]
    ends = [asyncio.create_task(person.run()) for person in people]
    for person, end in zip(people, ends, strict=True):
        halfway = asyncio.create_task(person.halfway.wait())
        await asyncio.wait([halfway, end], return_when=asyncio.FIRST_COMPLETED)
    killed.process.kill()
    await asyncio.gather(*ends)
    print(f"longest silence {max(person.silence_s for person in people):.1f} s")
    other.process.terminate()
    await asyncio.to_thread(other.process.wait, 20)
    return people


def nothing_is_lost(people, snapshots, bucket: Bucket, folder: Path) -> None:
    for person in people:
        attempts = [a for a in snapshots[person.interview_id].attempts if a.status != AttemptStatus.DISCARDED]
        assert [a.id for a in attempts] == [person.attempt_id]
        assert attempts[0].status == AttemptStatus.EVALUATED, person.told
        file = folder / f"{person.attempt_id}.flac"
        file.write_bytes(bucket.read(f"coach/{person.attempt_id}.flac"))
        heard = decode(file).samples
        said = np.frombuffer(person.sound, "<i2")
        assert len(heard) == len(said) and np.array_equal(heard, said), person.trace
    assert all(len(person.lines) > 1 for person in people[:AT_THE_KILLED])
    assert all(len(person.lines) == 1 for person in people[AT_THE_KILLED:])
    until = time.monotonic() + CLEARED_WITHIN_S
    while any("/in-progress/" in key for key in bucket.names()) and time.monotonic() < until:
        time.sleep(0.2)
    assert [key for key in bucket.names() if "/in-progress/" in key] == []


def nothing_is_billed_twice(events, counts: Counts, answers: int) -> None:
    told: defaultdict[str, float] = defaultdict(float)
    for event in events:
        told[event.meter] += float(event.quantity)
    assert len({event.event_id for event in events}) == len(events)
    for kind in ("input", "cached_input", "output"):
        assert told[f"gpt-test-1.{kind}"] == counts.tokens[kind]
    judged = Counter(e.attempt_id for e in events if e.meter == "gpt-test-1.output" and e.attempt_id)
    assert set(judged.values()) == {1} and len(judged) == answers
    assert told["nova-3.batch"] == pytest.approx(counts.batch_s, abs=0.05)
    assert counts.live_s - AT_THE_KILLED * UNTOLD_S <= told["nova-3.live"] <= counts.live_s + 0.1 * answers
