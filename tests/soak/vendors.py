"""The loopback vendors with faults drawn from seeded dice, keeping counts instead of histories."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from tests.fakes import brain_samples as samples
from tests.fakes.coded_speech import RATE_HZ, Speech
from tests.fakes.deepgram_server import DeepgramServer, Fault
from tests.fakes.openai_server import OpenAIServer, Reply, Tokens

SUMMARY = {
    "headline": "Good.", "strengths": ["a"], "gaps": ["b"], "stories_to_save": [], "next_plan": ["c"],
    "resume_prompts": [],
    "readiness_score": 6.0,
}  # fmt: skip
QUESTION = {"type": "behavioral", "competency": "care", "skill": "", "reason": ""}
PLAN = {
    "job": {"job_title": "", "company": "", "key_skills": ["a"], "competencies": ["care"], "summary": ""},
    "questions": [{**QUESTION, "text": f"Tell me about loaf {number}."} for number in range(3)],
}
WHOLE = {"session_summary": json.dumps(SUMMARY), "interview_plan": json.dumps(PLAN)}
EVALUATION = samples.output()
SPEECH_FAULTS: tuple[dict[str, Any], ...] = (
    {"refuse": 503}, {"refuse": 429}, {"drop_at_s": 1.5}, {"drop_at_s": 6.0},
    {"close_at_s": 3.0, "close": (1011, "NET-0001")}, {"finalize": "unflagged"}, {"finalize": "drop"}, {"slow_s": 0.7},
    {"duplicate": True}, {"shuffle": True}, {"garbage": True},
)  # fmt: skip
SLOW_SPEECH_FAULTS: tuple[dict[str, Any], ...] = (
    {"silent_from_s": 2.0}, {"finalize": "none"}, {"stall_at_s": 2.5},
)  # fmt: skip
MODEL_FAULTS: tuple[dict[str, Any], ...] = (
    {"fault": "http_error", "status": 500, "retry_after": "0"}, {"fault": "http_error", "status": 429,
    "retry_after": "0"},
    {"fault": "disconnect"}, {"fault": "truncated"}, {"fault": "refusal"}, {"fault": "failed"},
    {"fault": "error_event"},
    {"fault": "no_usage"}, {"fault": "split_bytes"}, {"text": "not json"}, {"text": EVALUATION[:1500]},
)  # fmt: skip
SLOW_MODEL_FAULTS: tuple[dict[str, Any], ...] = ({"fault": "stall_first"}, {"fault": "stall_middle"})
NEVER_TOLD = ("disconnect", "no_usage", "stall_first", "stall_middle")
"""Billed though the use is never told; a stream that ends in an error before its first word is not."""
STREAMED_ONLY = ("disconnect", "error_event", "split_bytes", "stall_middle")
BATCH_FAULTS = (500, 503, 429, 408)


@dataclass
class Counts:
    """What a vendor would put on its bill, and how often each fault was played."""

    live_s: float = 0.0
    broken_lines: int = 0
    batch_s: float = 0.0
    characters: int = 0
    tokens: Counter[str] = field(default_factory=Counter)
    untold: int = 0
    faults: Counter[str] = field(default_factory=Counter)


class FaultyDeepgram(DeepgramServer):
    """Hears coded speech; a share of its connections and requests goes wrong, with `slow` also into deadlines."""

    def __init__(self, speech: Speech, counts: Counts, dice: random.Random, share: float, *, slow: bool) -> None:
        super().__init__(speech, validate=False)
        self._kinds = (*SPEECH_FAULTS, *SLOW_SPEECH_FAULTS) if slow else SPEECH_FAULTS
        self._counts, self._dice, self._share = counts, dice, share

    async def _live(self, socket: WebSocket) -> None:
        fault = Fault()
        if self._dice.random() < self._share:
            chosen = self._dice.choice(self._kinds)
            self._counts.faults[f"speech {next(iter(chosen))}"] += 1
            fault = Fault(**chosen)
        self._always = fault
        try:
            await super()._live(socket)
        finally:
            done = [each for each in self.connections if each.closed.is_set()]
            self.connections = [each for each in self.connections if not each.closed.is_set()]
            self._counts.live_s += sum(each.audio_s for each in done)
            self._counts.broken_lines += sum("CloseStream" not in each.controls for each in done)

    async def _batch(self, request: Request) -> Response:
        failing = self._dice.random() < self._share
        self._batch_faults = [self._dice.choice(BATCH_FAULTS)] if failing else []
        self._counts.faults["batch"] += failing
        answer = await super()._batch(request)
        self.batches.clear()
        return answer

    def _batch_message(self, samples: Any, verbatim: bool) -> dict[str, Any]:
        self._counts.batch_s += len(samples) / RATE_HZ
        return super()._batch_message(samples, verbatim)

    async def _speak(self, request: Request) -> Response:
        answer = await super()._speak(request)
        self._counts.characters += sum(map(len, self.spoken))
        self.spoken.clear()
        return answer


class FaultyModel(OpenAIServer):
    """Evaluates and sums up; a share of its answers goes wrong. `slow` adds faults that take until a deadline."""

    def __init__(self, counts: Counts, dice: random.Random, share: float, *, slow: bool) -> None:
        super().__init__(Reply(EVALUATION))
        self._counts, self._dice, self._share = counts, dice, share
        self._faults = (*MODEL_FAULTS, *SLOW_MODEL_FAULTS) if slow else MODEL_FAULTS

    async def _answer(self, path: str, raw: bytes, writer: asyncio.StreamWriter) -> None:
        if not path.endswith("/models"):
            self.replies = [self._drawn(json.loads(raw))]
        try:
            await super()._answer(path, raw, writer)
        finally:
            for tokens in self.billed:
                self._counts.tokens.update(_kinds(tokens))
            for history in (self.billed, self.requests, self.paths, self.headers):
                history.clear()

    def _drawn(self, body: dict[str, Any]) -> Reply:
        wanted = json.dumps(body.get("text", body.get("response_format", {})))
        text = next((made for name, made in WHOLE.items() if name in wanted), EVALUATION)
        tokens = Tokens(input=self._dice.randrange(1100, 3000), output=self._dice.randrange(300, 1200))
        usual = Reply(text, chunk=96, tokens=tokens, id=f"resp_{self._dice.getrandbits(64):x}")
        if self._dice.random() >= self._share:
            return usual
        chosen = self._dice.choice(self._faults)
        if not body.get("stream") and chosen.get("fault") in STREAMED_ONLY:
            return usual
        self._counts.faults[f"model {chosen.get('fault', 'text')}"] += 1
        self._counts.untold += chosen.get("fault") in NEVER_TOLD
        return replace(usual, **chosen)


def _kinds(tokens: Tokens) -> dict[str, int]:
    fresh = tokens.input - tokens.cached - tokens.written
    return {"input": fresh, "cached_input": tokens.cached, "cache_write": tokens.written, "output": tokens.output}
