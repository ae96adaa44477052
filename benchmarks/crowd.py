"""Many at once in one process: 50 people speaking while 20 browsers use live pages; 200 idle and 20 speaking.

The delay of a 20 ms frame is from the client's send to the transcriber's stream, through the socket, the recording on
disk and everything else the process does; voice activity runs for every speaker. A browser session is Streamlit's own
protocol: its page is run anew every 10 s (live parts go over the interview socket). The reference of the same run is
the same crowd of speakers without pages.
"""

import asyncio
import os
import tempfile
import time
from typing import Any

import httpx
import uvloop
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks._playing import process, table

SECONDS = float(os.environ.get("CROWD_SECONDS", "15"))
FRAME_S, SOUND = 0.02, bytes(632)
PAGES = ("practice",)
RUN_EVERY_S = 10.0


async def connect(url: str, http: httpx.AsyncClient) -> Any:
    """A begun interview with its socket."""
    way = (await http.post(f"{url}/mock-interviews/init", json={"q_count": 1})).raise_for_status().json()
    return await websockets.connect(f"{way['ws_url']}?token={way['auth_token']}", max_size=None)


async def listening(socket: Any) -> None:
    """Has the question asked and waits for the microphone."""
    await socket.send('{"type": "START_INTERVIEW", "payload": {"audio": "socket"}}')
    async for frame in socket:
        if '"SPEAK"' in frame[:20]:
            task = frame.split('"task_id":"')[1].split('"')[0]
            await socket.send(f'{{"type": "SPEECH_DONE", "payload": {{"task_id": "{task}"}}}}')
        if '"view_state":"LISTENING"' in frame:
            return


async def speak(socket: Any, begin: float, until: float) -> None:
    """Frames at the pace of a microphone."""

    async def read() -> None:
        async for _ in socket:
            pass

    reader, due = asyncio.create_task(read()), begin
    while time.monotonic() < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await socket.send(time.monotonic_ns().to_bytes(8, "little") + SOUND)
        due += FRAME_S
    reader.cancel()


async def browse(url: str, page: str, begin: float, until: float) -> int:
    """A browser's session: runs its page every 2 s; how often."""
    runs = 0
    async with websockets.connect(f"{url.replace('http', 'ws')}/_stcore/stream", max_size=None) as socket:

        async def read() -> None:
            async for _ in socket:
                pass

        reader = asyncio.create_task(read())
        await asyncio.sleep(max(0.0, begin - time.monotonic()))
        while time.monotonic() < until:
            message = BackMsg()
            message.rerun_script.page_name = page
            await socket.send(message.SerializeToString())
            runs += 1
            await asyncio.sleep(RUN_EVERY_S)
        reader.cancel()
    return runs


async def crowd(url: str, speaking: int, browsing: int, idle: int) -> dict[str, Any]:
    """One measurement."""
    async with httpx.AsyncClient(timeout=60) as http:
        base_mb = (await http.get(f"{url}/figures")).json()["rss_mb"]
        sockets = [await connect(url, http) for _ in range(speaking + idle)]
        for socket in sockets[:speaking]:
            await listening(socket)
        begin = time.monotonic() + 1
        measured = begin + 3
        until = measured + SECONDS
        work = [speak(s, begin + n * FRAME_S / max(1, speaking), until) for n, s in enumerate(sockets[:speaking])]
        pages = [browse(url, PAGES[n % len(PAGES)], begin + n * RUN_EVERY_S / browsing, until) for n in range(browsing)]
        running = asyncio.gather(*work, *pages)
        await asyncio.sleep(measured - time.monotonic())
        await http.post(f"{url}/measure")
        await asyncio.sleep(until - time.monotonic())
        figures = (await http.get(f"{url}/figures")).json()
        await running
        for socket in sockets:
            await socket.close()
    return {**figures, "base_mb": base_mb}


def main() -> None:
    """Prints the table."""
    rows = []
    for name, speaking, browsing, idle in (
        ("50 speaking + 20 browsers", 50, 20, 0),
        ("50 speaking (reference)", 50, 0, 0),
        ("20 speaking + 200 idle", 20, 0, 200),
    ):
        with tempfile.TemporaryDirectory() as home, process("benchmarks._crowd_server", home) as url:
            got = uvloop.run(crowd(url, speaking, browsing, idle))
        people = speaking + browsing + idle
        rows.append(
            [
                name,
                got["frames"],
                *got["delays"],
                f"{got['cpu_s'] / got['wall_s']:.2f}",
                f"{got['rss_mb']:.0f}",
                f"{(got['rss_mb'] - got['base_mb']) / people:.2f}",
            ]
        )
        print(rows[-1], flush=True)
    print(f"\n## Many at once in one process (load average {os.getloadavg()[0]:.1f})\n")
    table(["crowd", "frames", "p50 ms", "p99 ms", "max ms", "cores", "RSS MB", "MB per person"], rows)


if __name__ == "__main__":
    main()
