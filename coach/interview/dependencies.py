"""What a conductor is built from: ports, figures of time, and the engine's own pure functions, all injected."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self

from coach.avatar.port import Avatar
from coach.brain.port import Brain
from coach.contracts.brain import JobContext
from coach.contracts.delivery import DeliveryMetrics
from coach.interview.ports import Entitlements, InterviewStore
from coach.speech.port import Transcriber


class Journal(Protocol):
    """A recording in progress, on disk before anything else hears it."""

    @classmethod
    def create(cls, directory: Path, attempt_id: str) -> Self:
        """Opens the journal of one attempt; one that is there is gone on with."""

    def append(self, pcm16: bytes) -> object:
        """Adds 16 kHz mono Int16 PCM."""

    @property
    def seconds(self) -> float:
        """Length so far."""

    def seal(self) -> Path:
        """Closes it and returns the finished recording."""

    def discard(self) -> None:
        """Removes it."""


class Archive(Protocol):
    """Where finished recordings go."""

    def save(self, path: Path, attempt_id: str) -> str:
        """Keeps the recording and returns its address."""

    def local_path(self, uri: str) -> Path:
        """A file on this machine with the recording."""


class Follower(Protocol):
    """Hears a recording while it grows. Both methods block and may be called from any thread."""

    def follow(self) -> None:
        """Hears what was recorded since."""

    def finish(self) -> Any:
        """What the sound alone tells of the recording, which has ended; as `Listen` gives it."""


class Ear(Protocol):
    """Voice activity over a stream."""

    def push(self, pcm16: bytes) -> bool | None:
        """Whether speech is heard; None before the first window is full."""


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

    `lean` is the light mode: smaller model, shorter rewrite, drawn avatar.
    """

    bundle: str
    brain: Brain
    policy: Any
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


Evaluate = Callable[..., AsyncIterator[Any]]
Listen = Callable[[Path], Any]
"""Recording -> what the sound alone tells; costly, needs no transcript. Blocking."""
Measure = Callable[..., DeliveryMetrics]
"""(transcript, what `Listen` gave or None, eye contact or None) -> metrics. Blocking."""


@dataclass(frozen=True, slots=True)
class InterviewTiming:
    """Figures of time; seconds."""

    min_display_s: float = 0.8
    speech_grace_s: float = 3.0
    speech_chars_per_s: float = 11.0
    seal_s: float = 60.0
    settle_s: float = 20.0
    level_every_s: float = 0.1
    review_auto_submit_s: float = 12.0
    restart_every_s: float = 0.5
    restarts_per_minute: int = 12
    audio_kept_days: int = 30
    longest_answer_s: float = 3600.0

    def speech_timeout_s(self, text: str) -> float:
        """How long the browser may take to say `text` before we go on without its word: slow speech plus grace."""
        return self.speech_grace_s + len(text) / self.speech_chars_per_s


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything one conductor needs."""

    store: InterviewStore
    transcriber: Transcriber
    brain: Brain
    avatar: Avatar
    archive: Archive
    journals: type[Journal]
    journal_dir: Path
    evaluate: Evaluate
    measure: Measure
    listen: Listen
    policy: Any = None
    bundle: str = ""
    bundles: Bundles | None = None
    ear: Callable[[], Ear] | None = None
    follow: Callable[[Any], Follower] | None = None
    entitlements: Entitlements | None = None
    materials: Materials | None = None
    timing: InterviewTiming = field(default_factory=InterviewTiming)
    clock: Callable[[], datetime] = now_utc
    monotonic: Callable[[], float] = time.monotonic
    owner: str = ""
    decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Uploaded recordings are decoded one after the other: an hour of sound takes some 250 MB."""


async def off_loop(function: Callable[..., Any], *args: Any) -> Any:
    """Runs blocking work in a thread."""
    return await asyncio.to_thread(function, *args)
