"""An interview changes hands, or is put away, at the very moment something else happens to it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from coach.audio.archive import AudioArchive
from coach.audio.manifest import Manifest
from coach.audio.shared_journal import SharedJournals
from coach.contracts.interview import ViewState
from coach.errors import StoreBusyError
from coach.interview import elsewhere, together
from coach.interview.service import InitRequest, InterviewService
from tests.conversation.driver import Client, begin, listening, make_hub
from tests.fakes.fleet import FleetServer, MemoryFleet
from tests.fakes.store import FakeStore


class Clock:
    at = 100.0

    def __call__(self) -> float:
        self.at += 0.001
        return self.at


def process(server: FleetServer, home: Path, store: FakeStore, **changes: Any) -> InterviewService:
    """One process of several, with a home of its own."""
    fleet = changes.pop("fleet", None) or MemoryFleet(server)
    return make_hub(home, store=store, fleet=fleet, **changes)


async def slowly_closed(conductor: Any) -> tuple[asyncio.Event, asyncio.Event]:
    """Makes closing wait: (it has begun, it may end)."""
    begun, go, close = asyncio.Event(), asyncio.Event(), conductor.close

    async def waiting(*parting: Any) -> None:
        begun.set()
        await go.wait()
        await close(*parting)

    conductor.close = waiting
    return begun, go


async def test_an_interview_that_is_opened_while_it_is_put_away_stays_with_this_process(tmp_path):
    server, store, clock = FleetServer(), FakeStore(), Clock()
    hub = process(server, tmp_path, store, monotonic=clock)
    client = await begin(hub)
    await client.leave()
    begun, go = await slowly_closed(client.conductor)
    await hub.idle.let_go_of_idle()
    clock.at += 1000
    sweeping = asyncio.create_task(hub.idle.let_go_of_idle())
    await begun.wait()
    opening = asyncio.create_task(hub.open(client.conductor.id))
    await asyncio.sleep(0)
    go.set()
    opened = await opening
    await sweeping
    assert hub.find(opened.id) is opened
    assert server.holders == {opened.id: hub.parts.owner}
    await hub.close()


async def test_who_comes_while_the_idle_are_let_go_is_left_alone_and_the_sweep_goes_on(tmp_path):
    clock = Clock()
    hub = make_hub(tmp_path, monotonic=clock)
    first, second, third = [await begin(hub) for _ in range(3)]
    for client in (first, second, third):
        await client.leave()
    begun, go = await slowly_closed(first.conductor)
    await hub.idle.let_go_of_idle()
    clock.at += 1000
    sweeping = asyncio.create_task(hub.idle.let_go_of_idle())
    await begun.wait()
    back = Client(await hub.open(second.conductor.id))
    del hub._conductors[third.conductor.id]  # somebody else was quicker
    go.set()
    await sweeping
    assert hub.find(second.conductor.id) is back.conductor
    await back.start()
    await back.listen()
    await hub.close()


async def test_an_interview_that_its_watcher_never_took_up_can_be_had_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "AGAIN_S", 0.01)
    monkeypatch.setattr(elsewhere, "ASK_S", 0.5)
    server, store = FleetServer(), FakeStore()
    here, there = [process(server, tmp_path / name, store) for name in ("here", "there")]
    for hub in (here, there):
        await hub.start()
    client = await begin(here)
    token = await here.token(client.conductor.id)
    watching = there.watch(client.conductor.id)
    assert "SESSION_STATE" in await anext(watching)
    await client.leave()
    assert [text async for text in watching if "ERROR" in text] == [], "it is free, and now with the other process"
    assert server.holders == {client.conductor.id: there.parts.owner}
    again = await here.open(client.conductor.id)  # whoever watched has closed the window
    assert server.holders == {again.id: here.parts.owner}
    assert await here.token(again.id) == token
    for hub in (here, there):
        await hub.close()


async def test_a_token_that_another_process_replaced_is_not_given_again(tmp_path):
    server, store = FleetServer(), FakeStore()
    here, there = [process(server, tmp_path / name, store) for name in ("here", "there")]
    for hub in (here, there):
        await hub.start()
    begun = await here.init(InitRequest(q_count=1))
    assert await here.token(begun.mock_interview_id) == begun.auth_token
    await there.resume(begun.mock_interview_id)
    back = await here.resume(begun.mock_interview_id)
    assert await here.check(back.auth_token) == begun.mock_interview_id
    for hub in (here, there):
        await hub.close()


async def test_an_interview_that_could_not_be_read_is_nobodys(tmp_path):
    server, store = FleetServer(), FakeStore()
    here, there = [process(server, tmp_path / name, store) for name in ("here", "there")]
    begun = (await here.init(InitRequest(q_count=1))).mock_interview_id
    await here.close()
    load, store.load_interview = store.load_interview, busy  # type: ignore[method-assign]
    with pytest.raises(StoreBusyError):
        await there.open(begun)
    store.load_interview = load  # type: ignore[method-assign]
    assert server.holders == {}
    await there.close()


async def busy(interview_id: str) -> None:
    raise StoreBusyError("The database is busy.")


async def test_a_process_that_cannot_reach_the_others_at_its_start_joins_them_later(tmp_path, monkeypatch):
    monkeypatch.setattr(together, "LOOK_AROUND_EVERY_S", 0.01)
    fleet = MemoryFleet(FleetServer(), away=2)
    hub = process(FleetServer(), tmp_path, FakeStore(), fleet=fleet)
    await hub.start()
    assert not fleet.entered.is_set()
    await asyncio.wait_for(fleet.entered.wait(), 5)
    await hub.close()


async def test_who_lost_an_interview_does_not_write_over_what_the_other_process_recorded(tmp_path):
    server, store, bucket = FleetServer(), FakeStore(), AudioArchive(str(tmp_path / "bucket"))
    hub = process(server, tmp_path / "here", store, journals=SharedJournals(bucket))
    client = await listening(hub)
    attempt = client.state.attempt_id or ""
    await client.speak(1.0)
    journal: Any = client.conductor._listening.capture.journal
    journal.ship()
    await client.speak(0.2)
    server.holders[client.conductor.id] = "another"
    other = SharedJournals(bucket).create(tmp_path / "there", attempt)
    other.append(bytes(3 * 32_000))
    other.ship()
    await hub._together.check_held()
    assert hub.find(client.conductor.id) is None
    assert Manifest.read(bucket, attempt).size == 4 * 32_000
    await hub.close()


async def test_a_recording_in_progress_goes_with_its_deleted_interview(tmp_path):
    bucket = AudioArchive(str(tmp_path / "bucket"))
    hub = make_hub(tmp_path, journals=SharedJournals(bucket))
    client = await listening(hub)
    await client.speak(0.5)
    assert client.state.view_state == ViewState.LISTENING
    await hub.let_go(client.conductor.id)
    assert not bucket.in_progress()
    assert not [path for path in (tmp_path / "journal").iterdir() if client.state.attempt_id in path.name]
    await hub.close()
