"""A whole interview from a recording, over the open interface: what a client of one's own has to do, and no more.

    python examples/interview_client.py --audio answer.wav --url http://localhost:8501

Needs `httpx` and `websockets`. The recording (wav, 16 kHz mono Int16; `ffmpeg -i any.mp3 -ar 16000 -ac 1 answer.wav`
makes one) answers every question, sent frame by frame as a microphone would: numbered and with a clock, so that after a
lost connection the rest is sent again and nothing is recorded twice. Prints a readable trace.
"""

import argparse
import asyncio
import json
import random
import struct
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import websockets

FRAME_S = 0.02
RATE_HZ = 16_000
HEAD = struct.Struct("<B3xIIId")
"""Version, take, sequence number, first sample, clock in ms; see docs/protocol.md."""


def frames(recording: Path) -> list[bytes]:
    """The recording in frames of 20 ms."""
    with wave.open(str(recording)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE_HZ, 1, 2):
            raise SystemExit(f"{recording} is not 16 kHz mono Int16: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav")
        sound = file.readframes(file.getnframes())
    size = int(RATE_HZ * FRAME_S) * 2
    return [sound[at : at + size] for at in range(0, len(sound), size)]


class Take:
    """One answer on its way: what of it was sent and what is known to be kept."""

    def __init__(self, attempt_id: str, sound: list[bytes]) -> None:
        self.attempt_id = attempt_id
        self.id = random.getrandbits(32)
        self.kept = 0
        self._sound = sound
        self._begun_ms = time.time() * 1000

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self._sound)

    def frame(self, number: int) -> bytes:
        """A frame as it goes over the socket."""
        first = number * int(RATE_HZ * FRAME_S)
        return HEAD.pack(1, self.id, number, first, self._clock_ms(first)) + self._sound[number]

    def resume_at(self) -> int:
        """The first frame that is not known to be kept."""
        return self.kept // int(RATE_HZ * FRAME_S)

    def end_ms(self) -> float:
        """The clock when the last sample was spoken."""
        return self._clock_ms(sum(len(frame) for frame in self._sound) // 2)

    def _clock_ms(self, sample: int) -> float:
        return self._begun_ms + sample * 1000 / RATE_HZ


class Interview:
    """One interview: reacts to events until the summary has come."""

    def __init__(self, sound: list[bytes], *, speed: float, retries: int, say: Callable[[str], None]) -> None:
        self._sound = sound
        self._speed = speed
        self._retries = retries
        self._say = say
        self._begun = time.monotonic()
        self._state: dict[str, Any] = {}
        self._answering: asyncio.Task[None] | None = None
        self._take: Take | None = None
        self._followed: set[str] = set()
        self.summary: dict[str, Any] | None = None

    async def hold(self, url: str, questions: int) -> dict[str, Any]:
        """Begins an interview, connects, and holds it to its end; gives the summary."""
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            way = (await http.post("/mock-interviews/init", json={"q_count": questions})).raise_for_status().json()
        self._log("<-", "POST /mock-interviews/init", f"{questions} question(s); avatar: {way['avatar'].get('kind')}")
        while self.summary is None:
            async with websockets.connect(
                f"{way['ws_url']}?token={way['auth_token']}&framing=clocked", max_size=None
            ) as socket:
                await self._converse(socket)
        return self.summary

    async def _converse(self, socket: Any) -> None:
        """Until the interview ends or the connection is lost: then we come back and SESSION_STATE says where we are."""
        try:
            async for frame in socket:
                event = json.loads(frame)
                await self._react(socket, event["type"], event["payload"])
        except websockets.ConnectionClosed:
            self._log("  ", "connection lost", "coming back")

    async def _react(self, socket: Any, kind: str, payload: dict[str, Any]) -> None:
        if kind not in ("LEVEL", "SOUND_KEPT"):
            self._log("->", kind, _brief(kind, payload))
        if kind == "SESSION_STATE":
            self._state = payload
            await self._stand(socket)
        elif kind == "SOUND_KEPT":
            if self._take and self._take.id == payload["take"]:
                self._take.kept = payload["samples"]
        elif kind == "SPEAK":
            await self._send(socket, "SPEECH_DONE", task_id=payload["task_id"])
        elif kind == "TRANSCRIPT_REVIEW":
            text = payload["text"] or "I have nothing to add."
            await self._send(socket, "SUBMIT_TRANSCRIPT", attempt_id=payload["attempt_id"], text=text)
        elif kind == "UPDATE_REWRITE" and self._state.get("view_state") == "FEEDBACK":
            await self._go_on(socket)
        elif kind == "ERROR" and not payload["recoverable"]:
            raise SystemExit(payload["message"])
        elif kind == "INTERVIEW_SUMMARY":
            self.summary = payload

    async def _stand(self, socket: Any) -> None:
        """SESSION_STATE says where the interview is; each view has one thing to do."""
        view = self._state["view_state"]
        if view == "INTRO_LOADING":
            await self._send(socket, "START_INTERVIEW", audio="socket")
        elif view == "LISTENING" and (self._answering is None or self._answering.done()):
            self._answering = asyncio.create_task(self._answer(socket, self._state))
        elif view in ("FEEDBACK", "ERROR_RECOVERABLE") and self._state["status"] != "completed":
            await self._go_on(socket)

    async def _answer(self, socket: Any, state: dict[str, Any]) -> None:
        """Speaks at the pace of a microphone, then finishes; after a lost connection it goes on where it was."""
        if self._take is None or self._take.attempt_id != state["attempt_id"]:
            self._take = Take(state["attempt_id"], self._sound)
        take, first = self._take, self._take.resume_at()
        self._log("<-", "audio", f"{take.frames - first} frames, {(take.frames - first) * FRAME_S:.1f} s")
        begun = time.monotonic()
        for number in range(first, take.frames):
            await socket.send(take.frame(number))
            ahead = (number - first) * FRAME_S / self._speed - (time.monotonic() - begun)
            await asyncio.sleep(max(0.0, ahead))
        await self._send(
            socket,
            "FINISH_ANSWER",
            question_id=state["current_question"]["id"],
            attempt_id=state["attempt_id"],
            timestamp_ms=take.end_ms(),
            take=take.id,
        )

    async def _go_on(self, socket: Any) -> None:
        """After feedback: follow-up, retry, next question, or the end. Repeating it does nothing the second time."""
        state = self._state
        question = state["current_question"]["id"]
        if state["can_follow_up"] and question not in self._followed:
            self._followed.add(question)
            await self._send(socket, "ANSWER_FOLLOW_UP", question_id=question)
        elif self._retries > 0 and not state["is_follow_up"]:
            self._retries -= 1
            await self._send(socket, "RETRY_QUESTION", question_id=question)
        elif not state["is_last_question"]:
            await self._send(socket, "READY_FOR_NEXT", last_question_id=question)
        else:
            await self._send(socket, "FINISH_INTERVIEW")

    async def _send(self, socket: Any, kind: str, **payload: Any) -> None:
        self._log("<-", kind, _brief(kind, payload))
        await socket.send(json.dumps({"type": kind, "payload": payload}))

    def _log(self, way: str, kind: str, about: str) -> None:
        self._say(f"{time.monotonic() - self._begun:8.3f} s  {way}  {kind:<24} {about}".rstrip())


def _brief(kind: str, payload: dict[str, Any]) -> str:
    """What matters of a message, on one line."""
    short = {
        "SESSION_STATE": lambda p: (
            f"{p['view_state']}, question {p['question_number']}/{p['question_count']}"
            + (", follow-up" if p["is_follow_up"] else "")
            + f", attempt {p['attempt_number']}"
        ),
        "SPEAK": lambda p: f"{p['purpose']}: {p['text']}",
        "FOLLOW_UP_QUEUED": lambda p: p["question_text"],
        "PROCESSING_HINT": lambda p: f"skeleton for at least {p['min_display_ms']} ms",
        "UPDATE_SCORES": lambda p: (
            f"overall {p['overall']}, content {p['content']}, delivery {p['delivery']} ({p['attempt_status']}"
            + (", updated)" if p["updated"] else ")")
            + (f" {p['comparison']}" if p["comparison"] else "")
        ),
        "UPDATE_REWRITE": lambda p: f"{len(p['polished_answer'].split())} words, {len(p['coach_notes'])} notes",
        "TRANSCRIPT_REVIEW": lambda p: f"{len(p['text'].split())} words to look over",
        "INTERVIEW_SUMMARY": lambda p: f"{p['status']}, overall {p['overall_score']}; next: {'; '.join(p['plan'][:2])}",
        "NOTICE": lambda p: p["message"],
        "ERROR": lambda p: f"{p['code']}: {p['message']}",
    }
    return short[kind](payload) if kind in short else ""


def main() -> None:
    """Reads the command line and holds the interview."""
    parser = argparse.ArgumentParser(description="Hold a whole interview from a recording.")
    parser.add_argument("--audio", type=Path, required=True, help="wav, 16 kHz mono Int16")
    parser.add_argument("--url", default="http://localhost:8501")
    parser.add_argument("--questions", type=int, default=1)
    parser.add_argument("--retries", type=int, default=0, help="answer the first question(s) this many times more")
    parser.add_argument("--speed", type=float, default=1.0, help="1 = as fast as one speaks")
    options = parser.parse_args()
    interview = Interview(frames(options.audio), speed=options.speed, retries=options.retries, say=print)
    asyncio.run(interview.hold(options.url, options.questions))


if __name__ == "__main__":
    main()
