"""A person whose browser behaves like the stage: what the server has not acknowledged is kept, and sent again."""

import asyncio
import json
import time
from typing import Any

import httpx
import websockets

from coach.audio.takes import ClockedFrame
from coach.web.frames import pack
from tests.fakes.proxy import ACCESS_KEY

FRAME_S = 0.05
SAMPLES = 800
RETRY_S = 0.3
PATIENCE_S = 45.0
KEY = {"X-Access-Key": ACCESS_KEY}


class Speaker:
    """One interview of one question, answered with `sound` (16 kHz Int16) at the pace of a microphone."""

    def __init__(self, door: str, at: str, sound: bytes, take: int) -> None:
        """`door`: the proxy; `at`: the process this browser's cookie leads to."""
        self.sound = sound
        self._take = take
        self._cookies = {"COACH_AT": at}
        self._door = door
        self._frames: list[bytes] = []
        self._acked = 0
        self._out = 0
        self._finished = False
        self.begun = asyncio.Event()
        self.halfway = asyncio.Event()
        self.attempt_id = self.interview_id = ""
        self.told: list[str] = []
        self.trace: list[tuple[str, object, int, int]] = []
        self.lines: list[str] = []
        self.acknowledged_s = 0.0
        self.evaluated = False
        self.silence_s = 0.0

    async def run(self) -> None:
        """To the feedback on the answer.

        Raises:
            TimeoutError: it never came.
        """
        async with asyncio.timeout(PATIENCE_S):
            way = await self._begin()
            microphone = asyncio.create_task(self._microphone())
            try:
                cut_at = 0.0
                while not self.evaluated:
                    try:
                        await self._connected(way, cut_at)
                    except (websockets.WebSocketException, OSError) as error:
                        self.trace.append((type(error).__name__, str(error)[:80], self._out, len(self._frames)))
                    cut_at = time.monotonic()
                    await asyncio.sleep(0 if self.evaluated else RETRY_S)
            finally:
                microphone.cancel()

    async def _begin(self) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self._door, cookies=self._cookies, headers=KEY, timeout=30) as http:
            answer = await http.post("/mock-interviews/init", json={"q_count": 1})
            answer.raise_for_status()
            way: dict[str, Any] = answer.json()
            self.interview_id = way["mock_interview_id"]
            return way

    async def _connected(self, way: dict[str, Any], cut_at: float) -> None:
        address = f"{way['ws_url']}?token={way['auth_token']}&framing=clocked"
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        async with websockets.connect(address, additional_headers={"Cookie": cookie, **KEY}, max_size=None) as line:
            self.lines.append(line.response.headers.get("Set-Cookie", "") if line.response else "")
            self._out = self._acked // SAMPLES
            sending = asyncio.create_task(self._send(line))
            try:
                async for text in line:
                    if cut_at:
                        self.silence_s, cut_at = max(self.silence_s, time.monotonic() - cut_at), 0.0
                    await self._hear(line, json.loads(text))
                    if self.evaluated:
                        return
            finally:
                sending.cancel()

    async def _hear(self, line: Any, event: dict[str, Any]) -> None:
        kind, told = event["type"], event["payload"]
        if kind != "LEVEL":
            self.trace.append((kind, told.get("view_state") or told.get("samples"), self._out, len(self._frames)))
        if kind == "SPEAK":
            await self._say(line, "SPEECH_DONE", task_id=told["task_id"])
        elif kind == "SOUND_KEPT" and told["take"] == self._take:
            self._acked = max(self._acked, told["samples"])
            self.acknowledged_s = self._acked / 16_000
        elif kind == "ERROR":
            self.told.append(told["code"])
        elif kind == "SESSION_STATE":
            await self._at(line, told)

    async def _at(self, line: Any, state: dict[str, Any]) -> None:
        view = state["view_state"]
        if view == "INTRO_LOADING":
            await self._say(line, "START_INTERVIEW")
        elif view == "LISTENING":
            self.attempt_id, self._finished = state["attempt_id"], False
            self._question = state["current_question"]["id"]
            self.begun.set()
        elif view in ("FEEDBACK", "ERROR_RECOVERABLE"):
            self.evaluated = True

    async def _microphone(self) -> None:
        """Hears on, whether the line stands or not."""
        await self.begun.wait()
        whole, first, due = len(self.sound) // (2 * SAMPLES), time.time() * 1000, time.monotonic()
        for number in range(whole):
            sound = self.sound[number * 2 * SAMPLES : (number + 1) * 2 * SAMPLES]
            at_ms = first + number * FRAME_S * 1000
            self._frames.append(pack(ClockedFrame(self._take, number, number * SAMPLES, at_ms, sound)))
            self._ends_ms = at_ms + FRAME_S * 1000
            if number == whole // 2:
                self.halfway.set()
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        self._spoken = True

    _spoken = False
    _ends_ms = 0.0
    _question = ""

    async def _send(self, line: Any) -> None:
        """Whatever is not acknowledged, in order; *Finish* behind the last frame."""
        while True:
            while self._out < len(self._frames):
                await line.send(self._frames[self._out])
                self._out += 1
            if self._spoken and not self._finished and self.attempt_id:
                self._finished = True
                ids = {"question_id": self._question, "attempt_id": self.attempt_id}
                await self._say(line, "FINISH_ANSWER", **ids, take=self._take, timestamp_ms=self._ends_ms)
            await asyncio.sleep(FRAME_S / 2)

    async def _say(self, line: Any, kind: str, **payload: Any) -> None:
        await line.send(json.dumps({"type": kind, "payload": payload}))
