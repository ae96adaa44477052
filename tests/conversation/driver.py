"""Builds a hub from fakes and plays a client against it: sends commands, waits for events, keeps what it saw."""

import asyncio
import math
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from coach.audio.archive import AudioArchive
from coach.avatar.drawn import DrawnAvatar
from coach.contracts import commands as cmd
from coach.contracts import events as ev
from coach.contracts.interview import ViewState
from coach.interview.conductor import Conductor
from coach.interview.dependencies import Dependencies, InterviewTiming
from coach.interview.service import InitRequest, InterviewService
from tests.fakes import vendors
from tests.fakes.store import FakeStore

FAST = InterviewTiming(
    min_display_s=0.02,
    speech_grace_s=0.02,
    speech_chars_per_s=1e6,
    avatar_start_s=0.0,
    restart_every_s=0.0,
    settle_s=5,
)


def tone(seconds: float = 0.5, hz: float = 220.0) -> bytes:
    n = int(seconds * 16_000)
    return struct.pack(f"<{n}h", *(int(8000 * math.sin(2 * math.pi * hz * i / 16_000)) for i in range(n)))


def make_hub(tmp_path: Path, *, wall: Callable[[], float] = time.time, **changes: Any) -> InterviewService:
    parts: dict[str, Any] = {
        "store": FakeStore(),
        "transcriber": vendors.FakeTranscriber(),
        "brain": vendors.FakeBrain(),
        "avatar": DrawnAvatar(),
        "archive": AudioArchive(str(tmp_path / "audio")),
        "journal_dir": tmp_path / "journal",
        "evaluate": vendors.ScriptedEvaluation({"overall": 6.5}),
        "measure": vendors.measure,
        "listen": vendors.listen,
        "follow": None,
        "timing": FAST,
        "bundle": "test",
    }
    return InterviewService(Dependencies(**(parts | changes)), wall=wall)


def slow(**changes: float) -> InterviewTiming:
    return replace(FAST, **changes)  # type: ignore[arg-type]


class Client:
    """One listener of one interview."""

    def __init__(self, conductor: Conductor) -> None:
        self.conductor = conductor
        self.seen: list[Any] = []
        self._cursor = 0
        self._news = asyncio.Event()
        self._subscription = conductor.subscribe()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for event in self._subscription:
            self.seen.append(event)
            self._news.set()

    @property
    def state(self) -> ev.SessionStatePayload:
        return self.conductor.snapshot().payload

    def types(self, *but: str) -> list[str]:
        return [e.type for e in self.seen if e.type not in ("LEVEL", *but)]

    def of(self, kind: str) -> list[Any]:
        return [e for e in self.seen if e.type == kind]

    async def wait(self, kind: str, timeout_s: float = 5.0, **payload: Any) -> Any:
        """The next event of `kind` (after the last one waited for) whose payload has these values."""
        async with asyncio.timeout(timeout_s):
            while True:
                while self._cursor < len(self.seen):
                    event = self.seen[self._cursor]
                    self._cursor += 1
                    if event.type == kind and all(getattr(event.payload, k) == v for k, v in payload.items()):
                        return event
                self._news.clear()
                if self._cursor >= len(self.seen):
                    await self._news.wait()

    async def view(self, state: ViewState, timeout_s: float = 5.0) -> Any:
        return await self.wait("SESSION_STATE", timeout_s, view_state=state)

    async def send(self, command: Any) -> None:
        await self.conductor.send(command)

    async def start(self) -> None:
        await self.send(cmd.StartInterview())

    async def listen(self) -> None:
        """Plays the browser's voice until LISTENING."""
        if self.state.view_state == ViewState.ASKING:
            speak = await self.wait("SPEAK")
            await self.send(cmd.SpeechDone(payload=cmd.SpeechDonePayload(task_id=speak.payload.task_id)))
        await self.view(ViewState.LISTENING)

    async def speak(self, seconds: float = 0.4) -> None:
        sound = tone(seconds)
        for at in range(0, len(sound), 640):
            assert self.conductor.push_audio(sound[at : at + 640])
        await asyncio.sleep(0)

    def finish_command(self, attempt_id: str = "") -> cmd.FinishAnswer:
        state = self.state
        assert state.current_question
        return cmd.FinishAnswer(
            payload=cmd.FinishAnswerPayload(
                question_id=state.current_question.id, attempt_id=attempt_id or state.attempt_id or "", timestamp_ms=0
            )
        )

    async def answer(self) -> Any:
        """Speaks, finishes, and returns UPDATE_SCORES once feedback stands and the row is stored."""
        await self.speak()
        await self.send(self.finish_command())
        scores = await self.wait("UPDATE_SCORES")
        await self.settled()
        return scores

    async def settled(self) -> None:
        await self.conductor.settle()

    async def next(self) -> None:
        question = self.state.current_question
        assert question
        await self.send(cmd.ReadyForNext(payload=cmd.ReadyForNextPayload(last_question_id=question.id)))

    async def retry(self) -> None:
        question = self.state.current_question
        assert question
        await self.send(cmd.RetryQuestion(payload=cmd.ExchangeRef(question_id=question.id)))

    async def follow_up(self) -> None:
        question = self.state.current_question
        assert question
        await self.send(cmd.AnswerFollowUp(payload=cmd.ExchangeRef(question_id=question.id)))

    async def leave(self) -> None:
        self._subscription.close()
        await self._task


async def begin(hub: InterviewService, q_count: int = 2) -> Client:
    """A planned interview and a client on it."""
    result = await hub.init(InitRequest(q_count=q_count))
    return Client(await hub.open(result.mock_interview_id))


async def listening(hub: InterviewService, q_count: int = 2) -> Client:
    """A client that is being listened to."""
    client = await begin(hub, q_count)
    await client.start()
    await client.listen()
    return client
