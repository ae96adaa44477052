"""Health, readiness, figures, the log without anybody's words, and a stop within ten seconds that loses nothing."""

import asyncio
import json
import signal
import time

import httpx
import pytest
import websockets

from coach.errors import StoreError
from coach.web.watch.figures import Figures
from coach.web.watch.health import Check, health_routes, room_for_recordings, trouble_of
from tests.conversation.app_process import application
from tests.conversation.test_interview_web import Socket, begin, connect, header

CANARY = "kanarienvogel"
ANSWER = f"My {CANARY} project was six weeks late. I cut the scope, so we shipped four days early."


async def answered(http, text=ANSWER, *, wait=True):
    """An interview of one question, answered in writing; (way in, attempt)."""
    way = await begin(http, q_count=1)
    async with connect(way) as raw:
        client = Socket(raw)
        await client.send("START_INTERVIEW")
        speak = await client.wait("SPEAK")
        await client.send("SPEECH_DONE", task_id=speak["task_id"])
        state = await client.wait("SESSION_STATE", view_state="LISTENING")
        sent = await http.post(
            f"/attempts/{state['attempt_id']}/submit", headers=header(way), json={"transcript": text}
        )
        assert sent.status_code == 202
        if wait:
            await client.wait("UPDATE_REWRITE")
    return way, state["attempt_id"]


def stop(app):
    begun = time.monotonic()
    app.process.send_signal(signal.SIGTERM)
    app.process.wait(20)
    return time.monotonic() - begun


async def test_health_figures_and_a_log_without_words(tmp_path):
    nobody = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "COACH_BRAIN": "offline"}
    with application(tmp_path, COACH_LOG="json", **nobody) as app:
        async with httpx.AsyncClient(base_url=app.url, timeout=60) as http:
            assert (await http.get("/healthz")).json() == {"status": "ok"}
            ready = await http.get("/readyz")
            assert ready.status_code == 200 and set(ready.json()["checks"].values()) == {"ok"}, ready.text
            async with asyncio.timeout(20):
                while not (told := (await http.get("/readyz")).json()["providers"]):  # noqa: ASYNC110 - only looked at
                    await asyncio.sleep(0.1)
            assert "not reachable" in told["openai"], "told, and no reason not to be ready"
            way, attempt = await answered(http)
            await http.post(f"/attempts/{attempt}/submit", headers=header(way), json={"transcript": CANARY * 9000})
            await http.post(f"/attempts/{CANARY}/submit", headers=header(way), content=f'{{"{CANARY}": [')
            await http.post(f"/attempts/{attempt}/recording", headers=header(way), content=CANARY.encode() * 10)
            async with connect(way) as raw:
                await Socket(raw).send(CANARY, text=CANARY)
                await raw.send(CANARY)
                await Socket(raw).wait("ERROR")
            async with asyncio.timeout(20):
                text = ""
                while 'coach_answers_total{brain="offline"' not in text:
                    text = (await http.get("/metrics")).text
        assert 'coach_http_requests_total{route="/attempts/{id}/submit",status="202"} 1.0' in text
        assert 'coach_http_requests_total{route="/attempts/{id}/submit",status="422"}' in text
        for name in (
            "coach_interviews_open 1.0",
            "coach_disk_free_bytes",
            "coach_outbox_open 0.0",
            "coach_stopping 0.0",
            "coach_provider_openai_up 0.0",
            "coach_loop_lag_seconds_count",
            "process_open_fds",
            'coach_answer_stage_seconds_count{kind="ours"',
        ):
            assert name in text, name
        assert way["mock_interview_id"] not in text and attempt not in text
        assert stop(app) < 10
        log = app.log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    told = [line["message"] for line in lines]
    assert "the service starts" in told and "the service stops" in told
    assert any(line.get("attempt_id") == attempt and "judged by offline" in line["message"] for line in lines)
    assert any(line.get("interview_id") == way["mock_interview_id"] for line in lines)
    assert all(line["level"] and line["at"] and line["name"] for line in lines)
    assert any(line.get("request_id") for line in lines)
    for secret in (CANARY, "six weeks", way["auth_token"]):
        assert secret not in log, [line for line in log.splitlines() if secret in line][:3]


async def test_a_stop_begins_nothing_loses_nothing_and_ends_in_time(tmp_path):
    with application(tmp_path) as app:
        async with httpx.AsyncClient(base_url=app.url, timeout=60) as http:
            way, attempt = await answered(http, "I led it. " * 1900, wait=False)
            line = await connect(way)
            took = await asyncio.to_thread(stop, app)
            assert took < 10 and app.process.returncode in (0, -signal.SIGTERM)
            with pytest.raises(websockets.ConnectionClosed):
                while True:
                    await line.recv()
            with pytest.raises(httpx.HTTPError):
                await http.post("/mock-interviews/init", json={})
    with application(tmp_path) as again:
        async with httpx.AsyncClient(base_url=again.url, timeout=60) as http:
            state = await http.get(f"/mock-interviews/{way['mock_interview_id']}", headers=header(way))
            assert state.status_code == 200 and state.json()["attempt_id"] == attempt
            assert state.json()["view_state"] in ("PROCESSING", "FEEDBACK"), state.json()


async def test_what_is_missing_is_named_and_not_ready():
    async def fine():
        pass

    async def broken():
        raise StoreError("The database is held by another process.", mend="Close it.")

    async def slow():
        await asyncio.sleep(60)

    from coach.web.watch import health

    assert await trouble_of(Check("a", fine)) == ""
    assert "Close it." in await trouble_of(Check("a", broken))
    health.LIMIT_S, before = 0.05, health.LIMIT_S
    try:
        assert "does not answer" in await trouble_of(Check("a", slow))
    finally:
        health.LIMIT_S = before
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    app = Starlette(routes=health_routes(Figures(), [Check("database", broken), Check("b", fine)], dict))
    answer = TestClient(app).get("/readyz")
    assert answer.status_code == 503 and answer.json()["checks"]["b"] == "ok"
    assert "another process" in answer.json()["checks"]["database"]


def test_a_folder_that_cannot_be_written_is_not_ready(tmp_path):
    room_for_recordings(tmp_path / "new")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(OSError):
        room_for_recordings(file / "below")
