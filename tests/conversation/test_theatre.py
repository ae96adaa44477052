"""Every scene of the fault theatre is rehearsed, through `bootstrap` over the loopback vendors, and what is kept is
looked at; one is played on the running workbench.
"""

import asyncio
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import websockets

from tests import forks
from tests.conversation.app_process import free_port
from tests.conversation.test_interview_web import Socket, begin, connect
from theatre.performance import Performance
from theatre.rehearsal import rehearse
from theatre.scene import scenes

ROOT = Path(__file__).resolve().parents[2]
SCENES = scenes()


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_keeps_what_it_says(name, tmp_path):
    kept = rehearse(SCENES[name], tmp_path)
    assert kept.misses(SCENES[name]) == []


@pytest.mark.slow
async def test_a_scene_is_played_on_the_running_workbench(tmp_path, monkeypatch):
    """Killed while somebody speaks: the same client finds the server again and has its answer judged."""
    monkeypatch.setattr("theatre.performance.subprocess", SimpleNamespace(Popen=forks.started))
    told: list[str] = []
    noise = random.Random(3).randbytes(6 * 32_000)
    performance = Performance(SCENES["13-killed-while-speaking"], tmp_path / "home", free_port(), told.append)
    async with performance.playing() as playing, httpx.AsyncClient(base_url=playing.url, timeout=60) as http:
        way = await begin(http, q_count=1)
        at = 0
        with suppress(websockets.ConnectionClosed):
            async with connect(way) as raw:
                client = Socket(raw)
                await client.send("START_INTERVIEW")
                await client.send("SPEECH_DONE", task_id=(await client.wait("SPEAK"))["task_id"])
                await client.wait("SESSION_STATE", view_state="LISTENING")
                for at in range(0, len(noise), 640):
                    await raw.send(noise[at : at + 640])
                    await asyncio.sleep(0.02)
        async with asyncio.timeout(90):
            while "→ the server runs again" not in told:  # noqa: ASYNC110 - the performance only says it
                await asyncio.sleep(0.1)
        async with connect(way) as raw:
            client = Socket(raw)
            state = await client.wait("SESSION_STATE", view_state="LISTENING")
            assert state["recoverable_s"] > 2.5
            question, attempt = state["current_question"]["id"], state["attempt_id"]
            await client.send("FINISH_ANSWER", question_id=question, attempt_id=attempt, timestamp_ms=1)
            rewrite = await client.wait("UPDATE_REWRITE")
    assert told[:2] == ["the transcriber hears an answer", "→ the server is killed"] and at < len(noise) - 640
    assert "last winter our returns desk" in rewrite["transcript"]


def test_scenes_are_listed_and_unknown_ones_are_told():
    listed = subprocess.run([sys.executable, "-m", "theatre"], cwd=ROOT, capture_output=True, text=True)
    assert listed.returncode == 0 and all(name in listed.stdout for name in SCENES)
    unknown = subprocess.run([sys.executable, "-m", "theatre", "nope"], cwd=ROOT, capture_output=True, text=True)
    assert unknown.returncode == 2 and "01-all-well" in unknown.stderr
