"""What clients may send: counted while it comes, decoded when it is awaited, gone afterwards."""

import asyncio
import io
import os
import socket as sockets
import struct
import tempfile
import threading
import wave
from pathlib import Path

import httpx
import psutil
import pytest
import websockets
from limits import RateLimitItemPerMinute

from coach.audio import decode as decoding
from coach.contracts.brain import MAX_TYPED_CHARS
from coach.contracts.interview import ViewState
from coach.web import access, server_caps
from tests.conversation.driver import make_hub, slow, tone
from tests.conversation.serving import served
from tests.conversation.test_interview_web import Socket, Visitor, begin, connect, header

MB = 1 << 20


@pytest.fixture
async def server(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    server_caps.cap_server()
    async with served(make_hub(tmp_path)) as host, Visitor(base_url=f"http://{host}", timeout=60) as http:
        http.host = host
        yield http


async def listening(server):
    """An interview that awaits an answer: its way in and the attempt."""
    way = await begin(server)
    async with connect(way) as raw:
        client = Socket(raw)
        await client.send("START_INTERVIEW")
        speak = await client.wait("SPEAK")
        await client.send("SPEECH_DONE", task_id=speak["task_id"])
        state = await client.wait("SESSION_STATE", view_state=ViewState.LISTENING.value)
    return way, state["attempt_id"]


def descriptors():
    return psutil.Process().num_fds()


def wav(seconds=0.2):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(tone(seconds))
    return file.getvalue()


async def test_uploads_leave_no_descriptor_and_no_file(server, tmp_path):
    """What leaks once per upload shows after ten of these 60."""
    way, attempt = await listening(server)
    path = f"/attempts/{attempt}/recording"
    await server.post(path, headers=header(way), content=b"junk")
    before = descriptors()
    for number in range(60):
        files = {"file": ("a.wav", b"no sound" * 100)} if number % 2 else None
        content = None if files else b"junk" * 100
        sent = await server.post(path, headers=header(way), files=files, content=content)
        assert sent.status_code == 422
    assert descriptors() <= before + 2
    assert list((tmp_path / "temp").iterdir()) == []
    assert not [f for f in Path("/proc/self/fd").iterdir() if "upload-" in os.path.realpath(f)]
    assert (await server.post(path, headers=header(way), files={"file": wav()})).status_code == 202
    assert (await server.post(path, headers=header(way), files={"file": wav()})).status_code == 202
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.mark.parametrize("form", [False, True])
async def test_what_is_too_large_ends_while_it_streams(server, tmp_path, monkeypatch, form):
    monkeypatch.setattr(access, "MAX_UPLOAD_BYTES", 4 * MB)
    way, attempt = await listening(server)
    sent, most = 0, 0
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' if form else b""
    kind = {"Content-Type": "multipart/form-data; boundary=x"} if form else {}

    async def endless():
        nonlocal sent, most
        yield head
        while sent < 64 * MB:
            sent += MB
            most = max(most, sum(f.stat().st_size for f in (tmp_path / "temp").iterdir()))
            yield bytes(MB)
            await asyncio.sleep(0)

    try:
        refused = await server.post(
            f"/attempts/{attempt}/recording", headers={**header(way), **kind}, content=endless()
        )
        assert refused.status_code == 413 and refused.json()["error"]["code"] == "TOO_LARGE"
    except httpx.HTTPError:
        pass  # the server had closed before the client was through
    assert sent < 64 * MB and most <= 5 * MB
    assert list((tmp_path / "temp").iterdir()) == []


async def test_a_form_without_a_file_and_a_broken_one_are_told(server):
    way, attempt = await listening(server)
    path = f"/attempts/{attempt}/recording"
    assert (await server.post(path, headers=header(way), files={"other": b"x"})).status_code == 422
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 300):
        bad = await server.post(path, headers={**header(way), "Content-Type": kind}, content=b"--x\r\n\r\n")
        assert bad.status_code == 422
    many = b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(50))
    kind = "multipart/form-data; boundary=x"
    asked = await server.post(path, headers={**header(way), "Content-Type": kind}, content=many)
    assert asked.status_code == 422


async def test_nothing_is_decoded_before_an_answer_is_awaited_and_one_after_the_other(server, monkeypatch, tmp_path):
    busy, most, count = 0, 0, 0
    lock, real = threading.Lock(), decoding.read_recording

    def watched(path):
        nonlocal busy, most, count
        with lock:
            busy += 1
            count += 1
            most = max(most, busy)
        try:
            return real(path)
        finally:
            with lock:
                busy -= 1

    monkeypatch.setattr(decoding, "read_recording", watched)
    still_asking = make_hub(tmp_path / "asking", timing=slow(speech_grace_s=60))
    async with served(still_asking) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        early = await begin(http)
        asked = await http.post(f"/mock-interviews/{early['mock_interview_id']}/next-question", headers=header(early))
        other = next(iter((await still_asking.open(early["mock_interview_id"])).board.attempts), "none")
        path = f"/attempts/{asked.json()['attempt_id'] or other}/recording"
        refused = await http.post(path, headers=header(early), files={"file": wav()})
        assert refused.status_code in (404, 409) and count == 0
    ready = [await listening(server) for _ in range(4)]
    answers = await asyncio.gather(
        *(server.post(f"/attempts/{a}/recording", headers=header(w), files={"file": wav(5)}) for w, a in ready)
    )
    assert [a.status_code for a in answers] == [202] * 4 and count == 4 and most == 1
    w, a = ready[0]
    again = await server.post(f"/attempts/{a}/recording", headers=header(w), files={"file": wav(5)})
    assert again.status_code == 202 and count == 4


