"""What a conductor is built from: ports, figures of time, and the engine's own pure functions, all injected."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeAlias, TypeVar

from coach.avatar.port import Avatar
from coach.brain.evaluation.progress import Progress
from coach.brain.port import Brain, EvaluationCall
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import JobContext
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.interview import Attempt
from coach.contracts.transcript import Transcript
from coach.contracts.usage import UsageEvent
from coach.interview import defaults
from coach.interview.fleet import Fleet, Lone
from coach.interview.ports import Entitlements, InterviewStore
from coach.interview.recording_ports import Archive, Ear, Follower, HeardSound, Journal, Journals
from coach.speech.port import Transcriber

if TYPE_CHECKING:
    pass

P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class JobMaterial:
    """What is known of a job before planning: its text and, where it was parsed before, its context."""

    title: str = ""
    company: str = ""
    description: str = ""
    context: JobContext | None = None


class Materials(Protocol):
    """Jobs and resumes by identity."""

    async def job(self, *, job_description_id: str | None, role_profile_id: str | None) -> JobMaterial | None:
        """The posting or role profile; None when unknown."""

    async def resume_text(self, resume_id: str) -> str:
        """The text of a resume; empty when unknown."""


class StoryShelf(Protocol):
    """The library."""

    async def save_story(self, attempt_id: str, *, title: str, category: str) -> str:
        """Keeps the attempt's rewrite as a story, once; returns its id."""


@dataclass(frozen=True, slots=True)
class Judging:
    """By what an interview is judged: `bundle` is the label `name@version#hash` that every attempt keeps.

    `lean` is the light mode: smaller model, shorter rewrite, plain avatar.
    """

    bundle: str
    brain: Brain
    policy: Policy
    lean: bool = False


class Bundles(Protocol):
    """Which prompt bundle serves an interview."""

    async def for_new(self, interview_id: str, *, throttled: bool = False) -> str:
        """Label of the bundle a new interview gets: its arm of a live split, else the one in force.

        A throttled interview gets the lean variant; the label keeps that, also over a restart.
        """

    async def judging(self, bundle: str) -> Judging:
        """Brain and policy of a label; the bundle in force when the label is not known any more."""

    async def close(self) -> None:
        """Frees the brains."""


class Evaluate(Protocol):
    """One evaluation from call to contract; `coach.brain.evaluation.pipeline.run_evaluation` is the real one."""

    def __call__(
        self,
        brain: Brain,
        call: EvaluationCall,
        *,
        transcript: Transcript,
        delivery: DeliveryMetrics,
        policy: Policy,
        bundle: str = "",
        on_abandoned: Callable[[Sequence[UsageEvent]], None] | None = None,
    ) -> AsyncGenerator[Progress, None]:
        """Reports progress; ends with exactly one `EvaluationFinished`. Closing the iterator cancels the call."""


Listen: TypeAlias = "Callable[[Path], HeardSound]"
"""Recording -> what the sound alone tells; costly, needs no transcript. Blocking."""
Measure: TypeAlias = "Callable[[Transcript, HeardSound | None, float | None, tuple[float, float]], DeliveryMetrics]"
"""(transcript, what `Listen` gave or None, eye contact or None, the policy's pace band) -> metrics. Blocking."""
TakeUpload: TypeAlias = Callable[[Path, Path], str]
"""(uploaded file, target): writes what a journal would have sealed; gives what to tell of it, else "". Blocking."""


@dataclass(frozen=True, slots=True)
class InterviewTiming:
    """Figures of time; seconds."""

    min_display_s: float = 0.8
    speech_grace_s: float = 3.0
    speech_chars_per_s: float = 11.0
    avatar_start_s: float = 8.0
    settle_s: float = 20.0
    level_every_s: float = 0.1
    restart_every_s: float = 0.5
    restarts_per_minute: int = 12
    audio_kept_days: int = 30
    longest_answer_s: float = 3600.0
    listen_again_s: float = 2.0
    hearing_slow_s: float = 12.0
    """From when on somebody is told that understanding their answer takes long."""

    def speech_timeout_s(self, text: str) -> float:
        """How long the browser may take to say `text` before we go on without its word: slow speech plus grace."""
        return self.speech_grace_s + len(text) / self.speech_chars_per_s


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything one conductor needs; what has a default is the engine's own.

    Attributes:
        store: durable facts.
        transcriber: speech to text.
        brain: who judges.
        avatar: who asks.
        archive: where finished recordings go.
        journal_dir: where recordings in progress are.
        plain_avatar: who asks in light mode, or where the plan has no other; None = `avatar`.
        spare_brain: plans and summarises when the brain cannot.
        policy: policy of the prompt bundle.
        bundle: label of the prompt bundle.
        bundles: chooses the bundle of each interview; None = `bundle` serves all.
        materials: jobs and resumes by identity.
        entitlements: what a person's plan includes; None = everything.
        journals: makes the journals of recordings.
        evaluate: the evaluation pipeline.
        listen: what the sound of a recording tells, found while the transcriber works.
        measure: delivery of an answer.
        take_upload: makes an uploaded file a recording.
        ear: makes a voice activity detector per attempt.
        follow: makes what does as much of `listen` as it can while the person speaks; None = `listen` does it all.
        rehearse: told what will be asked, and by which persona, when an interview opens.
        on_answer: told of every answer whose feedback was stored, delayed ones too.
        timing: figures of time.
        clock: wall clock (aware datetime).
        monotonic: clock of the waterfall, seconds.
        owner: who claims evaluations; one per process, named by the fleet.
        fleet: the other processes on the same database.
    """

    store: InterviewStore
    transcriber: Transcriber
    brain: Brain
    avatar: Avatar
    archive: Archive
    journal_dir: Path
    plain_avatar: Avatar | None = None
    spare_brain: Brain | None = None
    policy: Policy = field(default_factory=Policy)
    bundle: str = ""
    bundles: Bundles | None = None
    materials: Materials | None = None
    entitlements: Entitlements | None = None
    journals: Journals = field(default_factory=defaults.journals)
    evaluate: Evaluate = field(default_factory=defaults.evaluate)
    listen: Listen = defaults.listen
    measure: Measure = defaults.measure
    take_upload: TakeUpload = defaults.take_upload
    ear: Callable[[], Ear] | None = None
    follow: Callable[[Journal], Follower] | None = defaults.follow
    rehearse: Callable[[Sequence[str], str], None] = lambda texts, persona_id: None
    on_answer: Callable[[Attempt], None] = lambda _: None
    timing: InterviewTiming = field(default_factory=InterviewTiming)
    clock: Callable[[], datetime] = now_utc
    monotonic: Callable[[], float] = time.monotonic
    owner: str = ""
    fleet: Fleet = field(default_factory=Lone)
    decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Uploaded recordings are decoded one after the other: an hour of sound takes some 250 MB."""

    def judge_label(self, brain: str) -> str:
        """What the page calls the judge of this name; the brain in force where the name is of neither."""
        if self.spare_brain and brain == self.spare_brain.name:
            return self.spare_brain.label
        return self.brain.label


async def off_loop(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Runs blocking work in a thread."""
    return await asyncio.to_thread(function, *args, **kwargs)
