"""The vendors of a scene: the loopback servers the tests have, with a recogniser that anybody may speak to."""

import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.fakes import brain_samples as samples
from tests.fakes.coded_speech import RATE_HZ, SpokenWord
from tests.fakes.deepgram_server import DeepgramServer, Fault
from tests.fakes.openai_server import OpenAIServer, Reply, Tokens
from theatre.scene import Moment, Scene

WORD_S = 0.4
HEARING_S = 3.0
STORY = samples.ANSWER.split()
PROBE_BYTES = 640
QUESTIONS = [
    "Tell me about a time you improved a process.",
    "Tell me about a time you had to learn something quickly.",
    "Tell me about a disagreement with a colleague.",
    "Tell me about a decision you took without all the facts.",
    "Tell me about a goal you did not reach.",
]
PLAN = {
    "job": {"job_title": "", "company": "", "key_skills": [], "competencies": [], "summary": ""},
    "questions": [
        {"text": text, "type": "behavioral", "competency": "problem solving", "skill": "", "reason": ""}
        for text in QUESTIONS
    ],
}
SUMMARY = {
    "headline": "A clear before and after.",
    "strengths": ["You name the outcome."],
    "gaps": ["Your own goal."],
    "stories_to_save": ["The returns desk"],
    "next_plan": ["Say in one sentence what you set out to reach."],
    "resume_prompts": [],
    "readiness_score": 6.5,
}


def words_until(seconds: float) -> list[SpokenWord]:
    """What is heard in so many seconds of any sound: the story, over and over."""
    return [
        SpokenWord(i + 1, STORY[i % len(STORY)], round(i * WORD_S, 3), round((i + 0.75) * WORD_S, 3))
        for i in range(int(seconds / WORD_S + 0.25))
    ]


class Tape:
    """The sound of the answer in hand, whichever connections it came by."""

    def __init__(self) -> None:
        self.sound = bytearray()
        self.over = False

    def place(self, pcm: bytes) -> int:
        """Where this sound stands on the tape, in samples: sound that is sent again is found."""
        if self.over:
            self.sound.clear()
            self.over = False
        at = self.sound.find(pcm[:PROBE_BYTES])
        return (at if at >= 0 else len(self.sound)) // 2

    def put(self, pcm: bytes, at: int) -> None:
        """Records it there."""
        self.sound[2 * at : 2 * at + len(pcm)] = pcm


class TapeRecogniser:
    """Hears a word of the story every `WORD_S` of an answer; sound that never arrives is words that are missing."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._samples = 0
        self._at: int | None = None

    @property
    def seconds(self) -> float:
        """Sound on this connection."""
        return self._samples / RATE_HZ

    @property
    def silent_s(self) -> float:
        """It never hears silence."""
        return 0.0

    def feed(self, pcm: bytes) -> None:
        """Takes sound; the silence that holds a line open is no part of an answer."""
        if self._at is None and pcm.strip(b"\0"):
            self._at = self._tape.place(pcm)
            self._base = self._samples - self._at
        if self._at is not None:
            self._tape.put(pcm, self._at)
            self._at += len(pcm) // 2
        self._samples += len(pcm) // 2

    def words(self, since_s: float, *, finished_only: bool) -> list[SpokenWord]:
        """Words that begin at or after `since_s` on the connection's clock."""
        if self._at is None:
            return []
        shift = self._base / RATE_HZ
        heard = words_until(self._at / RATE_HZ)
        moved = [replace(w, start_s=w.start_s + shift, end_s=w.end_s + shift) for w in heard]
        return [w for w in moved if w.start_s >= since_s - 1e-6]

    def finalized(self) -> None:
        """The answer is over."""
        self._tape.over = True
        self._at = None


class Model(OpenAIServer):
    """A model that evaluates as the scene says, and plans and sums up well."""

    def __init__(self, scene: Scene, tell: Callable[[Moment], None]) -> None:
        delta_s = 0.025 if scene.slow_model else 0.0
        self._good = Reply(samples.output(), tokens=Tokens(), delta_s=delta_s)
        self._bad = scene.replies()
        self._tell = tell
        self._turn = threading.Lock()
        self.evaluations = 0
        super().__init__(self._good)

    def recover(self) -> None:
        """Nothing is wrong with it any more."""
        with self._turn:
            self._bad.clear()

    def next_reply(self, body: dict[str, Any]) -> Reply:
        """By what is asked for."""
        asked = json.dumps(body.get("text") or body.get("response_format") or {})
        if "mock_interview_attempt_response" not in asked:
            return Reply(json.dumps(PLAN if "questions" in asked else SUMMARY))
        with self._turn:
            self.evaluations += 1
            self._tell("judging")
            if not self._bad:
                return self._good
            self._tell("failing")
            return self._bad.pop(0)


class Transcriber(DeepgramServer):
    """A transcriber that hears the story in whatever is said."""

    def __init__(self, scene: Scene, tell: Callable[[Moment], None]) -> None:
        lines, always = scene.transcriber.faults()
        self._tape, self._tell = Tape(), tell
        super().__init__(
            hears=lambda: TapeRecogniser(self._tape),
            faults=lines,
            always=always,
            batch_faults=scene.transcriber.recordings,
        )

    def recover(self) -> None:
        """Nothing is wrong with it any more."""
        self._faults, self._always = [], Fault()
        self._batch_faults.clear()

    def check(self, schema: str, message: Any) -> None:
        """Looks at every message, and so sees how far an answer is."""
        super().check(schema, message)
        if not self._tape.over and len(self._tape.sound) >= 2 * HEARING_S * RATE_HZ:
            self._tell("hearing")

    async def _batch(self, request: Request) -> Response:
        if self._batch_faults:
            self._tell("failing")
        return await super()._batch(request)

    def _batch_message(self, samples: Any, verbatim: bool) -> dict[str, Any]:
        self._tape.over = True
        whole = TapeRecogniser(Tape())
        self._hears, before = (lambda: whole), self._hears
        try:
            return super()._batch_message(samples, verbatim)
        finally:
            self._hears = before


class Vendors:
    """All of a scene. `tell(moment)` is called in any thread, as often as it applies."""

    def __init__(self, scene: Scene, tell: Callable[[Moment], None]) -> None:
        self.model = Model(scene, tell)
        self.transcriber = Transcriber(scene, tell)

    def recover(self) -> None:
        """Nothing is wrong any more."""
        self.model.recover()
        self.transcriber.recover()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Vendors"]:
        """Serves until the block ends."""
        with self.model:
            async with self.transcriber.running():
                yield self