async def test_one_recording_per_interview_at_a_time(server, tmp_path):
    way, attempt = await listening(server)
    gate = asyncio.Event()

    async def slow():
        yield b"x"
        await gate.wait()
        yield b"y"

    path = f"/attempts/{attempt}/recording"
    first = asyncio.create_task(server.post(path, headers=header(way), content=slow()))
    while not list((tmp_path / "temp").iterdir()):  # noqa: ASYNC110 - the server tells it in no other way
        await asyncio.sleep(0.01)
    second = await server.post(path, headers=header(way), content=b"z")
    assert second.status_code == 429
    gate.set()
    assert (await first).status_code == 422


async def test_ten_unfinished_giants_take_no_memory(server):
    """A frame that says it has 150 MB, and a message in fragments that never ends: cut off at 256 kB."""
    way, _ = await listening(server)
    before = psutil.Process().memory_info().rss
    host, port = server.host.split(":")
    taken = [
        await asyncio.to_thread(throw_giant, host, int(port), way["auth_token"], fragments=bool(number % 2))
        for number in range(10)
    ]
    assert max(taken) < 40 * MB
    assert psutil.Process().memory_info().rss - before < 50 * MB


def throw_giant(host, port, token, *, fragments):
    """Sends up to 150 MB of one message; how much went before the server hung up."""
    with sockets.create_connection((host, port), timeout=10) as line:
        line.sendall(
            f"GET /ws/mock-interview?token={token} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n".encode()
        )
        assert b" 101 " in line.recv(4096)
        piece, sent = bytes(64 * 1024), 0
        try:
            if not fragments:
                line.sendall(struct.pack(">BBQI", 0x02, 0x80 | 127, 150 * MB, 0))
            while sent < 150 * MB:
                if fragments:
                    line.sendall(struct.pack(">BBQI", 0x02 if not sent else 0x00, 0x80 | 127, len(piece), 0))
                line.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        return sent


async def test_a_message_over_256_kB_ends_its_socket_alone(server):
    way, _ = await listening(server)
    async with connect(way) as raw, connect(way) as other:
        await raw.send("x" * (access.MAX_TEXT_FRAME_BYTES + 1))
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await raw.recv()
        assert raw.close_code == 1009
        assert (await Socket(other).wait("SESSION_STATE"))["view_state"] == "LISTENING"


async def test_sockets_per_token_are_few(server):
    way = await begin(server)
    lines = [await connect(way) for _ in range(access.SOCKETS_PER_TOKEN)]
    for line in lines:
        await Socket(line).wait("SESSION_STATE")
    async with connect(way) as more:
        assert (await Socket(more).wait("ERROR"))["code"] == "TOO_MANY_SOCKETS"
        await more.wait_closed()
        assert more.close_code == 4429
    await lines.pop().close()
    for line in lines:
        await line.close()


async def test_interviews_are_counted_per_client_and_for_all(server, monkeypatch):
    monkeypatch.setattr(access, "INITS_PER_CLIENT", RateLimitItemPerMinute(3))
    seen = [(await server.post("/mock-interviews/init", json={})).status_code for _ in range(5)]
    assert seen == [201] * 3 + [429] * 2
    again = await server.post("/mock-interviews/init", json={})
    assert again.headers["retry-after"] and again.json()["error"]["code"] == "RATE_LIMITED"


async def test_text_that_is_too_long_is_refused_with_its_length(server):
    way, attempt = await listening(server)
    long = "a " * 31_500
    refused = await server.post(f"/attempts/{attempt}/submit", headers=header(way), json={"transcript": long})
    assert refused.status_code == 422
    said = refused.json()["error"]["message"]
    assert "63,000" in said and f"{MAX_TYPED_CHARS:,}" in said and "a a" not in said
    async with connect(way) as raw:
        client = Socket(raw)
        await client.send("SUBMIT_TRANSCRIPT", attempt_id=attempt, text=long)
        error = await client.wait("ERROR")
        assert error["code"] == "BAD_MESSAGE" and "63,000" in error["message"]
        await client.send("SUBMIT_TRANSCRIPT", attempt_id=attempt, text="I cut the scope, so we shipped in May.")
        await client.wait("UPDATE_SCORES")
