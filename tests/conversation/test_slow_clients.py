"""Slow loris: requests that come a byte at a time hold nobody up and are ended; honest slowness is not."""

import asyncio
import contextlib
import time

import httpx
import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from coach.web import server_caps, slow_clients
from tests.conversation.driver import make_hub
from tests.conversation.serving import running, served
from tests.conversation.test_interview_web import Socket, begin, connect

HEAD = b"POST /mock-interviews/init HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = HEAD + b"Content-Length: 5000\r\n\r\n"
CLIENTS = 200


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    server_caps.cap_server()
    monkeypatch.setattr(slow_clients, "HEAD_WITHIN_S", 1.0)
    monkeypatch.setattr(slow_clients, "BODY_GRACE_S", 1.0)
    monkeypatch.setattr(slow_clients, "LOOK_EVERY_S", 0.1)


async def dribble(host, first, then, every_s=0.02):
    """Sends `first`, then `then` byte by byte for ever; what the server said before it hung up.

    Nothing where a byte crossed the server's hanging up: its reset takes the answer back out of the client's buffer.
    """
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    answer = asyncio.create_task(reader.read())
    writer.write(first)
    with contextlib.suppress(ConnectionError):
        for byte in then:
            if answer.done():
                break
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every_s)
    with contextlib.suppress(ConnectionError):
        said = await answer
        writer.close()
        return said
    return b""


@pytest.mark.parametrize(("first", "then"), [(b"", HEAD + b"X-Slow: " + b"a" * 5000), (BODY, b" " * 4999)])
async def test_requests_that_come_byte_by_byte_keep_nobody_out(tmp_path, caplog, first, then):
    async with served(make_hub(tmp_path)) as host, httpx.AsyncClient(base_url=f"http://{host}", timeout=20) as http:
        await begin(http)
        before = psutil.Process().num_fds()
        slow = [asyncio.create_task(dribble(host, first, then, 0.2)) for _ in range(CLIENTS)]
        while len(slow_clients._unfinished) < slow_clients.UNFINISHED_PER_ADDRESS:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        took = []
        for _ in range(10):
            begun = time.perf_counter()
            assert (await http.post("/mock-interviews/init", json={})).status_code == 201
            took.append(time.perf_counter() - begun)
        async with asyncio.timeout(20):
            said = await asyncio.gather(*slow)
        assert sorted(took)[5] < 0.5, took
        assert len(slow_clients._unfinished) == 0
        assert all(answer.startswith(b"HTTP/1.1 408") for answer in said if answer) and any(said)
        assert "Traceback" not in caplog.text, "who hung up is no error of ours"
        async with asyncio.timeout(5):
            while psutil.Process().num_fds() > before:  # noqa: ASYNC110 - closing takes the loop a few rounds
                await asyncio.sleep(0.02)


async def test_of_too_many_of_one_address_the_oldest_give_way(tmp_path, monkeypatch):
    monkeypatch.setattr(slow_clients, "UNFINISHED_PER_ADDRESS", 4)
    monkeypatch.setattr(slow_clients, "HEAD_WITHIN_S", 30.0)
    async with served(make_hub(tmp_path)) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        ends = [asyncio.create_task(dribble(host, b"", b"GET ")) for _ in range(8)]
        async with asyncio.timeout(10):
            await asyncio.wait(ends[:1])
        assert (await http.post("/mock-interviews/init", json={})).status_code == 201
        assert ends[0].done() and not ends[7].done() and len(slow_clients._unfinished) <= 4
        for task in ends:
            task.cancel()


@pytest.mark.parametrize("protocol", ["httptools", "h11"])
async def test_a_head_without_end_is_refused(protocol):
    async with running(Starlette(), protocol) as host:
        said = await dribble(host, HEAD + b"X-Long: " + b"a" * 70_000, b"", 0)
    assert said.split()[1] in (b"431", b"400"), said[:60]


@pytest.mark.parametrize("protocol", ["httptools", "h11"])
async def test_honest_slowness_and_an_idle_line_are_left_alone(protocol):
    seen = []

    async def count(request):
        try:
            seen.append(len(await request.body()))
        except ClientDisconnect:
            seen.append(-1)
        return PlainTextResponse("thank you")

    async def pieces():
        for _ in range(25):
            yield b"x" * 200
            await asyncio.sleep(0.1)

    async with (
        running(Starlette(routes=[Route("/", count, methods=["POST"])]), protocol) as host,
        httpx.AsyncClient(base_url=f"http://{host}", timeout=20) as http,
    ):
        assert (await http.post("/", content=pieces())).text == "thank you"
        assert (await http.post("/", content=b"again, on the same line")).text == "thank you"
        slow = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n"
        said = await dribble(host, slow, b"a" * 900, 0.2)
    assert not said or said.startswith(b"HTTP/1.1 408")
    assert seen == [5000, 23, -1]


async def test_a_second_request_on_a_line_has_to_come_too(tmp_path):
    async with served(make_hub(tmp_path)) as host:
        first = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        begun = time.monotonic()
        said = await dribble(host, first, HEAD + b"a" * 500, 0.1)
    assert not said or (said.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 408" in said)
    assert time.monotonic() - begun < 10


async def test_a_quiet_socket_stays_open(tmp_path):
    async with served(make_hub(tmp_path)) as host, httpx.AsyncClient(base_url=f"http://{host}") as http:
        way = await begin(http, q_count=1)
        async with connect(way) as raw:
            client = Socket(raw)
            await client.wait("SESSION_STATE")
            await asyncio.sleep(1.5)
            await client.send("START_INTERVIEW")
            await client.wait("SPEAK")
        assert len(slow_clients._unfinished) <= 1
