"""Faults of the surroundings in the middle of an interview: the clock jumps, the home becomes read-only, the database
server is restarted. What the person sees, and what is kept.
"""

import asyncio
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coach.audio.archive import AudioArchive
from coach.contracts.interview import AttemptStatus, InterviewStatus, ViewState
from coach.interview import store_and_forward as spool
from coach.interview.store_and_forward import SPOOL
from coach.store import SqlStore, open_store
from coach.store.maintenance.retention import RetentionPolicy, sweep
from tests import forks
from tests.conversation.driver import Client, listening, make_hub
from tests.fakes.postgres import running_postgres

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
JUMPS = [timedelta(hours=25), timedelta(hours=-25), timedelta(days=3650), timedelta(days=-3650)]


class Clock:
    """A wall clock that is set by hand; each look at it takes a second."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def wall(self) -> float:
        return self.now().timestamp()


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_a_clock_that_jumps_in_an_answer_changes_nothing_about_it(tmp_path, jump):
    clock = Clock()
    url = f"duckdb:///{tmp_path / 'coach.duckdb'}"
    parts: dict[str, Any] = {"clock": clock.now, "wall": clock.wall}
    with open_store(url) as store:
        hub = make_hub(tmp_path, store=store, **parts)
        client = await listening(hub)
        token = await hub.token(client.conductor.id)
        await client.speak()
        clock.at += jump
        await client.answer()
        await client.view(ViewState.FEEDBACK)
        if jump > timedelta(0):
            swept = await asyncio.to_thread(
                sweep, store, AudioArchive(str(tmp_path / "audio")), now=clock.at + timedelta(days=2), policy=POLICY
            )
            assert swept.abandoned == 1, "the sweep cannot know that somebody is there"
        await client.retry()
        await client.listen()
        clock.at -= jump
        await client.answer()
        snapshot = await store.load_interview(client.conductor.id)
        assert snapshot.interview.status == InterviewStatus.IN_PROGRESS
        assert [(a.attempt_number, a.status) for a in snapshot.attempts] == [
            (1, AttemptStatus.EVALUATED),
            (2, AttemptStatus.EVALUATED),
        ]
        for attempt in snapshot.attempts:
            marks = attempt.timeline.values()
            assert min(marks) == 0 and max(marks) < 60_000, "the waterfall has a clock of its own"
            assert 0.3 < attempt.duration_seconds < 1.5
        clock.at += jump
        fresh = (await hub.resume(client.conductor.id)).auth_token
        assert await hub.check(fresh) == client.conductor.id
        assert fresh != token or await hub.check(token) == client.conductor.id
        await hub.close()
        again = make_hub(tmp_path, store=store, **parts)
        await again.start()
        back = Client(await again.open(client.conductor.id))
        assert back.state.view_state == ViewState.FEEDBACK and back.state.attempt_number == 2
        assert (await again.finish(client.conductor.id)).status == InterviewStatus.COMPLETED
        await again.close()


POLICY = RetentionPolicy(audio_days=30, text_months=12)


async def test_a_token_made_while_the_clock_ran_ahead_does_not_live_for_years(tmp_path):
    clock = Clock()
    hub = make_hub(tmp_path, wall=clock.wall)
    client = await listening(hub)
    clock.at += timedelta(days=3650)
    ahead = await hub.token(client.conductor.id)
    assert await hub.check(ahead) == client.conductor.id
    clock.at -= timedelta(days=3650)
    assert await hub.check(ahead) is None
    assert await hub.check(await hub.token(client.conductor.id)) == client.conductor.id
    await hub.close()


READ_ONLY = """
import asyncio, os, sys
from pathlib import Path
from coach.contracts.interview import ViewState
from coach.store import SqlStore
from tests.conversation.driver import listening, make_hub

def writable(home, yes):
    for folder in (home / "journal", home / "audio", home):
        folder.chmod(0o755 if yes else 0o555)
    (home / "coach.duckdb").chmod(0o600 if yes else 0o444)

async def answer(client):
    await client.listen()
    await client.answer()
    await client.view(ViewState.FEEDBACK)

async def interview(home, between):
    store = SqlStore(f"duckdb:///{home / 'coach.duckdb'}", lock_wait_s=0.2)
    hub = make_hub(home, store=store)
    client = await listening(hub)
    await client.answer()
    await client.view(ViewState.FEEDBACK)
    await asyncio.to_thread(store.release)
    await between(home, client)
    await client.retry()
    await answer(client)
    await hub.close()
    snapshot = await store.load_interview(client.conductor.id)
    print("kept", *[f"{a.status.value}:{bool(a.audio_uri)}" for a in snapshot.attempts])
    store.close()

async def nothing(home, client):
    return

async def becomes_read_only(home, client):
    writable(home, False)
    try:
        await client.retry()
    except Exception as error:
        print("told", type(error).__name__, str(error).replace("\\n", "NEWLINE"))
    print("view", client.state.view_state.value, len(client.conductor.board.attempts))
    writable(home, True)

asyncio.run(interview(Path(sys.argv[1]), nothing))  # imports everything while it may read everything
if os.geteuid() == 0:
    os.seteuid(65534)
asyncio.run(interview(Path(sys.argv[2]), becomes_read_only))
"""


@pytest.fixture
def open_folder():
    """A folder another user may enter; those of pytest are closed by every further pytest of this user."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_home_that_becomes_read_only_is_told_and_the_interview_goes_on_afterwards(open_folder):
    first, home = open_folder / "first", open_folder / "home"
    for folder in (first, home):
        for part in (folder, folder / "journal", folder / "audio"):
            part.mkdir()
            if os.geteuid() == 0 and folder is home:
                os.chown(part, 65534, 65534)
    done = forks.run(["-c", READ_ONLY, str(first), str(home)], cwd=ROOT, timeout=60)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["kept", "told", "view", "kept"], done.stdout + done.stderr[-3000:]
    assert "StoreError" in lines[1] and "NEWLINE" not in lines[1], lines
    assert lines[2] == "view FEEDBACK 1", "the feedback stays where it was"
    assert lines[0] == lines[3] == "kept evaluated:True evaluated:True"


async def test_a_database_server_that_is_restarted_in_an_interview_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(spool, "REPLAY_EVERY_S", 0.1)
    with running_postgres() as server, SqlStore(server.url) as store:
        hub = make_hub(tmp_path, store=store)
        client = await listening(hub)
        await asyncio.to_thread(server.stop)
        scores = await client.answer()
        await client.view(ViewState.FEEDBACK)
        assert [n.payload.code for n in client.of("NOTICE")] == ["STORE_BUSY"]
        assert (tmp_path / "journal" / SPOOL).exists()
        await asyncio.to_thread(server.start)
        while (await client.wait("NOTICE", 20)).payload.code != "STORE_BACK":
            pass
        await client.next()
        await client.listen()
        await client.answer()
        await hub.close()
        snapshot = await store.load_interview(client.conductor.id)
    assert [a.status for a in snapshot.attempts] == [AttemptStatus.EVALUATED] * 2
    assert scores.payload.attempt_id in {a.id for a in snapshot.attempts}
    assert not (tmp_path / "journal" / SPOOL).exists()
