"""Two processes on one PostgreSQL: one interview is with one of them, and each hears the other."""

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from coach.audio.archive import AudioArchive
from coach.contracts import commands as cmd
from coach.contracts.interview import AttemptStatus, ViewState
from coach.errors import TakenOverError
from coach.interview.elsewhere import OpenElsewhereError
from coach.interview.service import InitRequest
from coach.store import SqlStore
from coach.store.engine.alone import CLASS, alone
from coach.store.fleet import leases, notices
from coach.store.fleet.fleet import ServerFleet
from coach.store.maintenance import removal, transfer
from coach.store.repositories import interviews
from coach.store.tables.core import evaluation_claims
from coach.store.tables.fleet import interview_leases, service_processes
from tests.conversation.driver import Client, make_hub
from tests.fakes import records as make
from tests.fakes import vendors

WITHIN_S = 20.0


class Process:
    """One process as far as the others can see: a hub with a store, a name and a line of its own."""

    def __init__(self, url, home):
        self.store = SqlStore(url, idle_s=30)
        self.fleet = ServerFleet(self.store)
        evaluate = vendors.ScriptedEvaluation({"overall": 6.5, "pause_s": 0.005})
        self.hub = make_hub(home, store=self.store, evaluate=evaluate, fleet=self.fleet)

    async def dies(self):
        """Its line is cut and nothing is said."""
        line, self.fleet._line = self.fleet._line, None
        await asyncio.to_thread(line.close)


@contextlib.asynccontextmanager
async def two(url, home):
    """Both started."""
    pair = Process(url, home), Process(url, home)
    for each in pair:
        await each.hub.start()
    try:
        yield pair
    finally:
        for each in pair:
            await each.hub.close()
            await each.store.aclose()


async def until(done):
    """Waits for what comes by notice."""
    ends = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


async def test_an_interview_goes_to_the_other_process_when_nobody_is_in_it(postgres_url, tmp_path):
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        assert (await there.hub.open(begun)).id == begun
        assert here.hub.find(begun) is None
        assert there.store.run(leases.held, there.fleet.owner) == {begun}


async def test_who_comes_to_another_process_is_shown_what_happens_and_let_in_when_it_is_free(postgres_url, tmp_path):
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        client = Client(await here.hub.open(begun))
        with pytest.raises(OpenElsewhereError, match="another window"):
            await there.hub.open(begun)
        seen: list[dict] = []
        watching = asyncio.create_task(collect(there.hub.watch(begun), seen))
        await until(lambda: seen)
        assert seen[0]["type"] == "SESSION_STATE"
        await client.start()
        await until(lambda: seen[-1]["payload"].get("view_state") == ViewState.LISTENING)
        assert "LEVEL" not in {event["type"] for event in seen}
        client._subscription.close()
        await asyncio.wait_for(watching, WITHIN_S)
        assert (await there.hub.open(begun)).id == begun


async def collect(events, seen):
    async for text in events:
        seen.append(json.loads(text))


async def test_a_dead_process_has_nothing_and_its_unjudged_answers_go_to_one_other(postgres_url, tmp_path):
    interview = make.interview()
    exchange = make.exchange(interview)
    attempt = make.attempt(exchange, status=AttemptStatus.CAPTURED)
    async with two(postgres_url, tmp_path) as (here, there):
        await here.store.arun(interviews.create_interview, interview, [exchange])
        await here.store.arun(interviews.add_attempt, attempt)
        assert await here.store.arun(interviews.claim_evaluation, attempt.id, here.fleet.owner)
        assert await here.fleet.take(interview.id)
        assert not await there.fleet.take(interview.id)
        await here.hub._together.stand_still()
        await here.dies()
        await until(lambda: not there.store.run(leases.with_a_living, interview.id))
        unseen = datetime.now(UTC) - timedelta(seconds=leases.DEAD_AFTER_S + 1)
        old = sa.update(service_processes).where(service_processes.c.owner == here.fleet.owner)
        there.store.run(lambda c: c.execute(old.values(seen_at=unseen)))
        buried = await asyncio.gather(*(there.store.arun(leases.bury) for _ in range(4)))
        assert sorted(b.interviews for b in buried) == [(), (), (), (interview.id,)]
        claims = there.store.run(lambda c: c.execute(sa.select(evaluation_claims)).all())
        assert claims == [] and await there.store.find_attempt(attempt.id) == attempt


