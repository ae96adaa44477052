"""Scripted speech, brain and avatar behind the real ports: tests say what they answer, when they fail, and how long
they take; they count what was asked of them.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from coach.avatar.port import AvatarEvent, AvatarListener, SpeechRequest
from coach.brain.evaluation.progress import EvaluationFinished, MarkReached, Progress, SectionReady
from coach.brain.port import (
    BrainChunk,
    EvaluationCall,
    InterviewPlan,
    PlanRequest,
    RequestSent,
    StreamEnd,
    SummaryItem,
    TextDelta,
)
from coach.contracts.brain import EvaluationResult, GuardFinding, JobContext
from coach.contracts.delivery import DeliveryMetrics, DeliverySubScores
from coach.contracts.evaluation import SECTION_ORDER, Evaluation
from coach.contracts.interview import PlannedQuestion, SessionSummary
from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.contracts.usage import UsageEvent, usage_event_id
from coach.errors import VendorError
from coach.speech.port import Heard, SpeechCapabilities, SpeechContext
from tests.fakes import records

ANSWER = "I led the migration of our night run and cut it from six hours to two."
_NOW = datetime(2026, 11, 20, tzinfo=UTC)


def used(attempt_id: str, call: str, meter: str, quantity: str = "1") -> UsageEvent:
    return UsageEvent(
        event_id=usage_event_id(attempt_id, call, meter),
        vendor="fake",
        meter=meter,
        quantity=Decimal(quantity),
        unit="unit",
        occurred_at=_NOW,
        attempt_id=attempt_id,
        call_id=call,
    )


def heard(
    text: str,
    attempt_id: str,
    *,
    verbatim: bool,
    source: TranscriptSource,
    duration_s: float = 4.0,
    confidence: float = 0.9,
) -> Heard:
    said = text.split()
    step = min(0.3, duration_s / max(1, len(said)))
    words = [
        Word(word=w.strip(".,"), start_s=i * step, end_s=i * step + 0.8 * step, confidence=confidence)
        for i, w in enumerate(said)
    ]
    transcript = Transcript(
        text=text, words=words, duration_s=duration_s, transcriber="fake", source=source, verbatim=verbatim
    )
    return Heard(transcript, (used(attempt_id, f"stt-{source}-{verbatim}", "fake.live"),))


class FakeStream:
    def __init__(self, owner: "FakeTranscriber") -> None:
        self.owner = owner
        self.attempt_id = ""
        self.bytes = 0
        self.dropped_frames = 0
        self.notice = ""
        self.closed = False
        self.resets = 0

    async def start_answer(self, attempt_id: str) -> None:
        self.attempt_id, self.bytes = attempt_id, 0

    def push(self, frame: bytes) -> None:
        self.bytes += len(frame)

    def end_answer(self) -> None:
        pass

    def used(self) -> tuple[UsageEvent, ...]:
        return ()

    def take_usage(self) -> tuple[UsageEvent, ...]:
        return ()

    async def finish_answer(self, recording: Path) -> Heard:
        self.owner.finished += 1
        attempt_id, seconds = self.attempt_id, self.bytes / 32_000
        await asyncio.sleep(self.owner.delay_s)
        if self.owner.fail_live:
            raise VendorError("The transcriber is gone.")
        return heard(
            self.owner.next_text(),
            attempt_id,
            verbatim=self.owner.capabilities.verbatim_live,
            source=TranscriptSource.LIVE,
            duration_s=seconds,
            confidence=self.owner.confidence,
        )

    async def reset(self) -> None:
        self.resets += 1
        self.bytes = 0

    async def close(self) -> None:
        self.closed = True


class FakeTranscriber:
    """Answers with `texts` in turn (the last one for ever)."""

    name = "fake"
    label = "scripted transcriber"

    def __init__(
        self,
        texts: tuple[str, ...] = (ANSWER,),
        *,
        needs_review: bool = False,
        verbatim_batch: bool = False,
        verbatim_live: bool = False,
        check_share: float = 0.0,
        review_below: float | None = None,
    ) -> None:
        self.texts = list(texts)
        self.verbatim_text = "Um, " + texts[-1]
        self.capabilities = SpeechCapabilities(
            live=True,
            batch=True,
            verbatim_live=verbatim_live,
            verbatim_batch=verbatim_batch,
            needs_review=needs_review,
            review_below=review_below,
            check_share=check_share,
        )
        self.confidence = 0.9
        self.told_lost = 0
        self.warmed = 0
        self.delay_s = 0.0
        self.verbatim_delay_s = 0.0
        self.fail_live = False
        self.fail_batch = False
        self.fail_open = False
        self.finished = 0
        self.batches = 0
        self.streams: list[FakeStream] = []

    def next_text(self) -> str:
        return self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]

    async def transcribe(
        self, audio: Path, context: SpeechContext, *, attempt_id: str, verbatim: bool = False
    ) -> Heard:
        self.batches += 1
        await asyncio.sleep(self.verbatim_delay_s if verbatim else self.delay_s)
        if self.fail_batch:
            raise VendorError("The transcriber is gone.")
        assert audio.exists()
        text = self.verbatim_text if verbatim else self.next_text()
        return heard(text, attempt_id, verbatim=verbatim, source=TranscriptSource.BATCH)

    async def open_stream(self, context: SpeechContext) -> FakeStream:
        if self.fail_open:
            raise VendorError("The transcriber is not reachable.")
        stream = FakeStream(self)
        self.streams.append(stream)
        return stream

    def lost_fillers(self) -> None:
        self.told_lost += 1

    async def warm_up(self) -> None:
        self.warmed += 1

    async def close(self) -> None:
        return None


class FakeBrain:
    """Plans, summarises, and serves as the brain handed to `ScriptedEvaluation`."""

    name = "fake"
    label = "scripted coach"
    model = "fake-1"
    judges_relevance = True

    def __init__(self) -> None:
        self.plans = 0
        self.warmed = 0
        self.summaries = 0
        self.fail_summary = False

    async def evaluate(self, call: EvaluationCall) -> AsyncIterator[BrainChunk]:
        yield RequestSent()
        made = evaluation().model_dump(mode="json")
        yield TextDelta(json.dumps({name: made[name] for name in SECTION_ORDER}))
        yield StreamEnd("complete", self.model)

    async def plan(self, request: PlanRequest) -> InterviewPlan:
        self.plans += 1
        questions = tuple(
            PlannedQuestion(text=f"Tell me about situation {n + 1}.", competency=f"c{n}")
            for n in range(request.questions)
        )
        return InterviewPlan(JobContext(job_title=request.title, key_skills=["SQL"]), questions)

    async def summarise(
        self, items: tuple[SummaryItem, ...], job: JobContext, *, interview_id: str
    ) -> tuple[SessionSummary, tuple[UsageEvent, ...]]:
        self.summaries += 1
        if self.fail_summary:
            raise VendorError("The model is gone.")
        summary = SessionSummary(
            strengths=["structure"], gaps=["numbers"], next_plan=["add a number"], readiness_score=6.0
        )
        return summary, (used(interview_id, "summary", "fake.output"),)

    async def warm_up(self) -> None:
        self.warmed += 1

    async def close(self) -> None:
        return None


def evaluation(overall: float = 6.5, follow_up: str = "") -> Evaluation:
    base = records.evaluation(overall).model_dump(mode="json")
    base["follow_up"] = {"should_ask": bool(follow_up), "question_text": follow_up, "reason": ""}
    base["metadata"]["follow_up_type"] = "missing_star" if follow_up else "none"
    return Evaluation.model_validate(base)


class ScriptedEvaluation:
    """Stands where `run_evaluation` stands. One script per call, the last one for ever.

    A script: overall, follow_up text, `contradict` (the end takes the follow-up back), `fail` (raise before the
    section of that name), `fallback`, `pause_s` before each section, `gate` (an event waited for before scoring).
    """

    def __init__(self, *scripts: dict[str, Any]) -> None:
        self.scripts = list(scripts) or [{}]
        self.calls: list[EvaluationCall] = []
        self.cancelled = 0

    async def __call__(
        self, brain: Any, call: EvaluationCall, *, transcript: Any, delivery: Any, policy: Any, **_: Any
    ) -> AsyncGenerator[Progress, None]:
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        self.calls.append(call)
        value = evaluation(script.get("overall", 6.5), script.get("follow_up", ""))
        try:
            yield MarkReached("request_sent")
            yield MarkReached("first_token")
            if not script.get("fallback"):
                for name in SECTION_ORDER:
                    async for step in self._section(script, value, name):
                        yield step
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        yield EvaluationFinished(self._result(script, value, call))

    async def _section(self, script: dict[str, Any], value: Evaluation, name: Any) -> AsyncIterator[Progress]:
        await asyncio.sleep(script.get("pause_s", 0))
        if script.get("fail") == name:
            raise RuntimeError("scripted")
        if name == "scoring" and "gate" in script:
            await script["gate"].wait()
        if name == "follow_up":
            yield MarkReached("follow_up_complete")
        yield SectionReady(name, getattr(value, name), [])

    def _result(self, script: dict[str, Any], value: Evaluation, call: EvaluationCall) -> EvaluationResult:
        guards = []
        if script.get("contradict") or script.get("fallback"):
            nothing = {"should_ask": False, "question_text": "", "reason": ""}
            value = value.model_copy(update={"follow_up": value.follow_up.model_copy(update=nothing)})
            guards = [GuardFinding(rule="follow_up_contradicted", detail="all present")]
        return EvaluationResult(
            evaluation=value,
            guards=guards,
            usage=[used(call.attempt_id, f"evaluate-{call.call_number}", "fake.output")],
            status="fallback" if script.get("fallback") else "complete",
            brain="fake",
            model="fake-1",
            bundle="test",
        )


def listen(recording: Path) -> Any:
    return recording


def measure(
    transcript: Transcript, recording: Any, eye_contact: float | None, band: tuple[float, float]
) -> DeliveryMetrics:
    scores = DeliverySubScores(pace=8, fillers=7 if transcript.verbatim else None, pauses=8, confidence=7, delivery=8)
    return DeliveryMetrics(
        wpm=140,
        word_count=len(transcript.text.split()),
        filler_count=1 if transcript.verbatim else None,
        duration_s=transcript.duration_s,
        verbatim=transcript.verbatim,
        eye_contact=eye_contact,
        pace_band_wpm=band,
        scores=scores,
    )


class FakeSession:
    def __init__(self, owner: "FakeAvatar", listener: AvatarListener) -> None:
        self.owner = owner
        self.listener = listener
        self.cancels = 0

    async def speak(self, request: SpeechRequest) -> None:
        if self.owner.fail_speak:
            raise VendorError("The avatar is gone.")
        self.owner.spoken.append(request)
        if self.owner.speaks_for_s is not None:
            self.owner.tasks.append(asyncio.create_task(self._perform(request.task_id)))

    async def _perform(self, task_id: str) -> None:
        await self.listener(AvatarEvent("speech_started", task_id))
        await asyncio.sleep(self.owner.speaks_for_s or 0)
        await self.listener(AvatarEvent("speech_ended", task_id))

    async def cancel(self) -> None:
        self.cancels += 1

    async def seen(self, *, shown: bool) -> None:
        return None

    def client_config(self) -> dict[str, Any]:
        return {"kind": "fake"}

    async def usage(self) -> tuple[UsageEvent, ...]:
        return ()

    async def close(self) -> None:
        return None


class FakeAvatar:
    """A remote avatar that speaks for `speaks_for_s` seconds; None = never reports anything."""

    name = "fake"
    label = "scripted avatar"

    def __init__(self, speaks_for_s: float | None = 0.0) -> None:
        self.speaks_for_s = speaks_for_s
        self.fail_open = False
        self.fail_speak = False
        self.spoken: list[SpeechRequest] = []
        self.sessions: list[FakeSession] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self, *, interview_id: str, persona_id: str, listener: AvatarListener) -> FakeSession:
        if self.fail_open:
            raise VendorError("The avatar is gone.")
        self.sessions.append(FakeSession(self, listener))
        return self.sessions[-1]

    async def close(self) -> None:
        return None
