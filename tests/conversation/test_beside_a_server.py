"""Short form of `benchmarks pairings`: commands beside a loaded server lose nothing that was acknowledged; what a
command deletes, the server forgets.
"""

import asyncio
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import websockets

from benchmarks import _playing, pairings
from benchmarks._playing import process
from coach.interview import idle
from tests import forks
from tests.conversation.app_process import application
from tests.conversation.driver import listening, make_hub
from tests.conversation.test_interview_web import connect, header
from tests.conversation.test_service_watched import answered
from tests.fakes.store import FakeStore

PAUSE_S = 0.05
"""Between two interviews that are begun: the commands shall have some of the processor."""


@pytest.fixture
def forking(monkeypatch):
    """What the benchmark starts begins as a fork."""
    instead = SimpleNamespace(PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL, Popen=forks.started)
    for module in (pairings, _playing):
        monkeypatch.setattr(module, "subprocess", instead)


@pytest.mark.slow
def test_commands_beside_a_loaded_server_lose_nothing(forking):
    facts = pairings.Facts()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        pairings.coach(home, "db", "upgrade")
        with process("benchmarks._pairing_server", home) as url, pairings.loaded(url, facts, PAUSE_S):
            pairings.practise(home, facts)
            doors = [path.name for path in home.glob("coach.duckdb.door-*")]
            for words in (("retention", "sweep"), ("db", "backup")):
                pairings.command(*words, "--json")(home, facts)
            pairings.delete(home, facts)
        there, sound = pairings.look(home)
    assert len(doors) == 1, "the server opened its door"
    assert facts.refused == []
    assert len(facts.kept) > 2, "both sides got something acknowledged"
    assert facts.kept - there == set()
    assert facts.gone & there == set()
    assert len(facts.gone) == 1
    assert sound == "sound"
    assert list(Path(folder).glob("*")) == []


async def test_what_a_command_deletes_the_server_forgets(tmp_path, forking):
    """While the server has the file in hand, and when it has let it go and only remembers."""
    with application(tmp_path) as app:
        async with httpx.AsyncClient(base_url=app.url, timeout=60) as http:
            for rest_s in (0.0, 1.5):
                way, attempt = await answered(http)
                line = await connect(way)
                await asyncio.sleep(rest_s)
                command = (app.home, "interview", "delete", way["mock_interview_id"], "--json")
                status, _, errors, _ = await asyncio.to_thread(pairings.coach, *command)
                assert status == 0, errors
                async with asyncio.timeout(5):
                    with pytest.raises(websockets.ConnectionClosed):
                        while True:
                            await line.recv()
                assert (await http.get(f"/attempts/{attempt}/audio", headers=header(way))).status_code == 401
                assert "coach_interviews_open 0.0" in (await http.get("/metrics")).text


async def test_a_deletion_nobody_told_of_is_noticed(tmp_path, monkeypatch):
    """On a database server there is no door: the interview's rows are looked for every minute."""
    monkeypatch.setattr(idle, "SWEEP_EVERY_S", 0.02)
    store = FakeStore()
    hub = make_hub(tmp_path, store=store)
    await hub.start()
    client, other = await listening(hub), await listening(hub)
    del store.interviews[client.conductor.id]
    async with asyncio.timeout(5):
        while hub.find(client.conductor.id) or client.conductor.listeners:  # noqa: ASYNC110 - the sweep tells nobody
            await asyncio.sleep(0.01)
    assert hub.find(other.conductor.id) is other.conductor
    await hub.close()