async def test_what_was_being_judged_when_a_process_ended_in_good_order_waits_to_be_judged(postgres_url, tmp_path):
    interview = make.interview()
    exchange = make.exchange(interview)
    attempt = make.attempt(exchange, status=AttemptStatus.CAPTURED)
    async with two(postgres_url, tmp_path) as (here, there):
        await here.store.arun(interviews.create_interview, interview, [exchange])
        await here.store.arun(interviews.add_attempt, attempt)
        assert await here.fleet.take(interview.id)
        assert await here.store.arun(interviews.claim_evaluation, attempt.id, here.fleet.owner)
        await here.hub.close()
        assert await there.store.find_attempt(attempt.id) == attempt
        assert (await there.hub.open(interview.id)).id == interview.id
        await there.hub.settle(WITHIN_S)
        judged = await there.store.find_attempt(attempt.id)
        assert judged is not None and judged.status != AttemptStatus.EVALUATING


async def test_one_that_hangs_is_passed_over_and_lets_go_when_it_wakes(postgres_url, tmp_path):
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        Client(await here.hub.open(begun))
        line = here.fleet._line
        line._seen = lambda connection: None
        old = sa.update(service_processes).where(service_processes.c.owner == here.fleet.owner)
        long_ago = datetime.now(UTC) - timedelta(seconds=leases.EXPIRES_S + 1)
        there.store.run(lambda c: c.execute(old.values(seen_at=long_ago)))
        assert (await there.hub.open(begun)).id == begun
        await here.hub._together.check_held()
        assert here.hub.find(begun) is None and there.hub.find(begun) is not None


async def test_what_was_lost_and_is_free_again_is_not_gone_on_with_from_memory(postgres_url, tmp_path):
    """Another process had it meanwhile and gave it back: what is in memory here is of before."""
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        stale = await here.hub.open(begun)
        await here.hub._together.stand_still()
        lost = sa.delete(interview_leases).where(interview_leases.c.interview_id == begun)
        there.store.run(lambda c: c.execute(lost))
        there_too = await there.hub.open(begun)
        await there_too.send(cmd.StartInterview())
        asked = there_too.snapshot().payload.current_question
        await there.hub._put_away(begun)
        await here.hub._together.check_held()
        assert here.hub.find(begun) is None
        fresh = await here.hub.open(begun)
        assert fresh is not stale
        assert fresh.snapshot().payload.current_question == asked is not None


async def test_an_answer_is_judged_by_another_only_when_its_judge_had_time_to_come_back(postgres_url, tmp_path):
    interview, other = make.interview(), make.interview()
    questions = [make.exchange(interview), make.exchange(other)]
    answers = [make.attempt(question, status=AttemptStatus.CAPTURED) for question in questions]
    async with two(postgres_url, tmp_path) as (here, there):
        for each, question, answer in zip((interview, other), questions, answers, strict=True):
            await here.store.arun(interviews.create_interview, each, [question])
            await here.store.arun(interviews.add_attempt, answer)
            assert await here.fleet.take(each.id)
        await here.hub._together.stand_still()
        await there.hub._together.stand_still()
        assert await here.store.arun(interviews.claim_evaluation, answers[0].id, here.fleet.owner)
        await here.dies()
        await until(lambda: not there.store.run(leases.with_a_living, interview.id))
        now = sa.update(service_processes).where(service_processes.c.owner == here.fleet.owner)
        there.store.run(lambda c: c.execute(now.values(seen_at=sa.func.now())))
        assert not await there.fleet.take(interview.id), "it may only have lost its connection"
        assert await there.fleet.take(other.id), "nothing of it is judged"
        judged = sa.select(evaluation_claims.c.attempt_id)
        assert there.store.run(lambda c: c.execute(judged).scalars().all()) == [answers[0].id]
        unseen = datetime.now(UTC) - timedelta(seconds=leases.DEAD_AFTER_S + 1)
        there.store.run(lambda c: c.execute(now.values(seen_at=unseen)))
        assert await there.fleet.take(interview.id)
        assert (await there.store.find_attempt(answers[0].id)).status == AttemptStatus.CAPTURED


async def test_a_deletion_anywhere_reaches_the_process_that_has_the_interview(postgres_url, tmp_path):
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        client = Client(await here.hub.open(begun))
        archive, folder = AudioArchive(str(tmp_path / "audio")), tmp_path / "journal"
        await asyncio.to_thread(removal.delete_interview, there.store, archive, begun, journal_dir=folder)
        await until(lambda: here.hub.find(begun) is None)
        assert client.conductor.listeners == 0
        assert there.store.run(lambda c: c.execute(sa.select(interview_leases)).all()) == []


