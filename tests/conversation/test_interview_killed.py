"""kill -9 at random points of an interview: nothing a client was told is lost, nothing is charged twice."""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter

import pytest
import sqlalchemy as sa

from coach.contracts.interview import AttemptStatus
from coach.store import open_store
from tests import forks
from tests.conversation.victim import hub_on
from tests.long import how_many

POINTS = how_many("deaths of an interview")
_ALIVE = (AttemptStatus.EVALUATED, AttemptStatus.DELAYED, AttemptStatus.CAPTURED, AttemptStatus.EVALUATING)


@pytest.fixture
def nursery():
    """Forks processes that hold the interview."""
    command = ["-m", "tests.conversation.victim"]
    with forks.Python(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
    ) as process:
        yield process
        process.stdin.close()


def life(nursery, home, interview_id, facts, seconds):
    """One process until it is killed, a moment after it told so many facts; every fact clients were told so far."""
    log = home / "told.log"
    told_before = lines(log)
    nursery.stdin.write(f"{home} {interview_id}\n")
    nursery.stdin.flush()
    pid = int(nursery.stdout.readline())
    while lines(log) < told_before + facts:
        time.sleep(0.002)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    assert nursery.stdout.readline() == "dead\n"
    return [line.split() for line in log.read_text().splitlines()]


def lines(log):
    return log.read_bytes().count(b"\n") if log.exists() else 0


def test_many_deaths_in_one_interview(tmp_path, nursery):
    dice = random.Random(20)
    interview, told = "", []
    for _ in range(POINTS):
        told = life(nursery, tmp_path, interview, dice.randint(1, 12), dice.uniform(0, 0.05))
        interview = interview or told[0][1]
        with open_store(f"duckdb:///{tmp_path / 'coach.duckdb'}") as store:
            check(asyncio.run(store.load_interview(interview)), told, tmp_path)
    asyncio.run(goes_on(tmp_path, interview))
    with open_store(f"duckdb:///{tmp_path / 'coach.duckdb'}") as store:
        account(store, asyncio.run(store.load_interview(interview)), {f[1] for f in told if f[0] == "FINISHED"})


def account(store, snapshot, finished):
    """In the end: every finished answer has its feedback, once, and is billed once."""
    done = {a.id for a in snapshot.attempts if a.status == AttemptStatus.EVALUATED}
    assert len(finished) >= 3 and finished <= done
    query = "select attempt_id, count(*) from usage_tracking where meter = 'fake.output' group by attempt_id"
    billed = dict(store.run(lambda c: c.execute(sa.text(query)).all()))
    assert set(billed.values()) == {1} and set(billed) == done


def check(snapshot, told, home):
    """What was told before this death is there."""
    attempts = {a.id: a for a in snapshot.attempts}
    numbers = Counter((a.exchange_id, a.attempt_number) for a in attempts.values() if a.status != "discarded")
    assert max(numbers.values(), default=1) == 1
    for fact in told:
        if fact[0] == "STORED":
            assert attempts[fact[1]].status == AttemptStatus.EVALUATED
        elif fact[0] == "FINISHED":
            assert attempts[fact[1]].status in (*_ALIVE, AttemptStatus.RECORDING)
            assert sound_of(home, attempts[fact[1]])
        elif fact[0] == "HEARD":
            assert sound_of(home, attempts[fact[1]])


def sound_of(home, attempt):
    """Whether the recording is somewhere: archived, sealed, or in progress."""
    kept = [home / "journal" / f"{attempt.id}{suffix}" for suffix in (".pcm", ".flac")]
    return attempt.audio_uri or any(p.exists() and p.stat().st_size for p in kept)


async def goes_on(home, interview_id):
    """After the last death the interview is simply gone on with."""
    hub = hub_on(home)
    await hub.start()
    conductor = await hub.open(interview_id)
    await conductor.settle(20)
    capture = conductor._listening.capture
    if capture and capture.seconds:
        state = conductor.snapshot().payload
        assert state.recoverable_s > 0
        from coach.contracts import commands as cmd

        payload = cmd.FinishAnswerPayload(
            question_id=state.current_question.id, attempt_id=state.attempt_id, timestamp_ms=0
        )
        await conductor.send(cmd.FinishAnswer(payload=payload))
        await conductor.settle(20)
    await hub.close()
    hub.parts.store._store.close()  # type: ignore[attr-defined]
