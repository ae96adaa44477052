"""Judging in processes of its own: the same result, an end at the limit, with its call and with the service."""

import asyncio
import json
import os
import signal
import sys
import time

import psutil
import pytest

from coach.brain.evaluation.pipeline import EvaluationFinished, run_evaluation
from coach.brain.guards.context import GuardContext
from coach.brain.guards.measured import guard_section
from coach.brain.offline import judge_pool
from coach.brain.offline.coach import OfflineCoach, as_json, evaluation_of
from coach.brain.offline.judge_pool import JudgePool
from coach.brain.offline.packing import packed
from coach.brain.port import EvaluationCall, TextDelta
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.contracts.transcript import typed_transcript
from coach.delivery.measure import measure
from coach.errors import VendorProtocolError, VendorTimeoutError

TEXT = "Our checkout was six weeks late. I was asked to bring it back. I cut the scope, so we shipped four days early."
SLEEPER = "import sys, time\nfor line in sys.stdin: time.sleep(600)"


def asked(text=TEXT):
    return EvaluationInput(question=Question(text="A difficult project?"), user_answer=UserAnswer(transcript=text))


@pytest.fixture
async def pool():
    made = JudgePool(workers=2, limit_s=60)
    yield made
    await made.close()
    assert made.pids == []


async def test_a_worker_judges_as_this_process_does_and_stays(pool):
    first = await pool.judge(asked(), 220)
    assert first == as_json(evaluation_of(asked(), 220))
    worker = pool.pids
    assert json.loads(await pool.judge(asked("I led it."), 220))["scoring"] and pool.pids == worker
    assert psutil.Process(worker[0]).nice() >= 10


async def test_a_warm_up_starts_every_worker_so_that_two_who_finish_together_wait_for_none(pool):
    await pool.warm_up()
    workers = set(pool.pids)
    assert len(workers) == 2
    await asyncio.gather(pool.judge(asked(), 220), pool.judge(asked("I led it."), 220))
    assert set(pool.pids) == workers


async def test_a_long_answer_is_read_apart_and_comes_back_whole(pool):
    text = "Because it was late, I moved the printer and then we cut the cost by 30 percent. " * 120
    given = EvaluationInput(question=Question(text="A difficult project?"), user_answer=UserAnswer(transcript=text))
    spoken = typed_transcript(text)
    context = GuardContext(given, spoken, measure(spoken, None), Policy(), "m")
    cpu = time.process_time()
    read = await pool.read(context)
    took = time.process_time() - cpu
    assert {"care", "instructions", "answer", "truth"} <= read.__dict__.keys(), "nothing is left to be read here"
    here = GuardContext(given, spoken, context.delivery, Policy(), "m").read_ahead()
    assert (read.care, read.instructions, read.answer.has_content) == (here.care, here.instructions, True)
    raw = json.loads(as_json(evaluation_of(given)))["content_feedback"]
    assert guard_section("content_feedback", raw, read).value == guard_section("content_feedback", raw, here).value
    assert took < 0.5, "this process only packs and unpacks"
    assert len(packed(read)) < 25 * len(text), "few objects: the event loop waits while they are made"


async def test_long_answers_are_read_apart_and_short_ones_here(pool):
    asked_for = []

    async def apart(context):
        asked_for.append(len(context.transcript.text))
        if len(asked_for) == 2:
            raise VendorTimeoutError("Reading took too long.")
        return await pool.read(context)

    for words in ("I moved the printer. ", "I moved the printer. " * 400, "I moved the belt. " * 400):
        spoken = typed_transcript(words)
        call = EvaluationCall(asked(words), "a")
        steps = run_evaluation(
            OfflineCoach(), call, transcript=spoken, delivery=measure(spoken, None), policy=Policy(), read_apart=apart
        )
        last = [step async for step in steps][-1]
        assert isinstance(last, EvaluationFinished)
        assert last.result.status == "complete", "also where it could not be read apart"
    assert asked_for == [8399, 7199]


async def test_the_coach_streams_what_the_pool_judged(pool):
    chunks = [c async for c in OfflineCoach(220, pool).evaluate(EvaluationCall(asked(), "a"))]
    assert "".join(c.text for c in chunks if isinstance(c, TextDelta)) == as_json(evaluation_of(asked(), 220))


async def test_what_takes_too_long_ends_and_the_next_goes_on(monkeypatch):
    monkeypatch.setattr(judge_pool, "_COMMAND", (sys.executable, "-c", SLEEPER))
    pool = JudgePool(workers=1, limit_s=0.3)
    with pytest.raises(VendorTimeoutError):
        await pool.judge(asked(), 220)
    assert pool.pids == []
    monkeypatch.undo()
    pool._limit_s = 60
    assert await pool.judge(asked(), 220)
    await pool.close()


async def test_the_limit_is_of_the_processor_so_that_a_busy_machine_costs_nobody_their_feedback():
    pool = JudgePool(workers=1, limit_s=60, limit_cpu_s=0.05)
    long = asked("Because it was late, I moved the printer and then we cut the cost by 30 percent. " * 240)
    with pytest.raises(VendorTimeoutError):
        await pool.judge(long, 220)
    assert pool.pids == []
    pool._limit_cpu_s = 10
    assert await pool.judge(long, 220)
    os.kill(pool.pids[0], signal.SIGSTOP)
    call = asyncio.create_task(pool.judge(asked(), 220))
    await asyncio.sleep(0.3)
    os.kill(pool.pids[0], signal.SIGCONT)
    assert await call, "what only waited for the processor is judged"
    await pool.close()


async def test_a_cancelled_call_takes_its_worker_along(monkeypatch):
    monkeypatch.setattr(judge_pool, "_COMMAND", (sys.executable, "-c", SLEEPER))
    pool = JudgePool(workers=1, limit_s=600)
    call = asyncio.create_task(pool.judge(asked(), 220))
    while not pool.pids:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    worker = pool.pids[0]
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not psutil.pid_exists(worker) and pool.pids == []


async def test_closing_does_not_wait_for_a_judgement(monkeypatch):
    monkeypatch.setattr(judge_pool, "_COMMAND", (sys.executable, "-c", SLEEPER))
    pool = JudgePool(workers=2, limit_s=600)
    calls = [asyncio.create_task(pool.judge(asked(), 220)) for _ in range(5)]
    while len(pool.pids) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    begun = time.monotonic()
    await pool.close()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert time.monotonic() - begun < 5 and all(isinstance(d, VendorProtocolError) for d in done) and pool.pids == []


async def test_a_killed_worker_costs_its_answer_alone(pool):
    await pool.judge(asked(), 220)
    os.kill(pool.pids[0], signal.SIGKILL)
    with pytest.raises(VendorProtocolError):
        await pool.judge(asked(), 220)
    assert await pool.judge(asked(), 220)


async def test_a_worker_ends_with_its_service(pool):
    await pool.judge(asked(), 220)
    worker = next(iter(pool._all))
    worker.stdin.close()
    assert await asyncio.wait_for(worker.wait(), 10) == 0


async def test_what_the_coach_cannot_judge_is_told_without_its_words(pool):
    worker = await pool._worker()
    worker.stdin.write(b'{"max_words": 220, "input": "secret words"}\n')
    answer = await worker.stdout.readline()
    assert json.loads(answer) == {"error": "ValidationError"}