async def test_a_cut_line_comes_back_and_nothing_is_lost(postgres_url, tmp_path):
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE '%service_processes%' "
        there.store.run(
            lambda c: c.execute(sa.text(ours + "AND pid <> pg_backend_pid() AND datname = current_database()"))
        )
        await until(lambda: there.store.run(leases.living) == {here.fleet.owner, there.fleet.owner})
        await here.hub._together.check_held()
        assert here.hub.find(begun) is not None


async def test_a_cut_line_gives_nothing_to_who_asks_meanwhile(postgres_url, tmp_path):
    """For a moment the process looks dead; who opens its interview elsewhere waits as long as it has to answer."""
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        client = Client(await here.hub.open(begun))
        ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE '%service_processes%' "
        there.store.run(
            lambda c: c.execute(sa.text(ours + "AND pid <> pg_backend_pid() AND datname = current_database()"))
        )
        with pytest.raises(OpenElsewhereError):
            await there.hub.open(begun)
        assert here.hub.find(begun) is client.conductor
        await client.start()
        await client.view(ViewState.LISTENING)


async def test_of_two_who_believe_to_have_an_interview_one_writes(postgres_url, tmp_path):
    """A process that hung goes on from memory before it looks around: nothing of it gets into what the other wrote."""
    async with two(postgres_url, tmp_path) as (here, there):
        begun = (await here.hub.init(InitRequest(q_count=1))).mock_interview_id
        stale = await here.hub.open(begun)
        await stale.send(cmd.StartInterview())
        await here.hub._together.stand_still()
        moved = sa.update(interview_leases).values(owner=there.fleet.owner)
        there.store.run(lambda c: c.execute(moved))
        fresh = await there.hub.open(begun)
        before = await there.store.load_interview(begun)
        attempt = next(iter(stale.board.attempts.values()), None) or make.attempt(next(iter(before.exchanges)))
        for write in (
            here.hub.parts.store.update_interview(before.interview.model_copy(update={"persona_id": "john"})),
            here.hub.parts.store.update_exchange(before.exchanges[0].model_copy(update={"question_text": "Mine?"})),
            here.hub.parts.store.add_attempt(attempt.model_copy(update={"attempt_number": 9})),
            here.hub.parts.store.keep_and_claim(attempt, owner=here.fleet.owner),
            here.hub.parts.store.complete_attempt(attempt, before.exchanges[0], []),
            here.hub.parts.store.store_token(begun, "hash", 4e9),
        ):
            with pytest.raises(TakenOverError):
                await write
        assert await there.store.load_interview(begun) == before
        await there.hub.parts.store.update_interview(fresh.board.interview)
        dead = sa.update(interview_leases).values(owner="a process that died, whose facts wait on its disk")
        there.store.run(lambda c: c.execute(dead))
        await here.hub.parts.store.update_interview(before.interview)


def test_a_long_notice_arrives_whole_in_parts():
    message = {"kind": "event", "text": "é" * 20_000}
    parts = [*notices._parts(message)]
    assert len(parts) > 10 and max(map(len, parts)) < 8_000
    joining = notices.Joining()
    assert [joining.message(part) for part in parts] == [None] * (len(parts) - 1) + [message]
    assert joining.message("no json") is None and joining.message("[]") is None


def test_work_is_done_by_one_at_a_time(sql_url):
    with SqlStore(sql_url) as one, SqlStore(sql_url) as other:
        with alone(one.database, "sweep") as mine:
            assert mine
            with alone(other.database, "sweep") as theirs:
                assert not theirs
            with alone(other.database, "budgets") as something_else:
                assert something_else
        with alone(other.database, "sweep") as later:
            assert later


def test_work_whose_connection_is_cut_ends_well_and_may_be_done_again(postgres_url):
    with SqlStore(postgres_url) as one, SqlStore(postgres_url) as other:
        cut = sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = :class")
        with alone(one.database, "sweep") as mine:
            assert mine
            other.run(lambda c: c.execute(cut, {"class": CLASS}).all())
        with alone(one.database, "sweep") as again:
            assert again


def test_who_serves_at_the_moment_is_not_moved_with_an_installation():
    assert not {"service_processes", "interview_leases"} & {table.name for table in transfer.in_order()}


async def test_two_processes_may_start_on_an_empty_database_at_once(empty_postgres_url):
    stores = [SqlStore(empty_postgres_url) for _ in range(3)]
    versions = await asyncio.gather(*(asyncio.to_thread(store.upgrade) for store in stores))
    assert len({after for _, after in versions}) == 1
    for store in stores:
        await store.aclose()
