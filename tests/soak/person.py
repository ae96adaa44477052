"""One person who has one interview after the other, over REST and the socket, and to whom things happen."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import websockets

from coach.audio.takes import ClockedFrame
from coach.web.frames import pack
from tests.fakes.coded_speech import RATE_HZ, Speech

FRAME_S = 0.05
PATIENCE_S = 150.0
"""Longer than all deadlines of an answer together: whoever waits longer is stuck."""
DONE = "completed"
BEATS = ("SOUND_KEPT", "LEVEL")
"""Come once a second whatever happens."""


class StuckError(AssertionError):
    """Nothing happened for longer than anything may take."""


class Person:
    """Answers by voice; `dice` say what goes wrong on this side, `tally` counts what happened."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        speech: Speech,
        dice: random.Random,
        tally: Counter[str],
        *,
        speaks_s: tuple[float, float] = (2.0, 7.0),
        questions: tuple[int, ...] = (1, 2),
    ) -> None:
        self._http, self._dice, self._tally = http, dice, tally
        self._speaks_s, self._questions = speaks_s, questions
        self._sound = speech.samples.astype("<i2").tobytes()
        self._take = dice.randrange(2**16)
        self._state: dict[str, Any] = {}
        self._answered: set[str] = set()
        self._acted: set[str] = set()

    async def go_round(self, goes_on: Callable[[], bool]) -> None:
        """Interviews until `goes_on` says no; each is finished."""
        while goes_on():
            await self.interview()

    async def interview(self) -> None:
        """One interview of one or two questions, to its summary.

        Raises:
            StuckError: it went on no more.
        """
        begun = await self._http.post("/mock-interviews/init", json={"q_count": self._dice.choice(self._questions)})
        begun.raise_for_status()
        way, last = begun.json(), time.monotonic()
        while True:
            with suppress(websockets.ConnectionClosed, OSError):
                if await self._connected(way):
                    self._tally["interviews"] += 1
                    return
            self._tally["came back"] += 1
            if time.monotonic() - last > PATIENCE_S:
                raise StuckError("the interview cannot be entered any more")

    async def _connected(self, way: dict[str, Any]) -> bool:
        """One connection; True when the interview ended in it."""
        address = f"{way['ws_url']}?token={way['auth_token']}&framing=clocked"
        self._acted.clear()  # what was said when the line broke may not have been heard
        async with websockets.connect(address, max_size=None) as line:
            news = time.monotonic()
            while True:
                event = json.loads(await line.recv())
                if event["type"] not in BEATS:
                    news = time.monotonic()
                elif time.monotonic() - news > PATIENCE_S:
                    raise StuckError(f"{way['mock_interview_id']}: nothing happens, {self._state.get('view_state')}")
                if event["type"] == "SESSION_STATE" and event["payload"]["status"] == DONE:
                    return True
                if event["type"] == "ERROR" and event["payload"]["code"] == "UNAUTHORIZED":
                    return True  # it was finished in the connection before
                if not await self._act(line, event):
                    return False

    async def _act(self, line: Any, event: dict[str, Any]) -> bool:
        """What the person does about an event; False when the line is cut."""
        kind, payload = event["type"], event["payload"]
        if kind == "SPEAK":
            await self._say(line, "SPEECH_DONE", task_id=payload["task_id"])
        elif kind == "TRANSCRIPT_REVIEW":
            self._tally["reviewed"] += 1
            await self._say(line, "SUBMIT_TRANSCRIPT", attempt_id=payload["attempt_id"], text="I moved the printer.")
        elif kind == "ERROR":
            return await self._told(payload["code"])
        elif kind == "LISTENING_RESET":
            self._state = {**self._state, "attempt_id": payload["new_attempt_id"]}
            return await self._answer(line, self._state)
        elif kind == "SESSION_STATE":
            self._state = payload
            return await self._at(line, payload)
        return True

    async def _told(self, code: str) -> bool:
        """Junk is answered as it deserves; after anything else the person looks where the interview is."""
        self._tally[f"told {code}"] += 1
        if code in ("BAD_MESSAGE", "BAD_FRAME"):
            return True
        self._answered.discard(self._state.get("attempt_id", ""))
        self._acted.clear()
        await asyncio.sleep(0.5)
        return False

    async def _at(self, line: Any, state: dict[str, Any]) -> bool:
        view, attempt = state["view_state"], state["attempt_id"]
        if view == "INTRO_LOADING":
            await self._say(line, "START_INTERVIEW")
        elif view == "LISTENING" and attempt not in self._answered:
            return await self._answer(line, state)
        elif view in ("FEEDBACK", "ERROR_RECOVERABLE") and f"{view} {attempt}" not in self._acted:
            self._acted.add(f"{view} {attempt}")
            await self._go_on(line, state)
        return True

    async def _answer(self, line: Any, state: dict[str, Any]) -> bool:
        """Speaks for some seconds and finishes; on the way a line may break, or the person starts over."""
        whole = self._dice.uniform(*self._speaks_s)
        mishap = self._dice.choice(["", "", "", "", "cut", "over", "junk"])
        self._take += 1
        await self._speak(line, whole if not mishap else whole / 2)
        if mishap == "cut":
            self._tally["cut"] += 1
            await line.close(1001)
            return False
        if mishap == "over":
            self._tally["started over"] += 1
            await self._say(line, "RESTART_ANSWER", attempt_id=state["attempt_id"])
            return True  # LISTENING_RESET brings the new attempt
        if mishap == "junk":
            self._tally["junk"] += 1
            for junk in ("{", '{"type": "NONSENSE"}', b"\0", b"\1" * 30, "[" * 3000):
                await line.send(junk)
            await self._speak(line, whole / 2)
        self._answered.add(state["attempt_id"])
        question = state["current_question"]["id"]
        await self._say(line, "FINISH_ANSWER", question_id=question, attempt_id=state["attempt_id"], timestamp_ms=0)
        self._tally["answers"] += 1
        return True

    async def _speak(self, line: Any, seconds: float) -> None:
        """Frames at the pace of a microphone."""
        size, begun, due = int(FRAME_S * RATE_HZ), time.time() * 1000, time.monotonic()
        for number in range(round(seconds / FRAME_S)):
            first = number * size
            at = (2 * first) % (len(self._sound) - 2 * size)
            sound = self._sound[at - at % 2 : at - at % 2 + 2 * size]
            await line.send(pack(ClockedFrame(self._take, number, first, begun + number * FRAME_S * 1000, sound)))
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _go_on(self, line: Any, state: dict[str, Any]) -> None:
        """After feedback or trouble: again, the follow-up, the next question, or the end."""
        question = state["current_question"]["id"]
        wish = self._dice.random()
        if wish < 0.2:
            await self._say(line, "RETRY_QUESTION", question_id=question)
        elif wish < 0.4 and state["can_follow_up"]:
            await self._say(line, "ANSWER_FOLLOW_UP", question_id=question)
        elif state["is_last_question"]:
            await self._say(line, "FINISH_INTERVIEW")
        else:
            await self._say(line, "READY_FOR_NEXT", last_question_id=question)

    async def _say(self, line: Any, kind: str, **payload: Any) -> None:
        await line.send(json.dumps({"type": kind, "payload": payload}))
