"""A scene on the running workbench: the real application in a process of its own, the vendors and the faults here."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from tests.fakes.deepgram_server import KEY
from theatre.scene import Event, Moment, Scene
from theatre.stagehands import Holder
from theatre.vendors import Vendors

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
UP_WITHIN_S = 90.0
BACK_AFTER_S = 15.0
"""Vendors that come back do so this long after they first failed."""
SAID: dict[Moment, str] = {
    "hearing": "the transcriber hears an answer",
    "judging": "the model is asked for an evaluation",
    "failing": "a vendor fails",
}


class Performance:
    """One scene being played."""

    def __init__(self, scene: Scene, home: Path, port: int, say: Callable[[str], None]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._scene, self._home, self._port, self._say = scene, home, port, say
        self._due = [*scene.events]
        self._moments: asyncio.Queue[Moment] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self.vendors = Vendors(scene, self._tell)
        self._holder: Holder | None = None
        self._app: subprocess.Popen[bytes] | None = None

    def _tell(self, moment: Moment) -> None:
        self._loop.call_soon_threadsafe(self._moments.put_nowait, moment)

    @asynccontextmanager
    async def playing(self) -> AsyncIterator["Performance"]:
        """The workbench is up and the faults come, until the block ends."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.vendors.running())
            self._home.mkdir(parents=True, exist_ok=True)
            if any(event.do == "hold the database" for event in self._due):
                self._holder = stack.enter_context(Holder(self._home / "coach.duckdb"))
            try:
                await self._start()
                faults = asyncio.create_task(self._faults())
                yield self
                faults.cancel()
                await asyncio.gather(faults, return_exceptions=True)
            finally:
                await asyncio.to_thread(self._stop)

    async def _start(self) -> None:
        settings = {
            "COACH_HOME": str(self._home),
            "COACH_TRANSCRIBER": "deepgram",
            "DEEPGRAM_API_KEY": KEY,
            "DEEPGRAM_BASE_URL": self.vendors.transcriber.url,
            "COACH_BRAIN": "openai",
            "OPENAI_API_KEY": "theatre",
            "OPENAI_BASE_URL": self.vendors.model.base_url,
            "COACH_VOICE": "browser",
            "COACH_VERBATIM_CHECK": "0",
        }
        env = {k: v for k, v in os.environ.items() if k in KNOWN} | settings
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self._port)]
        command += ["--server.headless", "true"]
        self._app = await asyncio.to_thread(self._launch, command, env)
        await self._up()

    def _launch(self, command: list[str], env: dict[str, str]) -> "subprocess.Popen[bytes]":
        with (self._home / "server.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)

    async def _up(self) -> None:
        until = time.monotonic() + UP_WITHIN_S
        async with httpx.AsyncClient(timeout=5) as http:
            while time.monotonic() < until and self._app and self._app.poll() is None:
                try:
                    await http.get(f"{self.url}/healthz")
                    return
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
        raise RuntimeError(f"the workbench did not start; see {self._home / 'server.log'}")

    def _stop(self) -> None:
        if self._app and self._app.poll() is None:
            self._app.terminate()
            self._app.wait(30)

    async def _faults(self) -> None:
        told: set[Moment] = set()
        while True:
            moment = await self._moments.get()
            if moment not in told:
                told.add(moment)
                self._say(SAID[moment])
                if moment == "failing" and self._scene.tries_again:
                    self._loop.call_later(BACK_AFTER_S, self._recover)
            if self._due and self._due[0].when == moment:
                await self._happen(self._due.pop(0))

    def _recover(self) -> None:
        self.vendors.recover()
        self._say("→ all vendors are well again")

    async def _happen(self, event: Event) -> None:
        if event.do == "kill the server":
            assert self._app
            self._say("→ the server is killed")
            self._app.kill()
            await asyncio.to_thread(self._app.wait)
            await self._start()
            self._say("→ the server runs again")
        elif self._holder:
            await asyncio.to_thread(self._holder.take)
            self._say(f"→ another program has the database, for {event.for_s:.0f} s")
            await asyncio.sleep(event.for_s)
            await asyncio.to_thread(self._holder.give_back)
            self._say("→ the database is free again")


async def perform(name: str, scene: Scene, home: Path, port: int) -> None:
    """Plays a scene for somebody at a browser, until it is interrupted."""

    def say(line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)

    print(f"{name}: {scene.title}\n", *(f"  - {line}" for line in scene.watch), "", sep="\n", flush=True)
    say("the workbench starts …")
    async with Performance(scene, home, port, say).playing() as playing:
        say(f"open {playing.url}/practice, start an interview and speak; Ctrl-C ends the scene")
        await asyncio.Event().wait()
